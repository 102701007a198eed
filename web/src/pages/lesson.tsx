import { useEffect, useState, useSyncExternalStore } from "react";
import { useMe, useSession } from "../account";
import { Farewell } from "../components/farewell";
import { PreJoin } from "../components/pre-join";
import { Room } from "../components/room";
import { Spinner } from "../components/ui";
import { useWords } from "../i18n/language";
import { LessonSession } from "../lesson/session";
import { cameToAsk, forgetAsk } from "../router";

export function LessonPage({ lesson }: { lesson: string }) {
  const [visit, setVisit] = useState({ number: 0, ask: cameToAsk() });
  const [session, setSession] = useState<LessonSession | null>(null);

  useEffect(() => {
    const opened = new LessonSession(lesson, visit.ask);
    setSession(opened);
    opened.open();
    return () => opened.close();
  }, [lesson, visit]);

  if (!session) return null;
  return <Visit session={session} again={() => setVisit({ number: visit.number + 1, ask: true })} />;
}

function Visit({ session, again }: { session: LessonSession; again(): void }) {
  const words = useWords();
  const me = useMe();
  const { signOut } = useSession();
  const snapshot = useSyncExternalStore(session.subscribe, session.snapshot);
  const { view, bye, fatal } = snapshot;
  const ended = view?.lesson.phase === "ended";
  const over = bye ?? fatal ?? (ended ? "ended" : view?.you.admission === "removed" ? "removed" : null);

  useEffect(() => {
    document.title = view ? `${view.lesson.title} · ${words.app.name}` : words.app.name;
    return () => {
      document.title = words.app.name;
    };
  }, [view, words]);

  const denied = over === "denied" || view?.you.admission === "denied";
  useEffect(() => {
    if (denied) forgetAsk();
  }, [denied]);

  useEffect(() => {
    if (fatal === "signed_out") void signOut();
  }, [fatal, signOut]);

  if (over) {
    const attendanceOf = view?.you.hosts ? view.lesson.id : null;
    return <Farewell reason={over} title={view?.lesson.title ?? ""} attendanceOf={attendanceOf} again={again} />;
  }
  if (!view) {
    return (
      <main id="main" className="loading">
        <p role="status">
          <Spinner /> {snapshot.link === "reconnecting" ? words.link.reconnecting : words.link.connecting}
        </p>
      </main>
    );
  }
  if (view.you.admission === "denied") {
    return <Farewell reason="denied" title={view.lesson.title} again={() => session.enter()} />;
  }
  if (view.you.present) {
    return <Room session={session} snapshot={snapshot} view={view} me={me} />;
  }
  return <PreJoin session={session} snapshot={snapshot} view={view} />;
}
