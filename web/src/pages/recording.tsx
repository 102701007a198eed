/** One recording's page: waits until it can be watched, then the player, then what managers do. */
import { lazy, Suspense, useCallback, useEffect, useState } from "react";
import { Download } from "lucide-react";
import { api } from "../api/http";
import { useLoaded } from "../components/loaded";
import { NotLoaded } from "../components/not-loaded";
import { Button, Loading } from "../components/ui";
import { useLanguage } from "../i18n/language";
import { clock, day, length, size } from "../i18n/time";
import { pathOf } from "../replay/files";
import { partsOf } from "../replay/parts";
import type { RecordingDetail } from "../protocol.gen";
import { Link } from "../router";

const WAIT_MS = 1000;

// Lessons do not pay for what only replaying needs.
const player = () => import("../replay/replay");
const Replay = lazy(player);
const Manage = lazy(() => import("../replay/manage").then(({ Manage }) => ({ default: Manage })));

export function RecordingPage({ recording }: { recording: string }) {
  const { words } = useLanguage();
  const [waiting, setWaiting] = useState(true);
  const load = useCallback((signal: AbortSignal) => api.recording(recording, signal), [recording]);
  const loaded = useLoaded(load, waiting ? WAIT_MS : null);
  const { data, error, retries, reload } = loaded;
  const state = data?.recording.state;
  useEffect(
    () => setWaiting(state !== "ready" && state !== "lost" && (error === null || retries)),
    [state, error, retries],
  );
  // On its way together with the recording's data.
  useEffect(() => void player().catch(() => undefined), []);

  if (error && !data) {
    return (
      <NotLoaded loaded={loaded} notFound={words.recordings.notFound}>
        <Link className="button plain" href="/recordings">
          {words.recordings.title}
        </Link>
      </NotLoaded>
    );
  }
  if (!data) return <Loading />;
  const head = <Head detail={data} />;
  return (
    <main id="main" className="page wide">
      {data.recording.state === "ready" ? (
        <Suspense
          fallback={
            <>
              {head}
              <Loading />
            </>
          }
        >
          <Replay detail={data} head={head} />
        </Suspense>
      ) : (
        <>
          {head}
          <p role="status" className="empty">
            {words.recordings.state[data.recording.state]}
          </p>
        </>
      )}
      {data.recording.mayDownload && (
        <Suspense fallback={null}>
          <Manage detail={data} reload={reload} />
        </Suspense>
      )}
    </main>
  );
}

function Head({ detail }: { detail: RecordingDetail }) {
  const { words, language } = useLanguage();
  const row = detail.recording;
  const parts = partsOf(detail.files.filter((file) => file.role === "programme"));
  const bytes = detail.files.reduce((sum, file) => sum + (file.role === "programme" ? file.bytes : 0), 0);
  return (
    <div className="page-head replay-head">
      <div>
        <h1>{row.title}</h1>
        <p className="soft">
          {row.className} · {day(row.startedAt, Date.now(), language, words)} {clock(row.startedAt, language)}
          {row.durationMs > 0 && ` · ${length(row.durationMs)}`}
        </p>
      </div>
      <div className="page-actions">
        {row.state === "ready" && row.mayDownload && (
          <Button
            aria-label={words.recordings.download}
            onPress={() => parts.forEach((part) => download(`${pathOf(row.id, parts, part.name)}?download=1`))}
          >
            <Download aria-hidden />
            {words.recordings.download} ({size(bytes, language)})
          </Button>
        )}
        <Link className="button plain" href="/recordings">
          {words.recordings.title}
        </Link>
      </div>
    </div>
  );
}

function download(href: string): void {
  const link = document.createElement("a");
  link.href = href;
  link.download = "";
  link.click();
}
