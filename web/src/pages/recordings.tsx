import { useId, useState } from "react";
import { HardDrive, Search } from "lucide-react";
import { useMe } from "../account";
import { api, ApiError } from "../api/http";
import { useLoaded } from "../components/loaded";
import { Confirm, Loading } from "../components/ui";
import { errorWords } from "../i18n/errors";
import { useLanguage } from "../i18n/language";
import type { RecordingRow } from "../protocol.gen";
import { RecordingDays } from "../recordings/days";
import { classesOf, found, PAGE } from "../recordings/list";
import { Link } from "../router";

const REFRESH_MS = 5000;
/** With fewer there is nothing to search. */
const WORTH_SEARCHING = 4;

export function RecordingsPage() {
  const { words } = useLanguage();
  const me = useMe();
  const { data, error, reload } = useLoaded(api.recordings, REFRESH_MS);
  const [text, setText] = useState("");
  const [className, setClassName] = useState("");
  const [count, setCount] = useState(PAGE);
  const [erasing, setErasing] = useState<RecordingRow | null>(null);
  const [failed, setFailed] = useState("");
  const rows = data?.recordings ?? [];
  const classes = classesOf(rows);
  const shown = found(rows, text, classes.includes(className) ? className : "");

  const erase = async (row: RecordingRow) => {
    setFailed("");
    try {
      await api.eraseRecording(row.id);
    } catch (failure) {
      setFailed(failure instanceof ApiError ? failure.code : "unexpected");
    }
    await reload();
  };

  return (
    <main id="main" className="page">
      <div className="page-head">
        <h1>{words.recordings.title}</h1>
        <div className="page-actions">
          {(me.role === "admin" || me.role === "staff") && (
            <Link className="button plain" href="/storage">
              <HardDrive aria-hidden />
              {words.storage.link}
            </Link>
          )}
          <Link className="button plain" href="/">
            {words.app.back}
          </Link>
        </div>
      </div>
      {(error || failed) && (
        <p role="alert" className="message bad">
          {errorWords(failed || (error ?? ""), words)}
        </p>
      )}
      {!data && !error && <Loading />}
      {data && rows.length === 0 && (
        <p className="empty">{me.role === "student" ? words.recordings.emptyStudent : words.recordings.empty}</p>
      )}
      {rows.length >= WORTH_SEARCHING && (
        <Filter
          text={text}
          onText={(next) => {
            setText(next);
            setCount(PAGE);
          }}
          className={className}
          onClassName={(next) => {
            setClassName(next);
            setCount(PAGE);
          }}
          classes={classes}
        />
      )}
      <p role="status" className={rows.length > 0 && shown.length === 0 ? "empty" : "no-message"}>
        {rows.length > 0 && shown.length === 0 ? words.recordings.noneFound : null}
      </p>
      <RecordingDays rows={shown} count={count} onOlder={() => setCount(count + PAGE)} onErase={setErasing} />
      <Confirm
        open={erasing !== null}
        title={words.recordings.eraseConfirm(erasing?.title ?? "")}
        hint={words.recordings.eraseHint}
        action={words.recordings.erase}
        onClose={() => setErasing(null)}
        onConfirm={() => erasing && void erase(erasing)}
      />
    </main>
  );
}

interface FilterProps {
  text: string;
  onText(text: string): void;
  className: string;
  onClassName(className: string): void;
  classes: readonly string[];
}

function Filter({ text, onText, className, onClassName, classes }: FilterProps) {
  const { words } = useLanguage();
  const id = useId();
  return (
    <div className="recording-filter" role="search">
      <span className="search-field">
        <Search aria-hidden />
        <input
          type="search"
          aria-label={words.recordings.search}
          placeholder={words.recordings.search}
          value={text}
          onChange={(event) => onText(event.target.value)}
        />
      </span>
      {classes.length > 1 && (
        <>
          <label className="unseen" htmlFor={id}>
            {words.storage.class}
          </label>
          <select id={id} value={className} onChange={(event) => onClassName(event.target.value)}>
            <option value="">{words.recordings.allClasses}</option>
            {classes.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </>
      )}
    </div>
  );
}
