/** The one bar of controls at the bottom. */
import { useState } from "react";
import {
  Circle,
  CircleStop,
  Hand,
  Keyboard,
  LogOut,
  MessageSquareText,
  Mic,
  MicOff,
  MonitorUp,
  MonitorX,
  OctagonX,
  Settings2,
  Users,
  Video,
  VideoOff,
  type LucideIcon,
} from "lucide-react";
import { TooltipTrigger } from "react-aria-components";
import { useWords } from "../i18n/language";
import type { LessonSession, Snapshot } from "../lesson/session";
import { canShareScreen } from "../media/devices";
import type { LessonView } from "../protocol.gen";
import { navigate } from "../router";
import type { PanelTab } from "./panel";
import { Button, Confirm, Tip } from "./ui";

interface Props {
  session: LessonSession;
  snapshot: Snapshot;
  view: LessonView;
  tab: PanelTab | null;
  onToggle(tab: PanelTab): void;
  unread: number;
  onDevices(): void;
  onHelp(): void;
}

interface ControlProps {
  icon: LucideIcon;
  label: string;
  keys?: string;
  state?: "on" | "off" | "alert";
  /** Stays reachable and says why it does nothing. */
  why?: string | null;
  badge?: number;
  badgeLabel?: string;
  expanded?: boolean;
  busy?: boolean;
  className?: string;
  onPress(): void;
}

function Control({ icon: Icon, label, keys, state, why, badge, badgeLabel, expanded, busy, className = "", onPress }: ControlProps) {
  const [told, setTold] = useState(false);
  return (
    <TooltipTrigger delay={400} closeDelay={80} isOpen={told || undefined} onOpenChange={(open) => !open && setTold(false)}>
      <Button
        look="quiet"
        className={`control ${state ?? ""} ${busy ? "busy" : ""} ${className}`}
        aria-label={label}
        aria-disabled={why ? "true" : undefined}
        aria-expanded={expanded}
        onPress={() => (why ? setTold(true) : onPress())}
      >
        <Icon aria-hidden />
        {badge ? (
          <span className="count-badge">
            <span aria-hidden>{badge > 99 ? "99+" : badge}</span>
            <span className="unseen">{badgeLabel}</span>
          </span>
        ) : null}
      </Button>
      <Tip>
        {why ?? label}
        {keys && !why && <kbd>{keys}</kbd>}
      </Tip>
    </TooltipTrigger>
  );
}

export function Controls({ session, snapshot, view, tab, onToggle, unread, onDevices, onHelp }: Props) {
  const words = useWords();
  const [ending, setEnding] = useState(false);
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

  const leave = async () => {
    await Promise.race([session.ask({ type: "leave" }), new Promise((done) => setTimeout(done, 800))]);
    navigate("/");
  };

  return (
    <footer className="controls" role="toolbar" aria-label={words.room.controls}>
      <div className="controls-side start">
        <Control icon={Settings2} label={words.room.devices} onPress={onDevices} />
        <Control icon={Keyboard} label={words.room.help} keys="?" className="wide-only" onPress={onHelp} />
      </div>
      <div className="controls-middle">
        <div className="pair">
          <Control
            icon={publishing.microphone ? Mic : MicOff}
            label={publishing.microphone ? words.room.micOff : words.room.micOn}
            keys="Ctrl+D"
            state={publishing.microphone ? "on" : "off"}
            busy={publishing.busy.has("microphone")}
            why={publishing.microphone ? null : refused("speak")}
            onPress={() => void publisher.setMicrophone(!publishing.microphone)}
          />
          <Control
            icon={publishing.camera ? Video : VideoOff}
            label={publishing.camera ? words.room.camOff : words.room.camOn}
            keys="Ctrl+E"
            state={publishing.camera ? "on" : "off"}
            busy={publishing.busy.has("camera")}
            why={publishing.camera ? null : refused("show_camera")}
            onPress={() => void publisher.setCamera(!publishing.camera)}
          />
        </div>
        <Control
          icon={publishing.screen ? MonitorX : MonitorUp}
          label={publishing.screen ? words.room.stopShare : words.room.share}
          state={publishing.screen ? "alert" : undefined}
          busy={publishing.busy.has("screen")}
          why={publishing.screen ? null : whyNoShare}
          onPress={() => void publisher.setScreen(!publishing.screen)}
        />
        <Control
          icon={Hand}
          label={hand === null ? words.room.raise : words.room.lower}
          state={hand === null ? undefined : "alert"}
          onPress={() =>
            void session.ask(hand === null ? { type: "raise_hand" } : { type: "lower_hand", participant: you.id })
          }
        />
        {may("moderate") && (
          <Control
            icon={lesson.recordingSince === null ? Circle : CircleStop}
            label={lesson.recordingSince === null ? words.room.record : words.room.stopRecord}
            state={lesson.recordingSince === null ? undefined : "alert"}
            className="record"
            onPress={() =>
              void session.ask({ type: lesson.recordingSince === null ? "start_recording" : "stop_recording" })
            }
          />
        )}
        <Control
          icon={Users}
          label={tab === "people" ? words.room.hidePeople : words.room.showPeople}
          state={tab === "people" ? "on" : undefined}
          expanded={tab === "people"}
          badge={waiting}
          badgeLabel={words.room.newWaiting(waiting)}
          onPress={() => onToggle("people")}
        />
        <Control
          icon={MessageSquareText}
          label={tab === "chat" ? words.room.hideChat : words.room.showChat}
          state={tab === "chat" ? "on" : undefined}
          expanded={tab === "chat"}
          badge={unread}
          badgeLabel={words.room.unread(unread)}
          onPress={() => onToggle("chat")}
        />
      </div>
      <div className="controls-side end">
        {may("moderate") && lesson.phase === "live" && (
          <Button look="plain" className="end-lesson" aria-label={words.room.end} onPress={() => setEnding(true)}>
            <OctagonX aria-hidden />
            <span className="wide-only">{words.room.end}</span>
          </Button>
        )}
        <Button look="danger" className="leave" aria-label={words.room.leave} onPress={() => void leave()}>
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
