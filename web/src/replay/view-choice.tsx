/** Which picture is shown, or which two. */
import { useWords } from "../i18n/language";
import { length } from "../i18n/time";
import { shareName, type Picture } from "./lesson";
import type { Player } from "./player";
import { PROGRAMME, sideBySide, withPane, type View } from "./view";

interface Props {
  pictures: readonly Picture[];
  view: View;
  onView(view: View): void;
}

const PAIR = "pair";

export function ViewChoice({ player, pictures, view, onView }: Props & { player: Player }) {
  const words = useWords();
  const choose = (value: string) => {
    if (value === PAIR) onView(sideBySide(pictures, view, player.now()));
    else onView({ left: value, right: null });
  };
  return (
    <select
      className="view-choice"
      aria-label={words.replay.view}
      value={view.right !== null ? PAIR : view.left}
      onChange={(event) => choose(event.target.value)}
    >
      <option value={PROGRAMME}>{words.replay.programme}</option>
      <option value={PAIR}>{words.replay.sideBySide}</option>
      <Shares pictures={pictures} />
    </select>
  );
}

/** Of two pictures, one's. */
export function PaneChoice({ side, pictures, view, onView }: Props & { side: "left" | "right" }) {
  const words = useWords();
  return (
    <select
      className="pane-choice"
      aria-label={side === "left" ? words.replay.left : words.replay.right}
      value={(side === "left" ? view.left : view.right) ?? PROGRAMME}
      onChange={(event) => onView(withPane(view, side, event.target.value))}
    >
      <option value={PROGRAMME}>{words.replay.programme}</option>
      <Shares pictures={pictures} />
    </select>
  );
}

function Shares({ pictures }: { pictures: readonly Picture[] }) {
  const words = useWords();
  return pictures.map((picture) => (
    <option key={picture.share} value={picture.share}>
      {shareName(picture, words)} · {length(picture.startMs)}
    </option>
  ));
}
