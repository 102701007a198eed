import { useId, useState, type FormEvent } from "react";
import { useMe } from "../account";
import { api, ApiError } from "../api/http";
import { errorWords } from "../i18n/errors";
import { useWords } from "../i18n/language";
import { useLoaded } from "./loaded";
import { Button, Dialog } from "./ui";

/** The next five minutes, as a time field wants it. */
function soon(): string {
  const at = new Date(Math.floor(Date.now() / 300_000) * 300_000);
  return `${String(at.getHours()).padStart(2, "0")}:${String(at.getMinutes()).padStart(2, "0")}`;
}

/** Today at `time`, in ms; null when the field is empty or says now. */
function todayAt(time: string, unchanged: string): number | null {
  const [hours, minutes] = time.split(":").map(Number);
  if (time === unchanged || hours === undefined || minutes === undefined || Number.isNaN(hours + minutes)) return null;
  return new Date().setHours(hours, minutes, 0, 0);
}

export function NewLessonDialog({ onClose, onCreated }: { onClose(): void; onCreated(): void }) {
  const words = useWords();
  const me = useMe();
  const { data } = useLoaded(api.classes, null);
  const classes = data?.classes ?? me.classes;
  const [start] = useState(soon);
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const ids = { title: useId(), class: useId(), start: useId(), minutes: useId() };

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const title = String(fields.get("title")).trim();
    if (!title) {
      setError(words.errors.invalid);
      return;
    }
    setBusy(true);
    try {
      await api.createLesson({
        title,
        classId: String(fields.get("class")),
        startsAt: todayAt(String(fields.get("start")), start),
        minutes: Number(fields.get("minutes")) || 45,
      });
      onCreated();
    } catch (failure) {
      setError(errorWords(failure instanceof ApiError ? failure.code : "unexpected", words));
      setBusy(false);
    }
  };

  return (
    <Dialog open onClose={onClose} title={words.lessons.newTitle}>
      {classes.length === 0 ? (
        <p>{words.lessons.noClasses}</p>
      ) : (
        <form onSubmit={(event) => void submit(event)}>
          <div className="field">
            <label htmlFor={ids.title}>{words.lessons.fieldTitle}</label>
            <input id={ids.title} name="title" required maxLength={200} autoFocus placeholder={words.lessons.fieldTitleHint} />
          </div>
          <div className="field">
            <label htmlFor={ids.class}>{words.lessons.fieldClass}</label>
            <select id={ids.class} name="class">
              {classes.map((row) => (
                <option key={row.id} value={row.id}>
                  {row.name}
                </option>
              ))}
            </select>
          </div>
          <div className="field-row">
            <div className="field">
              <label htmlFor={ids.start}>{words.lessons.fieldStart}</label>
              <input id={ids.start} name="start" type="time" defaultValue={start} />
            </div>
            <div className="field">
              <label htmlFor={ids.minutes}>{words.lessons.fieldMinutes}</label>
              <input id={ids.minutes} name="minutes" type="number" min={5} max={600} step={5} defaultValue={45} />
            </div>
          </div>
          {error && (
            <p role="alert" className="message bad">
              {error}
            </p>
          )}
          <div className="dialog-actions">
            <Button onPress={onClose}>{words.app.cancel}</Button>
            <Button look="primary" type="submit" isDisabled={busy}>
              {words.lessons.submit}
            </Button>
          </div>
        </form>
      )}
    </Dialog>
  );
}
