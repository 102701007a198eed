/** Which pictures are on the stage. Pure. */
import type { Picture } from "./lesson";

/** The programme, or a share's id. */
export type Pane = string;
export const PROGRAMME: Pane = "";

export interface View {
  left: Pane;
  right: Pane | null;
}

export const WHOLE: View = { left: PROGRAMME, right: null };

/** Two pictures for a start: two screens that were shown at once, else the programme and what else there is. */
export function sideBySide(pictures: readonly Picture[], view: View, ms: number): View {
  const shown = pictures.filter((picture) => picture.startMs <= ms && ms < picture.endMs);
  const screens = shown.filter((picture) => picture.source === "screen");
  const left = view.left === PROGRAMME && screens.length > 1 ? (screens[0] as Picture).share : view.left;
  // One screen alone is what the programme shows already.
  const cameras = shown.filter((picture) => picture.source !== "screen");
  const first = left === PROGRAMME ? [...cameras, ...screens] : [...screens, ...cameras];
  const others = [...first, ...pictures].filter((picture) => picture.share !== left);
  return { left, right: others[0]?.share ?? PROGRAMME };
}

/** A pane gets another picture; where that is in the other pane already, they change places. */
export function withPane(view: View, side: "left" | "right", pane: Pane): View {
  if (view.right === null) return { left: pane, right: null };
  const other = side === "left" ? view.right : view.left;
  const mine = side === "left" ? view.left : view.right;
  const rest = other === pane ? mine : other;
  return side === "left" ? { left: pane, right: rest } : { left: rest, right: pane };
}
