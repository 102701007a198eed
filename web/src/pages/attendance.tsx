import { useCallback } from "react";
import { FileSpreadsheet } from "lucide-react";
import { api, paths } from "../api/http";
import { useLoaded } from "../components/loaded";
import { NotLoaded } from "../components/not-loaded";
import { Loading } from "../components/ui";
import { useLanguage } from "../i18n/language";
import { clock } from "../i18n/time";
import { Link } from "../router";

const REFRESH_MS = 5000;

export function AttendancePage({ lesson }: { lesson: string }) {
  const { words, language } = useLanguage();
  const { attendance } = words;
  const load = useCallback((signal: AbortSignal) => api.attendance(lesson, signal), [lesson]);
  const loaded = useLoaded(load, REFRESH_MS);
  const { data, error } = loaded;

  if (error && !data) {
    return (
      <NotLoaded loaded={loaded}>
        <Link className="button plain" href="/">
          {words.app.back}
        </Link>
      </NotLoaded>
    );
  }
  if (!data) {
    return <Loading />;
  }
  const roster = data.rows.filter((row) => row.onRoster);
  const here = roster.filter((row) => row.status !== "absent").length;
  return (
    <main id="main" className="page">
      <div className="page-head">
        <div>
          <h1>
            {attendance.title}: {data.title}
          </h1>
          <p className="soft">
            {data.className} · {attendance.summary(here, roster.length)}
          </p>
        </div>
        <div className="page-actions">
          <a className="button plain" href={paths.attendance(lesson, "csv")} download>
            {attendance.csv}
          </a>
          <a className="button plain" href={paths.attendance(lesson, "xlsx")} download>
            <FileSpreadsheet aria-hidden />
            {attendance.xlsx}
          </a>
          <Link className="button plain" href="/">
            {words.app.back}
          </Link>
        </div>
      </div>
      {data.rows.length === 0 ? (
        <p className="empty">{attendance.empty}</p>
      ) : (
        <div className="table-box" tabIndex={0} role="region" aria-label={attendance.title}>
          <table>
            <thead>
              <tr>
                <th scope="col">{attendance.name}</th>
                <th scope="col">{attendance.account}</th>
                <th scope="col">{attendance.class}</th>
                <th scope="col">{attendance.status}</th>
                <th scope="col">{attendance.minutes}</th>
                <th scope="col">{attendance.times}</th>
              </tr>
            </thead>
            <tbody>
              {data.rows.map((row) => (
                <tr key={row.account}>
                  <th scope="row">{row.name}</th>
                  <td>{row.username}</td>
                  <td>
                    {row.classLabel}
                    {!row.onRoster && <span className="soft"> ({attendance.guest})</span>}
                  </td>
                  <td className={`status-${row.status}`}>{attendance[row.status]}</td>
                  <td>{row.secondsPresent > 0 ? words.time.minutes(Math.max(1, Math.round(row.secondsPresent / 60))) : "–"}</td>
                  <td>
                    {row.intervals
                      .map((one) => `${clock(one.start, language)}–${one.end === null ? attendance.now : clock(one.end, language)}`)
                      .join(", ") || "–"}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </main>
  );
}
