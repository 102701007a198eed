/** Films (MP4) of the recording: asked for, watched while they are made, cancelled, downloaded. */
import { useCallback, useState } from "react";
import { Download, Film, Trash2, X } from "lucide-react";
import { Checkbox } from "react-aria-components";
import { api, ApiError, paths } from "../api/http";
import { useLoaded } from "../components/loaded";
import { Button, IconButton } from "../components/ui";
import { errorWords } from "../i18n/errors";
import { useLanguage } from "../i18n/language";
import { size } from "../i18n/time";
import type { Words } from "../i18n/vi";
import type { Export } from "../protocol.gen";

const LOOK_MS = 1000;
const REST_MS = 30_000;

export function Films({ recording }: { recording: string }) {
  const { words, language } = useLanguage();
  const [camera, setCamera] = useState(true);
  const [chat, setChat] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const load = useCallback((signal: AbortSignal) => api.exports(recording, signal), [recording]);
  const [busy, setBusy] = useState(false);
  const { data, reload } = useLoaded(load, busy ? LOOK_MS : REST_MS);
  const films = data?.exports ?? [];
  const working = films.some(isWorking);
  if (working !== busy) setBusy(working);

  const act = async (action: () => Promise<unknown>) => {
    setFailure(null);
    try {
      await action();
    } catch (error) {
      setFailure(error instanceof ApiError ? error.code : "unexpected");
    }
    await reload();
  };

  return (
    <div className="films">
      <h3>{words.replay.film}</h3>
      <p className="soft">{words.replay.filmHint}</p>
      <div className="film-choices">
        <Choice label={words.replay.filmCamera} on={camera} onChange={setCamera} />
        <Choice label={words.replay.filmChat} on={chat} onChange={setChat} />
        <Button onPress={() => void act(() => api.newExport(recording, { camera, chat }))}>
          <Film aria-hidden />
          {words.replay.filmMake}
        </Button>
      </div>
      {failure && (
        <p role="alert" className="message bad">
          {errorWords(failure, words)}
        </p>
      )}
      <ul className="film-list">
        {films.map((film) => (
          <li key={film.id}>
            <span className="film-what">
              <strong>{contents(film, words)}</strong>
              <span className="soft" role="status">
                {words.replay.filmState[film.state]}
                {film.state === "running" && ` · ${Math.floor(film.progress * 100)} %`}
                {film.state === "ready" && ` · ${size(film.bytes, language)}`}
                {film.state === "failed" && ` · ${reason(film, words)}`}
              </span>
            </span>
            {isWorking(film) && <progress aria-label={words.replay.filmState.running} max={1} value={film.progress} />}
            {film.state === "ready" && (
              <a className="button small primary" href={paths.film(recording, film.id)} download>
                <Download aria-hidden />
                {words.replay.filmDownload}
              </a>
            )}
            <IconButton
              label={isWorking(film) ? words.app.cancel : words.replay.filmRemove}
              onPress={() => void act(() => api.removeExport(recording, film.id))}
            >
              {isWorking(film) ? <X aria-hidden /> : <Trash2 aria-hidden />}
            </IconButton>
          </li>
        ))}
      </ul>
    </div>
  );
}

function isWorking(film: Export): boolean {
  return film.state === "waiting" || film.state === "running";
}

function contents(film: Export, words: Words): string {
  const extras = [film.camera && words.replay.filmCamera, film.chat && words.replay.filmChat].filter(Boolean);
  return extras.length > 0 ? extras.join(" · ") : words.replay.filmPlain;
}

function reason(film: Export, words: Words): string {
  const known: Record<string, string> = words.replay.filmReason;
  return known[film.reason] ?? words.replay.filmReason.failed;
}

function Choice({ label, on, onChange }: { label: string; on: boolean; onChange(on: boolean): void }) {
  return (
    <Checkbox className="check" isSelected={on} onChange={onChange}>
      <span className="box" aria-hidden />
      {label}
    </Checkbox>
  );
}
