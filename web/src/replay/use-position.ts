/** The server remembers where the account left off. */
import { useEffect } from "react";
import { keepPosition } from "../api/http";
import type { Player } from "./player";

const EVERY_MS = 10_000;

export function usePosition(recording: string, player: Player): void {
  useEffect(() => {
    let kept = Math.round(player.now());
    const keep = () => {
      const ms = Math.max(0, Math.round(player.now()));
      if (ms === kept) return;
      kept = ms;
      keepPosition(recording, ms);
    };
    const timer = setInterval(keep, EVERY_MS);
    const hidden = () => {
      if (document.visibilityState === "hidden") keep();
    };
    document.addEventListener("visibilitychange", hidden);
    addEventListener("pagehide", keep);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", hidden);
      removeEventListener("pagehide", keep);
      keep();
    };
  }, [recording, player]);
}
