import { useState } from "react";
import { Activity, CalendarPlus, Clapperboard, ChevronRight } from "lucide-react";
import { useMe } from "../account";
import { api } from "../api/http";
import { LessonItem } from "../components/lesson-item";
import { useLoaded } from "../components/loaded";
import { NewLessonDialog } from "../components/new-lesson";
import { Button, Loading } from "../components/ui";
import { errorWords } from "../i18n/errors";
import { useWords } from "../i18n/language";
import type { LessonRow } from "../protocol.gen";
import { Link } from "../router";

const REFRESH_MS = 4000;
const RANK = { live: 0, scheduled: 1, ended: 2 };

function sorted(rows: readonly LessonRow[]): LessonRow[] {
  return [...rows].sort(
    (a, b) =>
      RANK[a.phase] - RANK[b.phase] || (a.phase === "ended" ? b.startsAt - a.startsAt : a.startsAt - b.startsAt),
  );
}

export function LessonsPage() {
  const words = useWords();
  const me = useMe();
  const { data, error, reload } = useLoaded(api.lessons, REFRESH_MS);
  const [creating, setCreating] = useState(false);
  const rows = data?.lessons ?? [];
  // Staff, support and administrators belong to no class: to them all lessons are alike.
  const inClasses = me.role === "teacher" || me.role === "student" || me.role === "parent";
  const own = sorted(inClasses ? rows.filter((row) => row.ownClass) : rows);
  const others = sorted(inClasses ? rows.filter((row) => !row.ownClass) : []);
  const empty = me.mayCreateLessons
    ? words.lessons.emptyTeacher
    : me.role === "student"
      ? words.lessons.emptyStudent
      : words.lessons.emptyOther;

  return (
    <main id="main" className="page">
      <div className="page-head">
        <h1>{words.lessons.title}</h1>
        <div className="page-actions">
          <Link href="/self-test" className="button plain">
            <Activity aria-hidden />
            {words.selfTest.title}
          </Link>
          <Link href="/recordings" className="button plain">
            <Clapperboard aria-hidden />
            {words.lessons.recordings}
          </Link>
          {me.mayCreateLessons && (
            <Button look="primary" onPress={() => setCreating(true)}>
              <CalendarPlus aria-hidden />
              {words.lessons.create}
            </Button>
          )}
        </div>
      </div>
      {error && (
        <p role="alert" className="message bad">
          {errorWords(error, words)}
        </p>
      )}
      {!data && !error && <Loading />}
      {rows.length > 0 && rows.every((row) => !row.mayEnter) && <p className="note-line">{words.lessons.onlyLook}</p>}
      {data && own.length === 0 && <p className="empty">{empty}</p>}
      {own.length > 0 && (
        <ul className="lesson-list">
          {own.map((row) => (
            <LessonItem key={row.id} row={row} />
          ))}
        </ul>
      )}
      {others.length > 0 && (
        <details className="others" open={own.length === 0 || undefined}>
          <summary>
            <ChevronRight aria-hidden />
            {words.lessons.others(others.length)}
          </summary>
          <ul className="lesson-list">
            {others.map((row) => (
              <LessonItem key={row.id} row={row} />
            ))}
          </ul>
        </details>
      )}
      {creating && (
        <NewLessonDialog
          onClose={() => setCreating(false)}
          onCreated={() => {
            setCreating(false);
            void reload();
          }}
        />
      )}
    </main>
  );
}
