/** The one bar of controls at the bottom. */
import { useState } from "react";
import {
  Bookmark,
  Circle,
  CircleStop,
  Hand,
  History,
  Keyboard,
  LogOut,
  MessageSquareText,
  Mic,
  MicOff,
  MonitorUp,
  MonitorX,
  OctagonX,
  Pause,
  Play,
  Settings2,
  Users,
  Video,
  VideoOff,
} from "lucide-react";
import { useWords } from "../i18n/language";
import type { LessonSession, Snapshot } from "../lesson/session";
import { canShareScreen } from "../media/devices";
import type { LessonView } from "../protocol.gen";
import { Control, MoreControls, type MoreItem } from "./control";
import { LanguageSwitch, ThemeSwitch } from "./frame";
import type { PanelTab } from "./panel";
import { Button, Confirm } from "./ui";
import { useLeave } from "./use-leave";
import { useNarrow } from "./use-media";

interface Props {
  session: LessonSession;
  snapshot: Snapshot;
  view: LessonView;
  tab: PanelTab | null;
  onToggle(tab: PanelTab): void;
  unread: number;
  onDevices(): void;
  onHelp(): void;
  onChapter(): void;
  /** Null while the past is watched. */
  onRewind: (() => void) | null;
}

export function Controls({ session, snapshot, view, tab, onToggle, unread, onDevices, onHelp, onChapter, onRewind }: Props) {
  const words = useWords();
  const { short } = words.room;
  const [ending, setEnding] = useState(false);
  const narrow = useNarrow();
  const { you, lesson } = view;
  const { publishing } = snapshot;
  const { publisher } = session;
  const may = (grant: (typeof you.grants)[number]) => you.grants.includes(grant);
  const paused = lesson.safeMode && !you.hosts ? words.errors.safeMode : null;
  const refused = (grant: (typeof you.grants)[number]) => (may(grant) ? null : (paused ?? words.errors.notAllowed));
  const hand = view.people.find((person) => person.id === you.id)?.hand ?? null;
  const whyNoShare = !may("share_screen")
    ? (paused ?? words.room.shareNotAllowed)
    : canShareScreen()
      ? null
      : isSecureContext
        ? words.room.shareUnsupported
        : words.errors.insecure;
  const waiting = you.hosts ? view.waiting.length : 0;

  const leave = useLeave(session);

  const recording = lesson.recordingSince !== null;
  const record = {
    icon: recording ? CircleStop : Circle,
    label: recording ? words.room.stopRecord : words.room.record,
    onPress: () => void session.ask({ type: recording ? "stop_recording" : "start_recording" }),
  };
  const whileRecorded: MoreItem[] = recording
    ? [
        {
          icon: lesson.recordingPaused ? Play : Pause,
          label: lesson.recordingPaused ? words.room.resumeRecord : words.room.pauseRecord,
          onPress: () => void session.ask({ type: lesson.recordingPaused ? "resume_recording" : "pause_recording" }),
        },
        { icon: Bookmark, label: words.room.chapter, onPress: onChapter },
      ]
    : [];
  const raise = {
    icon: Hand,
    label: hand === null ? words.room.raise : words.room.lower,
    onPress: () => void session.ask(hand === null ? { type: "raise_hand" } : { type: "lower_hand", participant: you.id }),
  };
  const end = { icon: OctagonX, label: words.room.end, danger: true, onPress: () => setEnding(true) };
  const moderates = may("moderate");
  const mayEnd = moderates && lesson.phase === "live";
  // Teachers raise no hand on a phone's few inches, and most phones cannot share.
  const shareInBar = !narrow || publishing.screen || (canShareScreen() && may("share_screen"));
  const handInBar = !narrow || !you.hosts;
  const more: MoreItem[] = [
    ...(moderates ? [record, ...whileRecorded] : []),
    ...(recording && onRewind ? [{ icon: History, label: words.rewind.watch, onPress: onRewind }] : []),
    ...(handInBar ? [] : [raise]),
    ...(shareInBar ? [] : [{ icon: MonitorUp, label: words.room.share, why: whyNoShare, onPress: () => void publisher.setScreen(true) }]),
    { icon: Settings2, label: words.room.devices, onPress: onDevices },
    { icon: Keyboard, label: words.room.help, onPress: onHelp },
    ...(mayEnd ? [end] : []),
  ];

  return (
    <footer className="controls" role="toolbar" aria-label={words.room.controls}>
      <div className="controls-side start">
        <Control icon={Settings2} label={words.room.devices} short={short.devices} onPress={onDevices} />
        <Control icon={Keyboard} label={words.room.help} short={short.help} keys="?" onPress={onHelp} />
      </div>
      <div className="controls-middle">
        <div className="pair">
          <Control
            icon={publishing.microphone ? Mic : MicOff}
            label={publishing.microphone ? words.room.micOff : words.room.micOn}
            short={short.microphone}
            keys="Ctrl+D"
            state={publishing.microphone ? "on" : undefined}
            busy={publishing.busy.has("microphone")}
            why={publishing.microphone ? null : refused("speak")}
            onPress={() => void publisher.toggle("microphone")}
          />
          <Control
            icon={publishing.camera ? Video : VideoOff}
            label={publishing.camera ? words.room.camOff : words.room.camOn}
            short={short.camera}
            keys="Ctrl+E"
            state={publishing.camera ? "on" : undefined}
            busy={publishing.busy.has("camera")}
            why={publishing.camera ? null : refused("show_camera")}
            onPress={() => void publisher.toggle("camera")}
          />
        </div>
        {shareInBar && (
          <Control
            icon={publishing.screen ? MonitorX : MonitorUp}
            label={publishing.screen ? words.room.stopShare : words.room.share}
            short={publishing.screen ? short.stop : short.share}
            state={publishing.screen ? "alert" : undefined}
            busy={publishing.busy.has("screen")}
            why={publishing.screen ? null : whyNoShare}
            onPress={() => void publisher.setScreen(!publishing.screen)}
          />
        )}
        {handInBar && <Control {...raise} short={hand === null ? short.raise : short.lower} state={hand === null ? undefined : "raised"} />}
        {moderates && !narrow && (
          <Control {...record} short={recording ? short.stopRecord : short.record} state={recording ? "alert" : undefined} className="record" />
        )}
        <Control
          icon={Users}
          label={tab === "people" ? words.room.hidePeople : words.room.showPeople}
          short={short.people}
          state={tab === "people" ? "on" : undefined}
          expanded={tab === "people"}
          badge={waiting}
          badgeLabel={words.room.newWaiting(waiting)}
          onPress={() => onToggle("people")}
        />
        <Control
          icon={MessageSquareText}
          label={tab === "chat" ? words.room.hideChat : words.room.showChat}
          short={short.chat}
          state={tab === "chat" ? "on" : undefined}
          expanded={tab === "chat"}
          badge={unread}
          badgeLabel={words.room.unread(unread)}
          onPress={() => onToggle("chat")}
        />
        {narrow && (
          <MoreControls items={more}>
            <LanguageSwitch />
            <ThemeSwitch />
          </MoreControls>
        )}
      </div>
      <div className="controls-side end">
        {mayEnd && !narrow && (
          <Button look="plain" className="end-lesson" aria-label={words.room.end} onPress={end.onPress}>
            <OctagonX aria-hidden />
            <span>{words.room.end}</span>
          </Button>
        )}
        <Button look="danger" className="leave" aria-label={words.room.leave} onPress={leave}>
          <LogOut aria-hidden />
          <span>{words.room.leave}</span>
        </Button>
      </div>
      <Confirm
        open={ending}
        title={words.room.endConfirm}
        hint={words.room.endConfirmHint}
        action={words.room.end}
        onClose={() => setEnding(false)}
        onConfirm={() => void session.ask({ type: "end_lesson" })}
      />
    </footer>
  );
}
