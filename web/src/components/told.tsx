/** Short messages over the page, and the banner that says how the connection is. */
import { useEffect, useState, type ReactNode } from "react";
import { DoorOpen, Info, TriangleAlert, WifiOff, X } from "lucide-react";
import type { Link } from "../api/socket";
import { errorWords } from "../i18n/errors";
import { useWords } from "../i18n/language";
import type { Words } from "../i18n/vi";
import type { LessonSession, Told } from "../lesson/session";
import type { LessonView } from "../protocol.gen";
import { Button, IconButton } from "./ui";

function wordsFor(told: Told, words: Words): string {
  if (told.kind === "notice" && told.code in words.notices) return words.notices[told.code as keyof Words["notices"]];
  return errorWords(told.code, words);
}

export function Toasts({ session, told, children }: { session: LessonSession; told: readonly Told[]; children?: ReactNode }) {
  const words = useWords();
  return (
    <div className="toasts">
      {children}
      <div className="told" role="status" aria-live="polite">
        {told.map((one) => (
          <div key={one.key} className={`toast ${one.kind}`}>
            {one.code === "recordingStarted" ? (
              <span className="red-dot" aria-hidden />
            ) : one.kind === "notice" ? (
              <Info aria-hidden />
            ) : (
              <TriangleAlert aria-hidden />
            )}
            <span>{wordsFor(one, words)}</span>
            <IconButton label={words.app.close} onPress={() => session.dismiss(one.key)}>
              <X aria-hidden />
            </IconButton>
          </div>
        ))}
      </div>
    </div>
  );
}

/** Who hosts sees that people wait although the waiting room is not on screen; hidden until more come. */
export function WaitingCall({ session, view, onShow }: { session: LessonSession; view: LessonView; onShow(): void }) {
  const words = useWords();
  const [hiddenAt, setHiddenAt] = useState(0);
  const waiting = view.waiting.length;
  useEffect(() => {
    if (waiting < hiddenAt) setHiddenAt(waiting);
  }, [waiting, hiddenAt]);
  if (waiting <= hiddenAt) return null;
  const first = view.waiting[0];
  const only = waiting === 1 && first ? first : null;
  return (
    <div className="toast waiting-call">
      <DoorOpen aria-hidden />
      <span>{only ? words.room.asksToEnter(only.name, only.classLabel) : words.room.newWaiting(waiting)}</span>
      {only && (
        <Button small look="primary" onPress={() => void session.ask({ type: "admit", participant: only.id })}>
          {words.room.admit}
        </Button>
      )}
      {!only && view.waiting.some((person) => person.ofClass) && (
        <Button small look="primary" onPress={() => void session.ask({ type: "admit_class" })}>
          {words.room.admitClass}
        </Button>
      )}
      <Button small onPress={onShow}>
        {words.room.seeWaiting}
      </Button>
      <IconButton label={words.room.hideNote} onPress={() => setHiddenAt(waiting)}>
        <X aria-hidden />
      </IconButton>
    </div>
  );
}

export function LinkBanner({ link }: { link: Link }) {
  const words = useWords();
  return (
    <div role="status" className={link === "reconnecting" ? "banner bad" : "no-message"}>
      {link === "reconnecting" && (
        <>
          <WifiOff aria-hidden />
          {words.link.reconnecting}
        </>
      )}
    </div>
  );
}
