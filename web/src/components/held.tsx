/** What stands over a picture that the own line does not carry now. The picture stays below: it returns by itself. */
import { Ear, PauseCircle } from "lucide-react";
import { useWords } from "../i18n/language";
import type { Person } from "../protocol.gen";
import { Avatar } from "./ui";

/**
 * Over a large picture that stands still; where it has a still, only a short mark that leaves it readable. The long
 * line stands in for the banner with the same words (`.told-over-picture`), which screen readers go on hearing.
 */
export function HeldScreen({ voiceOnly }: { voiceOnly: boolean }) {
  const words = useWords();
  return (
    <div className="held-screen">
      {voiceOnly ? <Ear aria-hidden /> : <PauseCircle aria-hidden />}
      <p className="held-long" aria-hidden={voiceOnly}>{voiceOnly ? words.link.voiceOnly : words.link.heldScreen}</p>
      <p className="held-short">{words.link.heldTile}</p>
    </div>
  );
}

/** In place of a small one. */
export function HeldTile({ person }: { person: Person }) {
  const words = useWords();
  return (
    <div className="held-tile">
      <Avatar name={person.name} id={person.id} large />
      <small>{words.link.heldTile}</small>
    </div>
  );
}
