import { useEffect } from "react";
import { isTyping } from "../components/use-room-keys";
import type { RewindPlayer } from "./player";

/** The keys of the replay page, while the past is watched. */
export function useRewindKeys(player: RewindPlayer | null): void {
  useEffect(() => {
    if (!player) return;
    const does: Record<string, () => void> = {
      " ": () => player.toggle(),
      k: () => player.toggle(),
      ArrowLeft: () => player.step(-5000),
      ArrowRight: () => player.step(5000),
      j: () => player.step(-10_000),
      l: () => player.step(10_000),
      "<": () => player.stepSpeed(-1),
      ">": () => player.stepSpeed(1),
    };
    const down = (event: KeyboardEvent) => {
      const { target } = event;
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(target)) return;
      if (target instanceof HTMLElement) {
        if (target.closest("[role=dialog], [role=alertdialog]")) return;
        // Controls keep the keys that they live by.
        if (event.key === " " && target.closest("button, a, input, summary, select")) return;
        if (event.key.startsWith("Arrow") && target instanceof HTMLInputElement) return;
      }
      const action = does[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      if (!action) return;
      // Before the room's own keys: Space plays here, and does not talk.
      event.preventDefault();
      event.stopPropagation();
      action();
    };
    addEventListener("keydown", down, { capture: true });
    return () => removeEventListener("keydown", down, { capture: true });
  }, [player]);
}
