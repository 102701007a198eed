/** For how long recordings are kept: the school's rule, and classes' own. Staff read it, admins change it. */
import { useEffect, useMemo, useState } from "react";
import { api, ApiError } from "../api/http";
import { useLoaded } from "../components/loaded";
import { Button, Confirm } from "../components/ui";
import { errorWords } from "../i18n/errors";
import { useLanguage } from "../i18n/language";
import type { Retention, Storage } from "../protocol.gen";
import { goesNow, isValid, same, shortens, withClass, type Days } from "./retention";

const FIRST_DAYS = 365;

export function RetentionCard({ storage, mayChange }: { storage: Storage; mayChange: boolean }) {
  const { words } = useLanguage();
  const { storage: w } = words;
  const { data, error, reload } = useLoaded(api.retention, null);
  const classes = useLoaded(api.classes, null).data?.classes;
  const recordings = useLoaded(api.recordings, null).data?.recordings ?? [];
  const [wanted, setWanted] = useState<Retention | null>(null);
  const [asking, setAsking] = useState(false);
  const [said, setSaid] = useState<{ text: string; bad: boolean } | null>(null);
  useEffect(() => setWanted(data), [data]);

  const names = useMemo(() => {
    const all = new Map((classes ?? []).map((one) => [one.id, one.name]));
    for (const one of storage.classes) if (one.classId) all.set(one.classId, one.className);
    for (const rule of data?.classes ?? []) if (!all.has(rule.classId)) all.set(rule.classId, rule.classId);
    return [...all].sort(([, a], [, b]) => a.localeCompare(b));
  }, [classes, storage.classes, data]);

  if (!data || !wanted) return error ? <p className="message bad">{errorWords(error, words)}</p> : null;
  const ids = names.map(([id]) => id);
  const idOf = new Map(names.map(([id, name]) => [name, id]));
  const gone = isValid(wanted) ? goesNow(recordings, wanted, (row) => idOf.get(row.className) ?? null, Date.now()) : [];

  const save = async () => {
    try {
      await api.setRetention(wanted);
      setSaid({ text: w.saved, bad: false });
      await reload();
    } catch (failure) {
      setSaid({ text: errorWords(failure instanceof ApiError ? failure.code : "unexpected", words), bad: true });
    }
  };
  const change = (next: Retention) => {
    setSaid(null);
    setWanted(next);
  };
  const own = (id: string) => wanted.classes?.find((rule) => rule.classId === id);

  return (
    <section className="card retention">
      <h2>{w.retention}</h2>
      <p>{sentence(w, wanted.schoolDays)}</p>
      {mayChange ? (
        <DaysField label={w.school} days={wanted.schoolDays} onChange={(days) => change({ ...wanted, schoolDays: days ?? null })} />
      ) : null}
      <h3>{w.exceptions}</h3>
      {names.length === 0 && <p className="soft">{w.noExceptions}</p>}
      <ul className="retention-list">
        {names
          .filter(([id]) => mayChange || own(id))
          .map(([id, name]) => (
            <li key={id}>
              {mayChange ? (
                <DaysField label={name} days={own(id)?.days} asSchool onChange={(days) => change(withClass(wanted, id, days))} />
              ) : (
                <>
                  <strong>{name}</strong> {sentence(w, own(id)?.days ?? null)}
                </>
              )}
            </li>
          ))}
      </ul>
      {!mayChange && !data.classes?.length && names.length > 0 && <p className="soft">{w.noExceptions}</p>}
      {mayChange && gone.length > 0 && !same(wanted, data) && <p className="bad-text">{w.goes(gone.length)}</p>}
      <p role="status" className={said?.bad ? "bad-text" : ""}>
        {said?.text}
      </p>
      {mayChange && (
        <div className="dialog-actions">
          <Button isDisabled={same(wanted, data)} onPress={() => change(data)}>
            {words.app.cancel}
          </Button>
          <Button
            look="primary"
            isDisabled={same(wanted, data) || !isValid(wanted)}
            onPress={() => (shortens(data, wanted, ids) ? setAsking(true) : void save())}
          >
            {w.save}
          </Button>
        </div>
      )}
      <Confirm
        open={asking}
        title={w.shorten}
        hint={gone.length > 0 ? `${w.goes(gone.length)} ${w.shortenHint}` : `${w.goesNone} ${w.shortenHint}`}
        action={w.save}
        onClose={() => setAsking(false)}
        onConfirm={() => void save()}
      />
    </section>
  );
}

function sentence(w: ReturnType<typeof useLanguage>["words"]["storage"], days: Days): string {
  return days === null || !Number.isFinite(days) ? w.keptForGood : w.keptFor(days);
}

interface FieldProps {
  label: string;
  /** undefined: as the school. */
  days: Days | undefined;
  asSchool?: boolean;
  onChange(days: Days | undefined): void;
}

function DaysField({ label, days, asSchool = false, onChange }: FieldProps) {
  const { words } = useLanguage();
  const { storage: w } = words;
  const mode = days === undefined ? "school" : days === null ? "never" : "days";
  return (
    <div className="days-field">
      <strong>{label}</strong>
      <select
        aria-label={`${label}: ${w.retention}`}
        value={mode}
        onChange={({ target }) => onChange(target.value === "school" ? undefined : target.value === "never" ? null : FIRST_DAYS)}
      >
        {asSchool && <option value="school">{w.asSchool}</option>}
        <option value="never">{w.never}</option>
        <option value="days">{w.after}</option>
      </select>
      {typeof days === "number" && (
        <label className="days-number">
          <input
            type="number"
            inputMode="numeric"
            min={1}
            max={36_500}
            required
            aria-label={`${label}: ${w.daysName}`}
            value={Number.isFinite(days) ? days : ""}
            onChange={({ target }) => onChange(target.value === "" ? Number.NaN : Number(target.value))}
          />
          {w.daysName}
        </label>
      )}
    </div>
  );
}
