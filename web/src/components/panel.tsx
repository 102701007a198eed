import { MessageSquareText, Users, X } from "lucide-react";
import { useWords } from "../i18n/language";
import type { LessonSession, Snapshot } from "../lesson/session";
import type { LessonView } from "../protocol.gen";
import { Chat } from "./chat";
import { Hands } from "./hands";
import { People } from "./people";
import { Button, IconButton } from "./ui";
import { WaitingRoom } from "./waiting-room";

export type PanelTab = "people" | "chat";

interface Props {
  tab: PanelTab;
  onTab(tab: PanelTab | null): void;
  session: LessonSession;
  snapshot: Snapshot;
  view: LessonView;
  unread: number;
}

/** Beside the stage: who waits, who raises a hand, who is there; or the chat. */
export function Panel({ tab, onTab, session, snapshot, view, unread }: Props) {
  const words = useWords();
  return (
    <aside className="panel" aria-label={words.room.panel}>
      <div className="panel-head">
        <div className="panel-tabs">
          <Button look="quiet" small aria-pressed={tab === "people"} className="panel-tab" onPress={() => onTab("people")}>
            <Users aria-hidden />
            {words.room.people}
            <span className="soft">{view.people.length}</span>
          </Button>
          <Button look="quiet" small aria-pressed={tab === "chat"} className="panel-tab" onPress={() => onTab("chat")}>
            <MessageSquareText aria-hidden />
            {words.room.chat}
            {unread > 0 && <span className="count-badge inline">{unread}</span>}
          </Button>
        </div>
        <IconButton label={words.app.close} onPress={() => onTab(null)}>
          <X aria-hidden />
        </IconButton>
      </div>
      {view.you.hosts && (tab === "people" || view.waiting.length > 0) && <WaitingRoom session={session} view={view} />}
      {tab === "people" ? (
        <>
          <Hands session={session} view={view} />
          <People session={session} view={view} speakers={snapshot.speakers} signals={snapshot.signals} />
        </>
      ) : (
        <Chat session={session} view={view} />
      )}
    </aside>
  );
}
