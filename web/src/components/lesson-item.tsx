import { useState } from "react";
import { ClipboardList, Clapperboard, DoorOpen, Play } from "lucide-react";
import { api, ApiError } from "../api/http";
import { errorWords } from "../i18n/errors";
import { useLanguage } from "../i18n/language";
import { clock, day } from "../i18n/time";
import type { LessonRow } from "../protocol.gen";
import { Link, navigate } from "../router";
import { Button } from "./ui";

export function LessonItem({ row }: { row: LessonRow }) {
  const { words, language } = useLanguage();
  const when = day(row.startsAt, Date.now(), language, words);
  return (
    <li className={`lesson-item ${row.phase}`}>
      <div className="lesson-when">
        <strong>{clock(row.startsAt, language)}</strong>
        <span className="soft">{when === words.time.today ? clock(row.endsAt, language) : when}</span>
      </div>
      <div className="lesson-what">
        <h2>{row.title}</h2>
        <p className="soft">
          {row.className} · {words.lessons.teacher(row.teacherName)}
        </p>
      </div>
      <span className={`badge ${row.phase}`}>{words.lessons[row.phase]}</span>
      <div className="lesson-actions">
        <Actions row={row} />
      </div>
    </li>
  );
}

function Actions({ row }: { row: LessonRow }) {
  const { words } = useLanguage();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const page = `/lessons/${encodeURIComponent(row.id)}`;

  const start = async () => {
    setBusy(true);
    setError("");
    try {
      await api.startLesson(row.id);
      navigate(page, { ask: true });
    } catch (failure) {
      setError(failure instanceof ApiError ? failure.code : "unexpected");
      setBusy(false);
    }
  };
  const enter = () => navigate(page, { ask: true });

  return (
    <>
      {error && (
        <span role="alert" className="bad-text">
          {errorWords(error, words)}
        </span>
      )}
      {row.recordings > 0 && row.phase === "ended" && (
        <Link className="button plain" href="/recordings">
          <Clapperboard aria-hidden />
          {words.lessons.replay}
        </Link>
      )}
      {row.hosts && row.phase !== "scheduled" && (
        <Link className="button plain" href={`${page}/attendance`}>
          <ClipboardList aria-hidden />
          {words.lessons.attendance}
        </Link>
      )}
      {row.hosts && row.phase === "scheduled" && (
        <Button look="primary" isDisabled={busy} onPress={() => void start()}>
          <Play aria-hidden />
          {busy ? words.lessons.starting : words.lessons.start}
        </Button>
      )}
      {row.hosts && row.phase === "live" && (
        <Button look="primary" onPress={enter}>
          <DoorOpen aria-hidden />
          {words.lessons.open}
        </Button>
      )}
      {!row.hosts && row.mayEnter && row.phase !== "ended" && row.admission !== "removed" && (
        <Button look={row.phase === "live" ? "primary" : "plain"} onPress={enter}>
          <DoorOpen aria-hidden />
          {row.admission === "admitted" ? words.lessons.return : words.lessons.ask}
        </Button>
      )}
    </>
  );
}
