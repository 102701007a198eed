/** The room's upper edge: which lesson, whether it is recorded, how the connection is. */
import { Play, ShieldAlert, SignalLow, Users } from "lucide-react";
import { useWords } from "../i18n/language";
import type { LessonSession, Snapshot } from "../lesson/session";
import type { LessonView } from "../protocol.gen";
import { ConnectionNote, weakness } from "./connection-note";
import { LanguageSwitch, SignOut, ThemeSwitch } from "./frame";
import { RecordingStatus } from "./recording-status";
import { LinkBanner } from "./told";
import { Button } from "./ui";

interface TopProps extends BannersProps {
  /** Whether a chapter is being marked. */
  chapter: boolean;
  onChapter(open: boolean): void;
  /** Null while the past is watched. */
  onRewind: (() => void) | null;
}

export function RoomTop({ session, snapshot, view, chapter, onChapter, onRewind }: TopProps) {
  const words = useWords();
  const { lesson } = view;
  return (
    <header className="room-top">
      <div className="room-title">
        <h1>{lesson.title}</h1>
        <span className="badge">{lesson.className}</span>
        <span className="badge count" title={words.room.count(view.people.length)}>
          <Users aria-hidden />
          {view.people.filter((person) => person.online).length}
        </span>
      </div>
      <RecordingStatus session={session} snapshot={snapshot} view={view} chapter={chapter} onChapter={onChapter} onRewind={onRewind} />
      <div className="topbar-end">
        <ConnectionNote snapshot={snapshot} />
        <span className="wide-only">
          <LanguageSwitch />
        </span>
        <span className="wide-only">
          <ThemeSwitch />
        </span>
        <SignOut compact />
      </div>
    </header>
  );
}

interface BannersProps {
  session: LessonSession;
  snapshot: Snapshot;
  view: LessonView;
}

/** At most a few lines that need an answer or explain why something does not work. */
export function RoomBanners({ session, snapshot, view }: BannersProps) {
  const words = useWords();
  const connected = snapshot.link === "open" && snapshot.health === "connected";
  const weak = connected ? weakness(words, snapshot) : null;
  return (
    <div className="banners">
      <LinkBanner link={snapshot.link} />
      {view.lesson.phase === "scheduled" && (
        <div className="banner">
          {words.room.notStarted}
          {view.you.hosts && (
            <Button small look="primary" onPress={() => void session.ask({ type: "start_lesson" })}>
              <Play aria-hidden />
              {words.room.start}
            </Button>
          )}
        </div>
      )}
      <div role="status" className={view.lesson.safeMode ? "banner warn" : "no-message"}>
        {view.lesson.safeMode && (
          <>
            <ShieldAlert aria-hidden />
            {words.room.safeMode}
          </>
        )}
      </div>
      {snapshot.health === "unsupported" && <div className="banner bad">{words.link.mediaUnsupported}</div>}
      {snapshot.link === "open" && snapshot.health === "failed" && (
        <div role="status" className="banner warn">
          {words.link.mediaFailed}
        </div>
      )}
      <div role="status" className={weak ? `banner warn ${weak === words.link.voiceOnly ? "told-over-picture" : ""}` : "no-message"}>
        {weak && (
          <>
            <SignalLow aria-hidden />
            {weak}
          </>
        )}
      </div>
    </div>
  );
}
