/** Keys that people know from other players; never inside text fields. */
import { useEffect, useRef } from "react";
import { isTyping } from "../components/use-room-keys";
import type { Player } from "./player";

export interface KeyActions {
  fullScreen(): void;
  captions(): void;
  search(): void;
  help(): void;
}

export function useKeys(player: Player, actions: KeyActions): void {
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    const does: Record<string, () => void> = {
      " ": () => player.toggle(),
      k: () => player.toggle(),
      ArrowLeft: () => player.step(-5000),
      ArrowRight: () => player.step(5000),
      j: () => player.step(-10_000),
      l: () => player.step(10_000),
      "<": () => player.stepRate(-1),
      ">": () => player.stepRate(1),
      m: () => player.toggleMuted(),
      f: () => latest.current.fullScreen(),
      c: () => latest.current.captions(),
      "/": () => latest.current.search(),
      "?": () => latest.current.help(),
    };
    const down = (event: KeyboardEvent) => {
      const { target } = event;
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(target)) return;
      if (target instanceof HTMLElement) {
        if (target.closest("[role=dialog], [role=alertdialog], [role=menu]")) return;
        // Controls keep the keys that they live by.
        if (event.key === " " && target.closest("button, a, input, summary")) return;
        if (event.key.startsWith("Arrow") && target instanceof HTMLInputElement) return;
      }
      const action = does[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      if (!action) return;
      // Before the element's own keys: one press, one step.
      event.preventDefault();
      event.stopPropagation();
      action();
    };
    addEventListener("keydown", down, { capture: true });
    return () => removeEventListener("keydown", down, { capture: true });
  }, [player]);
}
