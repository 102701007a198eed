/** The pictures: the programme (always there, it has the voices), or one or two shares. */
import { useEffect, useRef, useState, type PointerEvent } from "react";
import { Pause, Play, RotateCcw, RotateCw, X } from "lucide-react";
import { Button, Spinner } from "../components/ui";
import { useWords } from "../i18n/language";
import { length } from "../i18n/time";
import type { Picture } from "./lesson";
import type { Part } from "./parts";
import { SharePicture } from "./picture";
import type { Player } from "./player";
import { usePlaying } from "./use-playing";
import { PROGRAMME, type Pane, type View } from "./view";
import { PaneChoice } from "./view-choice";
import { saidAt, type Cue } from "./vtt";

const TOUCHED_MS = 3000;
const DOUBLE_MS = 300;
const SKIP_MS = 10_000;

interface Props {
  title: string;
  player: Player;
  pictures: readonly Picture[];
  view: View;
  onView(view: View): void;
  /** Whether two pictures carry the choice of what they show. */
  choices: boolean;
  path(part: Part): string;
  cues: readonly Cue[];
  /** Where the account left off; null: nothing to offer. */
  resumeMs: number | null;
  onResumed(): void;
  onFullScreen(): void;
}

export function Stage({ title, player, pictures, view, onView, choices, path, cues, resumeMs, onResumed, onFullScreen }: Props) {
  const words = useWords();
  const playing = usePlaying(player, (now) => now.playing);
  const waiting = usePlaying(player, (now) => now.waiting);
  const said = usePlaying(player, (now) => saidAt(cues, now.ms).map((cue) => cue.text).join("\n"));
  const late = usePlaying(player, (now) => now.ms > 20_000);
  const [begun, setBegun] = useState(false);
  const [touched, setTouched] = useState(0);
  const [skipped, setSkipped] = useState<{ by: number; n: number } | null>(null);
  const tapped = useRef({ at: 0, timer: 0 });

  useEffect(() => {
    if (playing) setBegun(true);
  }, [playing]);
  useEffect(() => {
    if (late && resumeMs !== null) onResumed();
  }, [late]);
  useEffect(() => {
    if (touched === 0) return;
    const timer = setTimeout(() => setTouched(0), TOUCHED_MS);
    return () => clearTimeout(timer);
  }, [touched]);
  useEffect(() => {
    if (!skipped) return;
    const timer = setTimeout(() => setSkipped(null), 700);
    return () => clearTimeout(timer);
  }, [skipped]);

  const skip = (by: number) => {
    player.step(by);
    setSkipped((old) => ({ by: old && Math.sign(old.by) === Math.sign(by) ? old.by + by : by, n: (old?.n ?? 0) + 1 }));
  };

  const up = (event: PointerEvent<HTMLDivElement>) => {
    if ((event.target as HTMLElement).closest("button, select, a") || event.button !== 0) return;
    const now = event.timeStamp;
    const box = event.currentTarget.getBoundingClientRect();
    const across = (event.clientX - box.left) / box.width;
    const double = now - tapped.current.at < DOUBLE_MS;
    tapped.current.at = now;
    if (event.pointerType === "mouse") {
      if (!double) player.toggle();
      else {
        // The first click of the two has toggled already.
        player.toggle();
        onFullScreen();
      }
    } else if (double && across < 0.4) skip(-SKIP_MS);
    else if (double && across > 0.6) skip(SKIP_MS);
    else setTouched((old) => (old > 0 && !double ? 0 : Date.now()));
  };

  const panes: { side: "left" | "right"; pane: Pane }[] = [{ side: "left", pane: view.left }];
  if (view.right !== null) panes.push({ side: "right", pane: view.right });
  const programmeSide = panes.find(({ pane }) => pane === PROGRAMME)?.side ?? null;
  const choice = (side: "left" | "right") =>
    choices && view.right !== null && <PaneChoice side={side} pictures={pictures} view={view} onView={onView} />;

  return (
    <div className={`replay-stage ${view.right === null ? "" : "two"}`} onPointerUp={up}>
      <div className={`pane ${programmeSide ?? "aside"}`}>
        <video ref={player.attach} aria-label={words.recordings.of(title)} playsInline preload="auto" />
        {programmeSide && choice(programmeSide)}
      </div>
      {panes
        .filter(({ pane }) => pane !== PROGRAMME)
        .map(({ side, pane }) => {
          const picture = pictures.find((candidate) => candidate.share === pane);
          return (
            <div key={pane} className={`pane ${side}`}>
              {picture && <SharePicture picture={picture} player={player} path={path} />}
              {choice(side)}
            </div>
          );
        })}
      {said && (
        <p className="said-caption">
          <span>{said}</span>
        </p>
      )}
      {waiting && (
        <div className="stage-waits">
          <Spinner />
        </div>
      )}
      {skipped && (
        <div key={skipped.n} className={`stage-skipped ${skipped.by < 0 ? "back" : "on"}`} aria-hidden>
          {skipped.by > 0 ? "+" : "−"}
          {Math.abs(skipped.by) / 1000} s
        </div>
      )}
      {(touched > 0 || (!begun && !playing)) && (
        <div className="stage-touch">
          {touched > 0 && (
            <Button look="quiet" className="icon-button" aria-label={words.replay.back10} onPress={() => skip(-SKIP_MS)}>
              <RotateCcw aria-hidden />
            </Button>
          )}
          <Button
            look="quiet"
            className="icon-button stage-play"
            excludeFromTabOrder
            aria-label={playing ? words.replay.pause : words.replay.play}
            onPress={() => player.toggle()}
          >
            {playing ? <Pause aria-hidden /> : <Play aria-hidden />}
          </Button>
          {touched > 0 && (
            <Button look="quiet" className="icon-button" aria-label={words.replay.forward10} onPress={() => skip(SKIP_MS)}>
              <RotateCw aria-hidden />
            </Button>
          )}
        </div>
      )}
      {resumeMs !== null && (
        <div className="stage-resume">
          <Button
            look="primary"
            onPress={() => {
              player.seek(resumeMs);
              player.play();
              onResumed();
            }}
          >
            <Play aria-hidden />
            {words.replay.resume(length(resumeMs))}
          </Button>
          <Button look="quiet" className="icon-button" aria-label={words.replay.fromStart} onPress={onResumed}>
            <X aria-hidden />
          </Button>
        </div>
      )}
    </div>
  );
}
