import { useEffect, useState, type ReactNode } from "react";
import { DialogTrigger, Dialog, Popover } from "react-aria-components";
import { useWords } from "../i18n/language";
import type { Snapshot } from "../lesson/session";
import { watchLevel } from "../media/level";
import { SelfTestLink } from "./self-test-link";
import { Button } from "./ui";

/** What the connection and the microphone are doing, in plain words. */
export function ConnectionNote({ snapshot, children }: { snapshot: Snapshot; children: ReactNode }) {
  const words = useWords();
  const { link, health, quality, publishing } = snapshot;
  const poor = quality.poor || health === "failed" || link !== "open";
  const line =
    link !== "open"
      ? words.link.reconnecting
      : health === "failed"
        ? words.link.mediaFailed
        : quality.poor
          ? words.link.poor
          : health === "connecting"
            ? words.link.mediaConnecting
            : words.link.good;
  return (
    <DialogTrigger>
      <Button look="quiet" className={`icon-button signal ${poor ? "poor" : ""}`} aria-label={line}>
        {children}
      </Button>
      <Popover className="popover" placement="bottom end">
        <Dialog className="note" aria-label={line}>
          <p>
            <strong>{line}</strong>
          </p>
          {quality.delayMs > 0 && (
            <p className="soft">
              {words.link.delay(quality.delayMs)}
              {quality.lossPercent > 0 && ` · ${words.link.loss(quality.lossPercent)}`}
            </p>
          )}
          <MicrophoneLine track={publishing.microphone ? publishing.microphoneTrack : null} />
          <SelfTestLink />
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}

const SILENT_AFTER_MS = 4000;

function MicrophoneLine({ track }: { track: MediaStreamTrack | null }) {
  const words = useWords();
  const [silent, setSilent] = useState(false);
  useEffect(() => {
    if (!track) return;
    let heardAt = Date.now();
    setSilent(false);
    return watchLevel(track, (level) => {
      if (level > 0.08) heardAt = Date.now();
      setSilent(Date.now() - heardAt > SILENT_AFTER_MS);
    });
  }, [track]);
  if (!track) return <p>{words.link.micOff}</p>;
  return <p>{silent ? words.link.micSilent : words.link.micSending}</p>;
}
