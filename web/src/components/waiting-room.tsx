import { useId } from "react";
import { Check, X } from "lucide-react";
import { useWords } from "../i18n/language";
import type { LessonSession } from "../lesson/session";
import type { LessonView } from "../protocol.gen";
import { Avatar, Button } from "./ui";

/** Who asks to enter, first come first. */
export function WaitingRoom({ session, view }: { session: LessonSession; view: LessonView }) {
  const words = useWords();
  const heading = useId();
  const waiting = [...view.waiting].sort((a, b) => a.since - b.since);
  return (
    <section className={`waiting ${waiting.length ? "busy" : ""}`} aria-labelledby={heading}>
      <div className="section-head">
        <h2 id={heading}>{words.room.waitingRoom}</h2>
        {waiting.length > 0 && <span className="count-badge inline">{waiting.length}</span>}
        {waiting.some((person) => person.ofClass) && (
          <Button small look="primary" className="push" onPress={() => void session.ask({ type: "admit_class" })}>
            {words.room.admitClass}
          </Button>
        )}
      </div>
      {waiting.length === 0 && <p className="soft">{words.room.waitingEmpty}</p>}
      <ul className="rows">
        {waiting.map((person) => (
          <li key={person.id} className={person.online ? "" : "away"}>
            <Avatar name={person.name} id={person.id} />
            <div className="row-name">
              <strong>{person.name}</strong>
              <span className="soft">
                {person.classLabel && `${person.classLabel} · `}
                {person.username}
                {!person.online && ` · ${words.room.away}`}
              </span>
              {!person.ofClass && <span className="badge warn">{words.room.notOfClass}</span>}
            </div>
            <div className="row-actions">
              <Button small look="primary" onPress={() => void session.ask({ type: "admit", participant: person.id })}>
                <Check aria-hidden />
                {words.room.admit}
              </Button>
              <Button small onPress={() => void session.ask({ type: "deny", participant: person.id })}>
                <X aria-hidden />
                {words.room.deny}
              </Button>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
