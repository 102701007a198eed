/** Who comes into a recorded lesson is told so, and says so, before anything of theirs can be recorded. */
import { useState } from "react";
import { CircleCheck, Eye, LogOut } from "lucide-react";
import { useWords } from "../i18n/language";
import type { LessonSession, Snapshot } from "../lesson/session";
import type { LessonView } from "../protocol.gen";
import { Button, Dialog, Spinner } from "./ui";
import { useLeave } from "./use-leave";

interface Props {
  session: LessonSession;
  snapshot: Snapshot;
  view: LessonView;
}

export function RecordingNotice({ session, snapshot, view }: Props) {
  const { recordingNotice: notice, room } = useWords();
  const [busy, setBusy] = useState(false);
  const leave = useLeave(session);
  const acknowledge = async () => {
    setBusy(true);
    await session.ask({ type: "acknowledge_recording" });
    setBusy(false);
  };
  return (
    <Dialog open={view.you.mustAcknowledge} onClose={() => undefined} title={notice.title} binding>
      <p>{notice.what}</p>
      <ul className="notice-list">
        {notice.recorded.map((line) => (
          <li key={line}>
            <span className="red-dot still" aria-hidden />
            {line}
          </li>
        ))}
      </ul>
      <p className="notice-line">
        <Eye aria-hidden />
        <span>{view.lesson.replayAllowed ? notice.whoClass : notice.who}</span>
      </p>
      <p className="soft">{notice.until}</p>
      <div className="dialog-actions">
        <Button onPress={leave}>
          <LogOut aria-hidden />
          {room.leave}
        </Button>
        <Button look="primary" autoFocus isDisabled={busy || snapshot.link !== "open"} onPress={() => void acknowledge()}>
          {busy ? <Spinner /> : <CircleCheck aria-hidden />}
          {notice.understood}
        </Button>
      </div>
    </Dialog>
  );
}
