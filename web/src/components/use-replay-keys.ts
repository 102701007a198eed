import { useEffect, type RefObject } from "react";
import { isTyping } from "./use-room-keys";

export const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2] as const;

function nextSpeed(now: number, step: 1 | -1): number {
  const index = SPEEDS.findIndex((speed) => speed === now);
  const next = SPEEDS[(index < 0 ? SPEEDS.indexOf(1) : index) + step];
  return next ?? now;
}

/** Space, arrows, J K L, < and >: as people know them from other players. */
export function useReplayKeys(video: RefObject<HTMLVideoElement | null>, onSpeed: (speed: number) => void): void {
  useEffect(() => {
    const down = (event: KeyboardEvent) => {
      const element = video.current;
      if (!element || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const onControl = event.target instanceof HTMLElement && event.target.closest("button, a, input") !== null;
      const seek = (seconds: number) => {
        const end = Number.isFinite(element.duration) ? element.duration : Infinity;
        element.currentTime = Math.min(end, Math.max(0, element.currentTime + seconds));
      };
      const toggle = () => {
        if (element.paused) void element.play().catch(() => undefined);
        else element.pause();
      };
      const actions: Record<string, () => void> = {
        " ": toggle,
        k: toggle,
        ArrowLeft: () => seek(-5),
        ArrowRight: () => seek(5),
        j: () => seek(-10),
        l: () => seek(10),
        "<": () => onSpeed(nextSpeed(element.playbackRate, -1)),
        ">": () => onSpeed(nextSpeed(element.playbackRate, 1)),
      };
      const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      if (!action || (onControl && event.key === " ")) return;
      // Before the element's own keys: one press, one step.
      event.preventDefault();
      event.stopPropagation();
      action();
    };
    addEventListener("keydown", down, { capture: true });
    return () => removeEventListener("keydown", down, { capture: true });
  }, [video, onSpeed]);
}
