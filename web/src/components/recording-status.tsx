/** Whether the lesson is recorded, for how long, and what a host can do about it. Always in sight. */
import { useEffect, useRef, useState, type RefObject } from "react";
import { Bookmark, History, Pause, Play } from "lucide-react";
import { useWords } from "../i18n/language";
import { length } from "../i18n/time";
import { recordingMs } from "../lesson/recording-clock";
import type { LessonSession, Snapshot } from "../lesson/session";
import type { LessonInfo, LessonView } from "../protocol.gen";
import { ChapterPopover } from "./chapter";
import { IconButton } from "./ui";

interface Props {
  session: LessonSession;
  snapshot: Snapshot;
  view: LessonView;
  chapter: boolean;
  onChapter(open: boolean): void;
  onRewind: (() => void) | null;
}

export function RecordingStatus({ session, snapshot, view, chapter, onChapter, onRewind }: Props) {
  const words = useWords();
  const anchor = useRef<HTMLDivElement>(null);
  const { lesson } = view;
  const runs = lesson.recording !== null;
  const paused = lesson.recordingPaused;
  const name = paused ? words.room.recordingPaused : words.room.recording;
  const manages = runs && view.you.grants.includes("moderate");
  return (
    <div ref={anchor} className={runs ? `recording-now ${paused ? "paused" : ""}` : "no-message"}>
      {runs && (paused ? <Pause aria-hidden className="paused-sign" /> : <span className="red-dot" aria-hidden />)}
      <span role="status" aria-label={runs ? name : undefined}>
        {runs && (
          <>
            <span className="wide-only">{name}</span>
            <span className="narrow-only">{paused ? words.room.recordingPausedShort : words.room.recordingShort}</span>
          </>
        )}
      </span>
      {runs && <RecordingTime lesson={lesson} offset={snapshot.clockOffset} />}
      {runs && (
        <span className="recording-buttons wide-only">
          {onRewind && (
            <IconButton label={words.rewind.watch} onPress={onRewind}>
              <History aria-hidden />
            </IconButton>
          )}
        </span>
      )}
      {manages && (
        <span className="recording-buttons wide-only">
          <IconButton
            label={paused ? words.room.resumeRecord : words.room.pauseRecord}
            onPress={() => void session.ask({ type: paused ? "resume_recording" : "pause_recording" })}
          >
            {paused ? <Play aria-hidden /> : <Pause aria-hidden />}
          </IconButton>
          <IconButton label={words.room.chapter} keys="Ctrl+B" onPress={() => onChapter(true)}>
            <Bookmark aria-hidden />
          </IconButton>
        </span>
      )}
      {manages && chapter && (
        <ChapterPopover session={session} anchor={anchor as RefObject<HTMLElement | null>} onClose={() => onChapter(false)} />
      )}
    </div>
  );
}

/** Silent for screen readers. */
function RecordingTime({ lesson, offset }: { lesson: LessonInfo; offset: number }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    setNow(Date.now());
    if (lesson.recordingPaused) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [lesson.recordingPaused]);
  return (
    <span aria-hidden className="elapsed">
      {length(recordingMs(lesson, now + offset))}
    </span>
  );
}
