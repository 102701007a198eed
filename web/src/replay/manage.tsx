/** For those who manage the recording: films, originals, who may watch, who did, erasing. */
import { useState } from "react";
import { FileArchive, Trash2 } from "lucide-react";
import { Switch } from "react-aria-components";
import { api, ApiError, paths } from "../api/http";
import { Button, Confirm } from "../components/ui";
import { errorWords } from "../i18n/errors";
import { useLanguage } from "../i18n/language";
import { clock, day } from "../i18n/time";
import type { Words } from "../i18n/vi";
import type { RecordingDetail, RecordingViewed } from "../protocol.gen";
import { navigate } from "../router";
import { Films } from "./films";

export function Manage({ detail, reload }: { detail: RecordingDetail; reload(): Promise<void> }) {
  const { words, language } = useLanguage();
  const row = detail.recording;
  const [allowed, setAllowed] = useState(row.replayAllowed);
  const [erasing, setErasing] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);

  const allow = async (next: boolean) => {
    setAllowed(next);
    try {
      await api.allowReplay(row.id, next);
    } catch {
      setAllowed(!next);
    }
    await reload();
  };
  const erase = async () => {
    try {
      await api.eraseRecording(row.id);
      navigate("/recordings");
    } catch (error) {
      setFailure(error instanceof ApiError ? error.code : "unexpected");
    }
  };

  return (
    <div className="manage">
      {row.state === "ready" && (
        <section className="card">
          <h2>{words.replay.files}</h2>
          <Films recording={row.id} />
          <div className="originals">
            <p className="soft">{words.replay.originalsHint}</p>
            <a className="button plain" href={paths.originals(row.id)} download>
              <FileArchive aria-hidden />
              {words.replay.originals}
            </a>
          </div>
        </section>
      )}
      {row.mayManage && (
        <section className="card">
          <h2>{words.replay.access}</h2>
          <Switch className="switch" isSelected={allowed} onChange={(next) => void allow(next)}>
            <span className="track" aria-hidden />
            {words.recordings.allow}
          </Switch>
          <h3>{words.recordings.views}</h3>
          {detail.views.length === 0 && <p className="soft">{words.recordings.noViews}</p>}
          <ul className="views">
            {[...detail.views]
              .sort((a, b) => b.at - a.at)
              .map((view, i) => (
                <li key={i}>
                  <span>
                    <strong>{view.name}</strong> <span className="soft">{view.username}</span>
                  </span>
                  <span className="soft">
                    {view.downloaded ? words.recordings.downloaded : words.recordings.watched}
                    {view.what && ` ${whatOf(view, words)}`} · {day(view.at, Date.now(), language, words)}{" "}
                    {clock(view.at, language)}
                  </span>
                </li>
              ))}
          </ul>
          {failure && (
            <p role="alert" className="message bad">
              {errorWords(failure, words)}
            </p>
          )}
          <Button className="erase" onPress={() => setErasing(true)}>
            <Trash2 aria-hidden />
            {words.replay.erase}
          </Button>
        </section>
      )}
      <Confirm
        open={erasing}
        title={words.replay.eraseTitle}
        hint={words.replay.eraseHint}
        action={words.replay.erase}
        onConfirm={() => void erase()}
        onClose={() => setErasing(false)}
      />
    </div>
  );
}

/** A file's name as the log of access has it, in words. */
function whatOf(view: RecordingViewed, words: Words): string {
  const { what } = words.replay;
  if (view.what.startsWith("programme")) return what.programme;
  if (view.what.startsWith("share")) return what.share;
  if (view.what.startsWith("export")) return what.film;
  if (view.what.startsWith("originals") || view.what.endsWith(".zip")) return what.originals;
  return view.what;
}
