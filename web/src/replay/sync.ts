/** How a second picture stays in step with the programme. Pure. */

/** Within this many ms playing a little faster or slower is enough; beyond it only a jump helps. */
export const JUMP_BEYOND_MS = 300;
/** Nobody sees less. */
export const IN_STEP_MS = 40;
/** A follower makes up for its whole drift in this time. */
const MAKE_UP_MS = 2500;

export type Correction = { kind: "jump"; toMs: number } | { kind: "rate"; rate: number };

/**
 * `leadMs`: what jumps cost lately, so that a follower is in step when its jump is done and not when
 * it begins; while the programme stands, nothing is ahead of it.
 */
export function correction(
  master: { ms: number; rate: number; playing: boolean },
  followerMs: number,
  leadMs = 0,
): Correction {
  const drift = master.ms - followerMs;
  if (!master.playing) {
    return Math.abs(drift) > IN_STEP_MS ? { kind: "jump", toMs: master.ms } : { kind: "rate", rate: master.rate };
  }
  if (Math.abs(drift) > JUMP_BEYOND_MS) return { kind: "jump", toMs: master.ms + leadMs * master.rate };
  if (Math.abs(drift) <= IN_STEP_MS) return { kind: "rate", rate: master.rate };
  return { kind: "rate", rate: master.rate * (1 + drift / MAKE_UP_MS) };
}

/** After a jump that came out this far behind (or ahead): how far to aim ahead the next time. */
export function learned(leadMs: number, driftMs: number): number {
  return Math.min(1500, Math.max(0, leadMs + driftMs / 2));
}
