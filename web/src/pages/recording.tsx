import { useCallback, useEffect, useRef, useState } from "react";
import { Download } from "lucide-react";
import { Switch } from "react-aria-components";
import { api, paths } from "../api/http";
import { useLoaded } from "../components/loaded";
import { fileName } from "../components/recording-words";
import { Button, Loading, Statement } from "../components/ui";
import { SPEEDS, useReplayKeys } from "../components/use-replay-keys";
import { errorWords } from "../i18n/errors";
import { useLanguage } from "../i18n/language";
import { clock, day, length, size } from "../i18n/time";
import type { RecordingDetail, RecordingFile } from "../protocol.gen";
import { Link } from "../router";

const WAIT_MS = 1000;

export function RecordingPage({ recording }: { recording: string }) {
  const { words } = useLanguage();
  const [waiting, setWaiting] = useState(true);
  const load = useCallback(() => api.recording(recording), [recording]);
  const { data, error, reload } = useLoaded(load, waiting ? WAIT_MS : null);
  const state = data?.recording.state;
  useEffect(() => setWaiting(state !== "ready" && state !== "lost" && error === null), [state, error]);

  if (error && !data) {
    return (
      <Statement title={errorWords(error, words)}>
        <Link className="button plain" href="/recordings">
          {words.recordings.title}
        </Link>
      </Statement>
    );
  }
  if (!data) {
    return <Loading />;
  }
  return <Replay detail={data} reload={reload} />;
}

function Replay({ detail, reload }: { detail: RecordingDetail; reload(): Promise<void> }) {
  const { words, language } = useLanguage();
  const row = detail.recording;
  const video = useRef<HTMLVideoElement>(null);
  const [file, setFile] = useState("");
  const [speed, setSpeed] = useState(1);
  const [failed, setFailed] = useState(false);
  const [allowed, setAllowed] = useState(row.replayAllowed);
  const shares = detail.files.filter((candidate) => candidate.role === "share");
  const parts = detail.files.filter((candidate) => candidate.role === "programme");
  const source = pathOf(row.id, parts, file);
  useReplayKeys(video, setSpeed);

  useEffect(() => {
    if (video.current) video.current.playbackRate = speed;
  }, [speed, source]);

  // The same moment of the lesson in the other picture; from its beginning where that is not in it.
  const switchTo = (name: string) => {
    const files = detail.files;
    const from = files.find((candidate) => candidate.name === file) ?? parts[0];
    const to = files.find((candidate) => candidate.name === name) ?? parts[0];
    const element = video.current;
    const moment = (element?.currentTime ?? 0) + ((from?.startMs ?? 0) - (to?.startMs ?? 0)) / 1000;
    play(name, moment * 1000 < (to?.durationMs ?? Infinity) ? Math.max(0, moment) : 0, element ? !element.paused : false);
  };

  const play = (name: string, at: number, playing: boolean) => {
    const element = video.current;
    setFailed(false);
    setFile(name);
    element?.addEventListener(
      "loadedmetadata",
      () => {
        element.currentTime = at;
        element.playbackRate = speed;
        if (playing) void element.play().catch(() => undefined);
      },
      { once: true },
    );
  };

  // A programme whose pictures changed their codec consists of several parts.
  const ended = () => {
    const next = parts[parts.findIndex((part) => part.name === file || (file === "" && part === parts[0])) + 1];
    const isPart = file === "" || parts.some((part) => part.name === file);
    if (isPart && next) play(next.name, 0, true);
  };

  const allow = async (next: boolean) => {
    setAllowed(next);
    try {
      await api.allowReplay(row.id, next);
    } catch {
      setAllowed(!next);
    }
    await reload();
  };

  return (
    <main id="main" className="page">
      <div className="page-head">
        <div>
          <h1>{row.title}</h1>
          <p className="soft">
            {row.className} · {day(row.startedAt, Date.now(), language, words)} {clock(row.startedAt, language)}
            {row.durationMs > 0 && ` · ${length(row.durationMs)}`}
          </p>
        </div>
        <Link className="button plain" href="/recordings">
          {words.recordings.title}
        </Link>
      </div>
      {row.state !== "ready" ? (
        <p role="status" className="empty">
          {words.recordings.state[row.state]}
        </p>
      ) : (
        <div className="player">
          <video
            ref={video}
            key="player"
            aria-label={words.recordings.of(row.title)}
            src={source}
            controls
            playsInline
            preload="metadata"
            onError={() => setFailed(true)}
            onEnded={ended}
          />
          {failed && (
            <p role="alert" className="message bad">
              {words.recordings.playError}
            </p>
          )}
          <div className="player-bar">
            {shares.length + parts.length > 1 && (
              <label className="field compact">
                <span className="soft">{words.recordings.files}</span>
                <select value={file} onChange={(event) => switchTo(event.target.value)}>
                  <option value="">{parts.length > 1 ? words.recordings.part(1) : words.recordings.programme}</option>
                  {parts.slice(1).map((part, index) => (
                    <option key={part.name} value={part.name}>
                      {words.recordings.part(index + 2)} · {length(part.startMs)}
                    </option>
                  ))}
                  {shares.map((share) => (
                    <option key={share.name} value={share.name}>
                      {fileName(share, words)} · {length(share.startMs - programmeStart(detail))}
                    </option>
                  ))}
                </select>
              </label>
            )}
            <label className="field compact">
              <span className="soft">{words.recordings.speed}</span>
              <select value={speed} onChange={(event) => setSpeed(Number(event.target.value))}>
                {SPEEDS.map((value) => (
                  <option key={value} value={value}>
                    {value}×
                  </option>
                ))}
              </select>
            </label>
            <span className="soft wide-only">{words.recordings.keys}</span>
            <Button
              look="primary"
              className="push"
              aria-label={words.recordings.download}
              onPress={() => parts.forEach((part) => download(`${pathOf(row.id, parts, part.name)}?download=1`))}
            >
              <Download aria-hidden />
              {words.recordings.download} ({size(row.bytes, language)})
            </Button>
          </div>
        </div>
      )}
      {row.mayManage && (
        <>
          <section className="card">
            <Switch className="switch" isSelected={allowed} onChange={(next) => void allow(next)}>
              <span className="track" aria-hidden />
              {words.recordings.allow}
            </Switch>
          </section>
          <section className="card">
            <h2>{words.recordings.views}</h2>
            {detail.views.length === 0 && <p className="soft">{words.recordings.noViews}</p>}
            <ul className="views">
              {[...detail.views].reverse().map((view, index) => (
                <li key={index}>
                  <span>
                    <strong>{view.name}</strong> <span className="soft">{view.username}</span>
                  </span>
                  <span className="soft">
                    {view.downloaded ? words.recordings.downloaded : words.recordings.watched} ·{" "}
                    {day(view.at, Date.now(), language, words)} {clock(view.at, language)}
                  </span>
                </li>
              ))}
            </ul>
          </section>
        </>
      )}
    </main>
  );
}

/** The first part is the one that links and players of other makers know. */
function pathOf(recording: string, parts: readonly RecordingFile[], name: string): string {
  return name === "" || name === parts[0]?.name ? paths.programme(recording) : paths.file(recording, name);
}

function programmeStart(detail: RecordingDetail): number {
  return detail.files.find((file) => file.role === "programme")?.startMs ?? 0;
}

function download(href: string): void {
  const link = document.createElement("a");
  link.href = href;
  link.download = "";
  link.click();
}
