/** Inside the lesson: stage, panel, controls. */
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useWords } from "../i18n/language";
import type { LessonSession, Snapshot } from "../lesson/session";
import type { LessonView, Me } from "../protocol.gen";
import { RewindOffer } from "../rewind/offer";
import { useRewind } from "../rewind/use-rewind";
import { Controls } from "./controls";
import { Dialog, Loading } from "./ui";
import { DeviceChoice } from "./device-choice";
import { HelpDialog } from "./help";
import { Panel, type PanelTab } from "./panel";
import { RecordingNotice } from "./recording-notice";
import { RoomBanners, RoomTop } from "./room-top";
import { Sounds } from "./sounds";
import { Stage } from "./stage";
import { Toasts, WaitingCall } from "./told";
import { useRoomKeys } from "./use-room-keys";

const RewindView = lazy(async () => ({ default: (await import("../rewind/rewind-view")).RewindView }));

interface Props {
  session: LessonSession;
  snapshot: Snapshot;
  view: LessonView;
  me: Me;
}

const roomy = () => matchMedia("(min-width: 900px)").matches;

export function Room({ session, snapshot, view }: Props) {
  const words = useWords();
  const [tab, setTab] = useState<PanelTab | null>(() => (roomy() ? "people" : null));
  const [help, setHelp] = useState(false);
  const [devices, setDevices] = useState(false);
  const [chapter, setChapter] = useState(false);
  const unread = useUnread(view, tab === "chat");
  const rewind = useRewind(session, view, snapshot.clockOffset);
  const watches = rewind.speed !== null;
  const marks = view.lesson.recording !== null && view.you.grants.includes("moderate");
  useRoomKeys(session, { onHelp: () => setHelp(true), onChapter: marks ? () => setChapter(true) : null });
  useEffect(() => {
    if (!marks) setChapter(false);
  }, [marks]);

  const toggle = useCallback((wanted: PanelTab) => setTab((now) => (now === wanted ? null : wanted)), []);
  const waiting = view.you.hosts ? view.waiting.length : 0;

  // Somebody waits: the teacher with room for it sees them at once.
  const waitedBefore = useRef(0);
  useEffect(() => {
    if (waiting > 0 && waitedBefore.current === 0 && roomy()) setTab((now) => now ?? "people");
    waitedBefore.current = waiting;
  }, [waiting]);

  const stage = useMemo(
    () => (
      <Stage
        session={session}
        view={view}
        remote={snapshot.remote}
        publishing={snapshot.publishing}
        speakers={snapshot.speakers}
        signals={snapshot.signals}
        held={snapshot.held}
        voiceOnly={snapshot.voiceOnly}
      />
    ),
    [session, view, snapshot.remote, snapshot.publishing, snapshot.speakers, snapshot.signals, snapshot.held, snapshot.voiceOnly],
  );

  return (
    <div className={`room ${tab ? "with-panel" : ""}`}>
      <RoomTop
        session={session}
        snapshot={snapshot}
        view={view}
        chapter={chapter}
        onChapter={setChapter}
        onRewind={watches ? null : () => rewind.watch(1)}
      />
      <RoomBanners session={session} snapshot={snapshot} view={view} />
      <main id="main" className="stage-area" aria-label={words.room.stage}>
        {rewind.speed === null ? (
          stage
        ) : (
          <Suspense fallback={<Loading />}>
            <RewindView
              lesson={view.lesson.id}
              speed={rewind.speed}
              microphone={snapshot.publishing.microphone}
              onMute={() => void session.publisher.setMicrophone(false)}
              onLive={rewind.live}
            />
          </Suspense>
        )}
      </main>
      {tab && <Panel tab={tab} onTab={setTab} session={session} snapshot={snapshot} view={view} unread={unread} />}
      <Controls
        session={session}
        snapshot={snapshot}
        view={view}
        tab={tab}
        onToggle={toggle}
        unread={unread}
        onDevices={() => setDevices(true)}
        onHelp={() => setHelp(true)}
        onChapter={() => setChapter(true)}
        onRewind={watches ? null : () => rewind.watch(1)}
      />
      <Sounds remote={snapshot.remote} muted={watches} />
      <Toasts session={session} told={snapshot.told}>
        {rewind.offerMs !== null && (
          <RewindOffer missedMs={rewind.offerMs} onWatch={() => rewind.watch(2)} onDismiss={rewind.dismiss} />
        )}
        {waiting > 0 && tab === null && <WaitingCall session={session} view={view} onShow={() => setTab("people")} />}
      </Toasts>
      {/* What the chime says, for those who do not hear it. */}
      <p role="status" className="unseen">
        {waiting > 0 && words.room.newWaiting(waiting)}
      </p>
      <RecordingNotice session={session} snapshot={snapshot} view={view} />
      <HelpDialog open={help} hosts={view.you.hosts} onClose={() => setHelp(false)} />
      <Dialog open={devices} onClose={() => setDevices(false)} title={words.room.devices}>
        <DeviceChoice onChoose={(kind) => void session.publisher.changeDevice(kind)} />
      </Dialog>
    </div>
  );
}

/** Messages of others that came while the chat was not open. */
function useUnread(view: LessonView, open: boolean): number {
  const [seen, setSeen] = useState<string | null>(() => view.messages.at(-1)?.id ?? null);
  const last = view.messages.at(-1)?.id ?? null;
  useEffect(() => {
    if (open) setSeen(last);
  }, [open, last]);
  if (open || last === seen) return 0;
  const from = view.messages.findIndex((message) => message.id === seen) + 1;
  return view.messages.slice(from).filter((message) => message.participant !== view.you.id).length;
}
