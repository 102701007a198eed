/** One bar under the picture: it never covers what is taught. */
import { useEffect, useState, type ReactNode } from "react";
import {
  Captions,
  CaptionsOff,
  Link2,
  Maximize,
  Minimize,
  PanelRight,
  Pause,
  PictureInPicture2,
  Play,
  RotateCcw,
  RotateCw,
  Volume2,
  VolumeX,
} from "lucide-react";
import { IconButton } from "../components/ui";
import { useWords } from "../i18n/language";
import { length } from "../i18n/time";
import { linkAt } from "./moment";
import { SPEEDS, type Player } from "./player";
import { useWhole } from "./use-playing";

interface Props {
  player: Player;
  durationMs: number;
  /** Null: it stands elsewhere. */
  viewChoice: ReactNode;
  full: boolean;
  onFullScreen(): void;
  panel: boolean;
  onPanel(): void;
  /** Null: there are none. */
  captions: boolean | null;
  onCaptions(): void;
}

export function Controls(props: Props) {
  const { player, durationMs, viewChoice, full, panel, captions } = props;
  const words = useWords();
  const now = useWhole(player);
  const [copied, setCopied] = useState<number | null>(null);
  useEffect(() => {
    if (copied === null) return;
    const timer = setTimeout(() => setCopied(null), 3000);
    return () => clearTimeout(timer);
  }, [copied]);

  const copy = async () => {
    const ms = player.now();
    try {
      await navigator.clipboard.writeText(linkAt(location.href, ms));
      setCopied(ms);
    } catch {
      // Not allowed here: the address bar has it.
      history.replaceState(history.state, "", linkAt(location.href, ms));
    }
  };
  const Muted = now.muted || now.volume === 0 ? VolumeX : Volume2;

  return (
    <div className="replay-controls" role="group" aria-label={words.replay.player}>
      <IconButton
        className="play-button"
        look="primary"
        label={now.playing ? words.replay.pause : words.replay.play}
        onPress={() => player.toggle()}
      >
        {now.playing ? <Pause aria-hidden /> : <Play aria-hidden />}
      </IconButton>
      <IconButton label={words.replay.back10} onPress={() => player.step(-10_000)}>
        <RotateCcw aria-hidden />
      </IconButton>
      <IconButton label={words.replay.forward10} onPress={() => player.step(10_000)}>
        <RotateCw aria-hidden />
      </IconButton>
      <div className="volume">
        <IconButton label={now.muted ? words.replay.unmute : words.replay.mute} onPress={() => player.toggleMuted()}>
          <Muted aria-hidden />
        </IconButton>
        <input
          type="range"
          className="wide-only"
          aria-label={words.replay.volume}
          min={0}
          max={1}
          step={0.05}
          value={now.muted ? 0 : now.volume}
          onChange={(event) => player.setVolume(Number(event.target.value))}
        />
      </div>
      <p className="time-now">
        {length(now.ms)} <span className="soft">/ {length(durationMs)}</span>
      </p>
      <span className="push" />
      {viewChoice}
      <select
        className="speed-choice"
        aria-label={words.replay.speed}
        value={now.rate}
        onChange={(event) => player.setRate(Number(event.target.value))}
      >
        {SPEEDS.map((speed) => (
          <option key={speed} value={speed}>
            {speed}×
          </option>
        ))}
      </select>
      {captions !== null && (
        <IconButton
          label={captions ? words.replay.captionsOff : words.replay.captionsOn}
          className={`captions-button ${captions ? "lit" : ""}`}
          onPress={props.onCaptions}
        >
          {captions ? <Captions aria-hidden /> : <CaptionsOff aria-hidden />}
        </IconButton>
      )}
      <span className="copy-link">
        <IconButton label={words.replay.copyLink} onPress={() => void copy()}>
          <Link2 aria-hidden />
        </IconButton>
        <span role="status" className={copied === null ? "unseen" : "copied"}>
          {copied !== null && words.replay.copied(length(copied))}
        </span>
      </span>
      {document.pictureInPictureEnabled && (
        <IconButton label={words.replay.pictureInPicture} className="wide-only" onPress={() => void pictureInPicture(player)}>
          <PictureInPicture2 aria-hidden />
        </IconButton>
      )}
      <IconButton
        label={panel ? words.replay.panelHide : words.replay.panelShow}
        className={`panel-toggle ${panel ? "lit" : ""}`}
        onPress={props.onPanel}
      >
        <PanelRight aria-hidden />
      </IconButton>
      <IconButton label={full ? words.replay.exitFullScreen : words.replay.fullScreen} onPress={props.onFullScreen}>
        {full ? <Minimize aria-hidden /> : <Maximize aria-hidden />}
      </IconButton>
    </div>
  );
}

async function pictureInPicture(player: Player): Promise<void> {
  try {
    if (document.pictureInPictureElement) await document.exitPictureInPicture();
    else await player.element?.requestPictureInPicture();
  } catch {
    // The browser does not want to: nothing is lost.
  }
}
