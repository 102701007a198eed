/**
 * How one goes through a running recording towards the live lesson; pure.
 *
 * What is played is a snapshot: a finite file that never grows. So before its end a newer one is made
 * ready beside it and takes over at a moment that both have. All times in ms; `now` on our own clock,
 * all others on the recording's.
 */
import type { Rewind, RewindPart } from "../protocol.gen";

/** So near the live lesson there is nothing left to catch up with. */
export const LIVE_MS = 5000;
/** So near it is better to go over than to wait for what the recorder writes next. */
const NEAR_MS = 10_000;
/** As near as one gets where the recorder writes late. */
const LATE_MS = 20_000;
/** Before its end, in time of the one who watches, what follows is made ready. */
const PREPARE_MS = 6000;
/** What takes over is made ready so far ahead, in time of the one who watches. */
const LEAD_MS = 1500;
/** From play() to a moving picture. */
const STARTS_MS = 50;
const REFRESH_MS = 2000;
/** Growth that is worth a change of files. */
const WORTH_MS = 1000;
/** Parts follow each other within this. */
const SEAM_MS = 500;

/** What the server said, and when it came. */
export interface Told {
  rewind: Rewind;
  at: number;
}

/** A part as it is played: `bytes` of it. */
export type Loaded = Pick<RewindPart, "name" | "startMs" | "durationMs" | "bytes">;

export interface Standing {
  told: Told;
  loaded: Loaded;
  positionMs: number;
  /** What is loaded has played to its end. */
  ended: boolean;
  speed: number;
  /** Made ready to take over at `atMs`. */
  standby: { atMs: number; ready: boolean } | null;
}

export type Step =
  | { do: "nothing" | "swap" | "refresh" }
  /** Return to the live lesson. */
  | { do: "live" }
  | { do: "prepare"; part: RewindPart; atMs: number };

/** Where the live lesson is. */
export function edgeMs({ rewind, at }: Told, now: number): number {
  return rewind.paused ? rewind.nowMs : rewind.nowMs + Math.max(0, now - at);
}

const endOf = (part: Loaded) => part.startMs + part.durationMs;

/** Up to where there is something to play. */
export function playableMs({ rewind }: Told): number {
  return Math.max(0, ...rewind.parts.map(endOf));
}

/** The part that has the moment, or comes next after it; else the last one at its end. */
export function placeAt(parts: readonly RewindPart[], ms: number): { part: RewindPart; atMs: number } | null {
  const ordered = [...parts].sort((a, b) => a.startMs - b.startMs);
  const has = ordered.find((part) => ms < endOf(part));
  const part = has ?? ordered.at(-1);
  if (!part) return null;
  return { part, atMs: Math.min(Math.max(ms, part.startMs), endOf(part)) };
}

export function isLive(told: Told, positionMs: number, now: number): boolean {
  return edgeMs(told, now) - positionMs <= LIVE_MS;
}

export function nextStep(standing: Standing, now: number): Step {
  const { told, loaded, positionMs, ended, speed, standby } = standing;
  if (isLive(told, positionMs, now)) return { do: "live" };
  const gap = edgeMs(told, now) - positionMs;
  if (ended && gap <= NEAR_MS) return { do: "live" };
  if (standby) {
    const due = ended || positionMs >= standby.atMs - STARTS_MS * speed;
    return { do: standby.ready && due ? "swap" : "nothing" };
  }
  if (!ended && (endOf(loaded) - positionMs) / speed > PREPARE_MS) return { do: "nothing" };
  const next = continuation(standing);
  if (next) return { do: "prepare", ...next };
  if (now - told.at >= REFRESH_MS) return { do: "refresh" };
  // All there is was played, and the recorder writes no nearer to the live lesson.
  if (ended && gap <= LATE_MS) return { do: "live" };
  return { do: "nothing" };
}

/** A longer snapshot of what plays, or the part after it. */
function continuation({ told, loaded, positionMs, ended, speed }: Standing): { part: RewindPart; atMs: number } | null {
  const { parts } = told.rewind;
  const newer = parts.find((part) => part.name === loaded.name);
  if (newer && endOf(newer) - endOf(loaded) >= WORTH_MS) {
    return { part: newer, atMs: ended ? endOf(loaded) : Math.min(positionMs + LEAD_MS * speed, endOf(loaded)) };
  }
  const after = parts
    .filter((part) => part.name !== loaded.name && part.startMs >= endOf(loaded) - SEAM_MS)
    .sort((a, b) => a.startMs - b.startMs)[0];
  return after ? { part: after, atMs: after.startMs } : null;
}
