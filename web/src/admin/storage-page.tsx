/** What recordings take, for how long there is room, and for how long they are kept. */
import { TriangleAlert } from "lucide-react";
import { useMe } from "../account";
import { api } from "../api/http";
import { useLoaded } from "../components/loaded";
import { NotLoaded } from "../components/not-loaded";
import { Loading } from "../components/ui";
import { useLanguage } from "../i18n/language";
import { size } from "../i18n/time";
import type { Storage } from "../protocol.gen";
import { Link } from "../router";
import { RetentionCard } from "./retention-card";
import { daysLeft, runsOut } from "./storage";

const REFRESH_MS = 30_000;

export function StoragePage() {
  const { words } = useLanguage();
  const me = useMe();
  const loaded = useLoaded(api.storage, REFRESH_MS);
  const { data, error } = loaded;
  const recordings = (
    <Link className="button plain" href="/recordings">
      {words.recordings.title}
    </Link>
  );
  if (error && !data) return <NotLoaded loaded={loaded}>{recordings}</NotLoaded>;
  if (!data) return <Loading />;
  return (
    <main id="main" className="page">
      <div className="page-head">
        <h1>{words.storage.title}</h1>
        {recordings}
      </div>
      <Figures storage={data} />
      <RetentionCard storage={data} mayChange={me.role === "admin"} />
      <Classes storage={data} />
    </main>
  );
}

function Figures({ storage }: { storage: Storage }) {
  const { words, language } = useLanguage();
  const { storage: w } = words;
  const hours = storage.hoursLeft === null ? null : Math.floor(storage.hoursLeft);
  const days = daysLeft(storage);
  const out = runsOut(storage);
  const figures = [
    { name: w.used, value: size(storage.usedBytes, language), hint: w.lastDay(size(storage.lastDayBytes, language)) },
    { name: w.free, value: storage.freeBytes === null ? w.noBound : size(storage.freeBytes, language), hint: "" },
    {
      name: w.left,
      value: hours === null ? w.noBound : w.hours(hours),
      hint: [w.rate(size(storage.bytesPerHour, language)), days === null ? "" : w.days(days)].filter(Boolean).join(" · "),
    },
  ];
  return (
    <>
      {out && (
        <p role="alert" className="message bad">
          <TriangleAlert aria-hidden />
          {w.runsOut}
        </p>
      )}
      <dl className="figures">
        {figures.map(({ name, value, hint }, index) => (
          <div key={name} className={out && index > 0 ? "low" : ""}>
            <dt>{name}</dt>
            <dd>
              <strong>{value}</strong>
              {hint && <span className="soft">{hint}</span>}
            </dd>
          </div>
        ))}
      </dl>
    </>
  );
}

function Classes({ storage }: { storage: Storage }) {
  const { words, language } = useLanguage();
  const { storage: w } = words;
  if (storage.classes.length === 0) return <p className="empty">{w.empty}</p>;
  return (
    <section className="card">
      <h2>{w.perClass}</h2>
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">{w.class}</th>
            <th scope="col">{w.recordings}</th>
            <th scope="col">{w.size}</th>
          </tr>
        </thead>
        <tbody>
          {storage.classes.map((row) => (
            <tr key={row.classId}>
              <th scope="row">{row.className || w.noClass}</th>
              <td>{row.recordings}</td>
              <td>
                {size(row.bytes, language)}
                <meter aria-hidden min={0} max={Math.max(1, storage.usedBytes)} value={row.bytes} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
