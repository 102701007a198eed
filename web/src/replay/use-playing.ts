import { useSyncExternalStore } from "react";
import type { Player, Playing } from "./player";

/** What the player does now; `read` must give a plain value, so that only its changes draw anew. */
export function usePlaying<T extends string | number | boolean | null>(player: Player, read: (now: Playing) => T): T {
  return useSyncExternalStore(player.subscribe, () => read(player.snapshot()));
}

export function useWhole(player: Player): Playing {
  return useSyncExternalStore(player.subscribe, player.snapshot);
}
