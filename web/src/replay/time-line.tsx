/** The time line: chapters, what happened when, what is loaded, where one is; a slider to go anywhere. */
import { useRef, useState, type KeyboardEvent, type PointerEvent } from "react";
import { useWords } from "../i18n/language";
import { length } from "../i18n/time";
import type { Timeline } from "../protocol.gen";
import type { Chapter } from "./lesson";
import { covered, marks, stretches } from "./marks";
import { come, type Part } from "./parts";
import type { Player } from "./player";
import { Preview, useThumbnails } from "./preview";
import { useWhole } from "./use-playing";

interface Props {
  recording: string;
  player: Player;
  timeline: Timeline;
  chapters: readonly Chapter[];
  durationMs: number;
  parts: readonly Part[];
  path(part: Part): string;
}

export function TimeLine({ recording, player, timeline, chapters, durationMs, parts, path }: Props) {
  const words = useWords();
  const now = useWhole(player);
  const line = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState<number | null>(null);
  const [dragging, setDragging] = useState(false);
  const thumbs = useThumbnails(recording, at !== null);
  const ms = dragging && at !== null ? at : Math.min(now.ms, durationMs);
  const part = (moment: number) => `${(durationMs > 0 ? moment / durationMs : 0) * 100}%`;

  const momentAt = (event: PointerEvent) => {
    const box = line.current?.getBoundingClientRect();
    if (!box || box.width === 0) return 0;
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * durationMs;
  };
  const end = (event: PointerEvent, seek: boolean) => {
    if (!dragging) return;
    setDragging(false);
    if (seek) player.seek(momentAt(event));
    if (event.pointerType !== "mouse" || !seek) setAt(null);
  };
  const keys = (event: KeyboardEvent) => {
    const actions: Record<string, number> = {
      Home: 0,
      End: durationMs,
      PageUp: now.ms + 60_000,
      PageDown: now.ms - 60_000,
      ArrowUp: now.ms + 5000,
      ArrowDown: now.ms - 5000,
    };
    const to = actions[event.key];
    if (to === undefined) return;
    event.preventDefault();
    player.seek(to);
  };
  const title = (moment: number) => chapters[come(chapters.map((chapter) => chapter.atMs), moment) - 1]?.title ?? "";

  return (
    <div className={`time-line ${dragging ? "dragging" : ""}`}>
      <div className="time-marks" aria-hidden>
        {marks(timeline.messages.map((said) => said.atMs), durationMs).map((x) => (
          <i key={`m${x}`} className="mark-chat" style={{ left: `${x * 100}%` }} />
        ))}
        {marks(timeline.hands.map((hand) => hand.atMs), durationMs).map((x) => (
          <i key={`h${x}`} className="mark-hand" style={{ left: `${x * 100}%` }} />
        ))}
        {timeline.cutsMs.map((cut) => (
          <i key={`c${cut}`} className="mark-cut" title={words.replay.cut} style={{ left: part(cut) }} />
        ))}
      </div>
      <div
        ref={line}
        className="time-slider"
        role="slider"
        tabIndex={0}
        aria-label={words.replay.position}
        aria-valuemin={0}
        aria-valuemax={Math.round(durationMs / 1000)}
        aria-valuenow={Math.round(ms / 1000)}
        aria-valuetext={`${words.replay.positionOf(length(ms), length(durationMs))}${title(ms) ? ` · ${title(ms)}` : ""}`}
        onKeyDown={keys}
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          setDragging(true);
          setAt(momentAt(event));
        }}
        onPointerMove={(event) => (dragging || event.pointerType === "mouse") && setAt(momentAt(event))}
        onPointerUp={(event) => end(event, true)}
        onPointerCancel={(event) => end(event, false)}
        onPointerLeave={() => !dragging && setAt(null)}
      >
        <div className="time-track">
          {stretches(chapters.map((chapter) => chapter.atMs), durationMs).map((stretch) => {
            const played = covered(stretch, 0, ms);
            return (
              <span key={stretch.startMs} className="time-stretch" style={{ flexGrow: stretch.endMs - stretch.startMs }}>
                {now.buffered.map(([from, to]) => {
                  const { left, width } = covered(stretch, from, to);
                  return width > 0 && <i key={from} className="loaded" style={{ left: `${left * 100}%`, width: `${width * 100}%` }} />;
                })}
                <i className="played" style={{ width: `${played.width * 100}%` }} />
              </span>
            );
          })}
        </div>
        <i className="time-knob" style={{ left: part(ms) }} />
      </div>
      {at !== null && (
        <Preview
          recording={recording}
          thumbs={thumbs}
          parts={parts}
          path={path}
          ms={at}
          title={title(at)}
          across={durationMs > 0 ? at / durationMs : 0}
        />
      )}
    </div>
  );
}
