import { useEffect, useState } from "react";
import { DialogTrigger, Dialog, Popover } from "react-aria-components";
import { useWords } from "../i18n/language";
import type { Words } from "../i18n/vi";
import { FULL_BARS, isVoiceOnly, ownSignal, WEAK_BARS, weakestPublisher } from "../lesson/lines";
import type { Snapshot } from "../lesson/session";
import { nameOf } from "../lesson/view";
import { watchLevel } from "../media/level";
import { SelfTestLink } from "./self-test-link";
import { SignalBars } from "./signal-bars";
import { Button } from "./ui";

/** What the connection and the microphone are doing, in plain words. */
export function ConnectionNote({ snapshot }: { snapshot: Snapshot }) {
  const words = useWords();
  const { link, health, quality, ownLink, publishing } = snapshot;
  const cut = link !== "open" || health === "failed";
  const own = ownSignal(ownLink, quality);
  const bars = cut ? 0 : own.bars;
  const poor = bars <= WEAK_BARS;
  const line =
    link !== "open"
      ? words.link.reconnecting
      : health === "failed"
        ? words.link.mediaFailed
        : (weakness(words, snapshot) ??
          (health === "connecting" ? words.link.mediaConnecting : bars < FULL_BARS ? words.link.fair : words.link.good));
  return (
    <DialogTrigger>
      <Button look="quiet" className={`icon-button signal ${poor ? "poor" : ""}`} aria-label={line}>
        <SignalBars bars={bars} />
      </Button>
      <Popover className="popover" placement="bottom end">
        <Dialog className="note" aria-label={line}>
          <p>
            <strong>{line}</strong>
          </p>
          {own.delayMs > 0 && (
            <p className="soft">
              {words.link.delay(own.delayMs)}
              {own.lossPercent > 0 && ` · ${words.link.loss(own.lossPercent)}`}
            </p>
          )}
          <MicrophoneLine track={publishing.microphone ? publishing.microphoneTrack : null} />
          <SelfTestLink />
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}

/** Why picture or sound are not as they should be, and what happens; null while they are. */
export function weakness(words: Words, snapshot: Snapshot): string | null {
  const { view, remote, signals } = snapshot;
  if (isVoiceOnly(snapshot, remote)) return words.link.voiceOnly;
  const { bars, fault } = ownSignal(snapshot.ownLink, snapshot.quality);
  if (bars > WEAK_BARS) return null;
  if (fault === "server") return words.link.server;
  if (fault === "publisher") {
    const who = weakestPublisher(remote, signals);
    return words.link.publisher(who && view ? nameOf(view, who) : "");
  }
  return fault === "up" ? words.link.up : words.link.down;
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
