/** Full screen with everything in it; the controls go while nothing is touched and something plays. */
import { useEffect, useState, type RefObject } from "react";
import type { Player } from "./player";

const IDLE_MS = 3000;

export function useFullScreen(box: RefObject<HTMLElement | null>, player: Player) {
  const [full, setFull] = useState(false);
  const [idle, setIdle] = useState(false);

  useEffect(() => {
    const changed = () => setFull(document.fullscreenElement !== null && document.fullscreenElement === box.current);
    document.addEventListener("fullscreenchange", changed);
    return () => document.removeEventListener("fullscreenchange", changed);
  }, [box]);

  useEffect(() => {
    const element = box.current;
    if (!full || !element) {
      setIdle(false);
      return;
    }
    let timer: ReturnType<typeof setTimeout>;
    const used = () => {
      setIdle(false);
      clearTimeout(timer);
      timer = setTimeout(() => setIdle(player.snapshot().playing), IDLE_MS);
    };
    used();
    const events = ["pointermove", "pointerdown", "keydown", "focusin"] as const;
    for (const name of events) element.addEventListener(name, used);
    return () => {
      clearTimeout(timer);
      for (const name of events) element.removeEventListener(name, used);
    };
  }, [full, box, player]);

  const toggle = () => {
    const element = box.current;
    if (document.fullscreenElement) void document.exitFullscreen();
    else if (element?.requestFullscreen) void element.requestFullscreen().catch(() => undefined);
    else (player.element as { webkitEnterFullscreen?(): void } | null)?.webkitEnterFullscreen?.();
  };
  return { full, toggle, idle };
}
