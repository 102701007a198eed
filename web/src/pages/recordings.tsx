import { Play } from "lucide-react";
import { useMe } from "../account";
import { api } from "../api/http";
import { useLoaded } from "../components/loaded";
import { Loading } from "../components/ui";
import { errorWords } from "../i18n/errors";
import { useLanguage } from "../i18n/language";
import { clock, day, length, size } from "../i18n/time";
import { Link } from "../router";

const REFRESH_MS = 5000;

export function RecordingsPage() {
  const { words, language } = useLanguage();
  const me = useMe();
  const { data, error } = useLoaded(api.recordings, REFRESH_MS);
  const rows = [...(data?.recordings ?? [])].sort((a, b) => b.startedAt - a.startedAt);

  return (
    <main id="main" className="page">
      <div className="page-head">
        <h1>{words.recordings.title}</h1>
        <Link className="button plain" href="/">
          {words.app.back}
        </Link>
      </div>
      {error && (
        <p role="alert" className="message bad">
          {errorWords(error, words)}
        </p>
      )}
      {!data && !error && <Loading />}
      {data && rows.length === 0 && (
        <p className="empty">{me.role === "student" ? words.recordings.emptyStudent : words.recordings.empty}</p>
      )}
      <ul className="recording-list">
        {rows.map((row) => (
          <li key={row.id} className="recording-card">
            <h2>{row.title}</h2>
            <p className="soft">
              {row.className} · {day(row.startedAt, Date.now(), language, words)} {clock(row.startedAt, language)}
            </p>
            <p className="soft">
              {row.state === "ready" ? `${length(row.durationMs)} · ${size(row.bytes, language)}` : words.recordings.state[row.state]}
            </p>
            {row.mayManage && (
              <p className="soft">{row.replayAllowed ? words.recordings.allowed : words.recordings.notAllowed}</p>
            )}
            {row.state === "ready" && (
              <div className="actions">
                <Link className="button primary" href={`/recordings/${encodeURIComponent(row.id)}`}>
                  <Play aria-hidden />
                  {words.recordings.replay}
                  <span className="unseen"> {row.title}</span>
                </Link>
              </div>
            )}
          </li>
        ))}
      </ul>
    </main>
  );
}
