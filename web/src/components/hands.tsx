import { useId } from "react";
import { Hand } from "lucide-react";
import { useWords } from "../i18n/language";
import type { LessonSession } from "../lesson/session";
import { raisedHands } from "../lesson/view";
import type { LessonView } from "../protocol.gen";
import { Button } from "./ui";

export function Hands({ session, view }: { session: LessonSession; view: LessonView }) {
  const words = useWords();
  const heading = useId();
  const hands = raisedHands(view);
  if (hands.length === 0) return null;
  return (
    <section className="hands" aria-labelledby={heading}>
      <div className="section-head">
        <Hand aria-hidden />
        <h2 id={heading}>{words.room.hands}</h2>
      </div>
      <ol className="rows">
        {hands.map((person) => (
          <li key={person.id}>
            <span className="order">{person.hand}</span>
            <div className="row-name">
              <strong>{person.name}</strong>
            </div>
            {view.you.hosts && (
              <Button small onPress={() => void session.ask({ type: "lower_hand", participant: person.id })}>
                {words.room.lowerHandOf}
              </Button>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}
