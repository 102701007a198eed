/** A recorded lesson: pictures, time line, and what happened, on one time. */
import { useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { Pencil } from "lucide-react";
import { Button } from "../components/ui";
import { useMedia } from "../components/use-media";
import { useWords } from "../i18n/language";
import type { RecordingDetail } from "../protocol.gen";
import { CaptionsEditor } from "./captions-editor";
import { CaptionsFailed } from "./captions-failed";
import { ChoiceBar } from "./choice-bar";
import { Controls } from "./controls";
import { KeysDialog } from "./keys-dialog";
import { useKeys } from "./keys";
import { cameraAt, chaptersOf, picturesOf, searchables, shareName } from "./lesson";
import { askedMoment, worthResuming } from "./moment";
import { Panel } from "./panel";
import { SharePicture } from "./picture";
import { Player } from "./player";
import { partsOf, type Part } from "./parts";
import { Stage } from "./stage";
import { TimeLine } from "./time-line";
import { useCaptions } from "./use-captions";
import { useMediaSession } from "./use-media-session";
import { useFullScreen } from "./use-full-screen";
import { pathOf } from "./files";
import { usePlaying } from "./use-playing";
import { usePosition } from "./use-position";
import { useTimeline } from "./use-timeline";
import { WHOLE, type View } from "./view";
import { ViewChoice } from "./view-choice";
import "./replay.css";

/** Everything in one column, as the styles have it. */
const SMALL = "(max-width: 959px)";

/** `head`: what the lesson is called; under the picture on a phone, where every line above it makes it smaller. */
export default function Replay({ detail: given, head }: { detail: RecordingDetail; head: ReactNode }) {
  const small = useMedia(SMALL);
  const words = useWords();
  // What is played does not change any more; the page around it may be loaded again.
  const [detail] = useState(given);
  const row = detail.recording;
  const parts = useMemo(() => partsOf(detail.files.filter((file) => file.role === "programme")), [detail]);
  const path = useCallback((part: Part) => pathOf(row.id, parts, part.name), [row.id, parts]);
  const [asked] = useState(() => askedMoment(location.search));
  const [player] = useState(() => new Player(parts, path, asked ?? 0));
  const timeline = useTimeline(row.id);
  const captions = useCaptions(detail);
  const [view, setView] = useState<View>(WHOLE);
  const [panel, setPanel] = useState(true);
  const [editing, setEditing] = useState(false);
  const [help, setHelp] = useState(false);
  const [resumeMs, setResumeMs] = useState(() =>
    asked === null && worthResuming(detail.positionMs, row.durationMs) ? detail.positionMs : null,
  );
  const searchField = useRef<HTMLInputElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const { full, toggle: toggleFull, idle } = useFullScreen(box, player);

  const durationMs = Math.max(row.durationMs, player.durationMs);
  const pictures = useMemo(() => picturesOf(timeline, detail), [timeline, detail]);
  const chapters = useMemo(() => chaptersOf(timeline, words), [timeline, words]);
  const entries = useMemo(() => searchables(timeline, captions.cues, words), [timeline, captions.cues, words]);
  const cameraShare = usePlaying(player, (now) => (view.right === null ? (cameraAt(pictures, now.ms)?.share ?? "") : ""));
  const camera = pictures.find((picture) => picture.share === cameraShare && picture.share !== view.left) ?? null;
  const failed = usePlaying(player, (now) => now.failed);
  const choice = pictures.length > 0 && { player, pictures, view, onView: setView };
  // Over a full screen the bar of controls has all.
  const choiceAbove = small && !full;

  usePosition(row.id, player);
  useMediaSession(player, row.title, row.className);
  useKeys(player, {
    fullScreen: toggleFull,
    captions: captions.toggle,
    search: () => {
      setPanel(true);
      // The panel may have to come back first.
      requestAnimationFrame(() => searchField.current?.focus());
    },
    help: () => {
      if (document.fullscreenElement) void document.exitFullscreen();
      setHelp(true);
    },
  });
  // Another link to a moment of the same recording.
  useEffect(() => {
    const moved = () => {
      const moment = askedMoment(location.search);
      if (moment !== null) player.seek(moment);
    };
    addEventListener("popstate", moved);
    return () => removeEventListener("popstate", moved);
  }, [player]);

  const captionsHead = (captions.languages.length > 1 || row.mayManage || captions.failed !== null) && (
    <div className="captions-head">
      <select
        aria-label={words.replay.captionLanguage}
        value={captions.language}
        onChange={(event) => {
          setEditing(false);
          captions.setLanguage(event.target.value);
        }}
      >
        {[...new Set([...(row.mayManage ? ["vi", "en"] : []), ...captions.languages])].map((language) => (
          <option key={language} value={language}>
            {language === "vi" ? words.replay.vietnamese : language === "en" ? words.replay.english : language}
          </option>
        ))}
      </select>
      {row.mayManage && !editing && (
        <Button small isDisabled={!captions.read} onPress={() => setEditing(true)}>
          <Pencil aria-hidden />
          {words.replay.editCaptions}
        </Button>
      )}
      <CaptionsFailed captions={captions} mayEdit={row.mayManage} />
    </div>
  );

  return (
    <>
      {!small && head}
      <div
        ref={box}
        className={`replay ${panel ? "" : "no-panel"} ${camera ? "with-camera" : ""} ${full ? "full" : ""} ${idle ? "idle" : ""}`}
      >
        <div className="replay-main">
          {choice && choiceAbove && <ChoiceBar {...choice} />}
          <Stage
            title={row.title}
            player={player}
            pictures={pictures}
            view={view}
            onView={setView}
            choices={!choiceAbove}
            path={path}
            cues={captions.on ? captions.cues : []}
            resumeMs={resumeMs}
            onResumed={() => setResumeMs(null)}
            onFullScreen={toggleFull}
          />
          <div className="replay-below">
            {failed && (
              <p role="alert" className="message bad">
                {words.recordings.playError}
              </p>
            )}
            <TimeLine
              recording={row.id}
              player={player}
              timeline={timeline}
              chapters={chapters}
              durationMs={durationMs}
              parts={parts}
              path={path}
            />
            <Controls
              player={player}
              durationMs={durationMs}
              viewChoice={choice && !choiceAbove && <ViewChoice {...choice} />}
              full={full}
              onFullScreen={toggleFull}
              panel={panel}
              onPanel={() => setPanel(!panel)}
              captions={captions.languages.length > 0 ? captions.on : null}
              onCaptions={captions.toggle}
            />
          </div>
        </div>
        {camera && (
          <figure className="replay-camera">
            <SharePicture key={camera.share} picture={camera} player={player} path={path} />
            <figcaption>{shareName(camera, words)}</figcaption>
          </figure>
        )}
        {small && head}
        {panel && (
          <div className="replay-side">
            {editing ? (
              <section className="replay-panel" aria-label={words.replay.editCaptions}>
                {captionsHead}
                <CaptionsEditor key={captions.language} player={player} captions={captions} onClose={() => setEditing(false)} />
              </section>
            ) : (
              <Panel
                player={player}
                timeline={timeline}
                chapters={chapters}
                cues={captions.read ? captions.cues : null}
                entries={entries}
                searchField={searchField}
                captionsHead={captionsHead}
              />
            )}
          </div>
        )}
        <KeysDialog open={help} onClose={() => setHelp(false)} />
      </div>
    </>
  );
}
