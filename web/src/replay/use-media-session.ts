/** Keys of headphones and the lock screen: where they can, they skip by ten seconds. */
import { useEffect } from "react";
import type { Player } from "./player";

export function useMediaSession(player: Player, title: string, className: string): void {
  useEffect(() => {
    const session = navigator.mediaSession;
    if (!session) return;
    session.metadata = new MediaMetadata({ title, artist: className });
    const handlers: [MediaSessionAction, MediaSessionActionHandler][] = [
      ["play", () => player.play()],
      ["pause", () => player.pause()],
      ["seekbackward", ({ seekOffset }) => player.step(-1000 * (seekOffset || 10))],
      ["seekforward", ({ seekOffset }) => player.step(1000 * (seekOffset || 10))],
    ];
    const set = (name: MediaSessionAction, handler: MediaSessionActionHandler | null) => {
      try {
        session.setActionHandler(name, handler);
      } catch {
        // This browser does not know the action.
      }
    };
    for (const [name, handler] of handlers) set(name, handler);
    return () => {
      session.metadata = null;
      for (const [name] of handlers) set(name, null);
    };
  }, [player, title, className]);
}
