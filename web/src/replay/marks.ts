/** What stands on the time line, as parts of its width. Pure. */

/** Marks nearer than a hundred-fiftieth of the line are one. Ascending, 0 to 1. */
export function marks(times: readonly number[], durationMs: number, most = 150): number[] {
  if (durationMs <= 0) return [];
  const taken = new Set<number>();
  for (const ms of times) if (ms >= 0 && ms <= durationMs) taken.add(Math.round((ms / durationMs) * most));
  return [...taken].sort((a, b) => a - b).map((slot) => slot / most);
}

export interface Stretch {
  startMs: number;
  endMs: number;
}

/** The line cut at its chapters. */
export function stretches(starts: readonly number[], durationMs: number): Stretch[] {
  const cuts = [...new Set([0, ...starts.filter((ms) => ms > 0 && ms < durationMs)])].sort((a, b) => a - b);
  return cuts.map((startMs, i) => ({ startMs, endMs: cuts[i + 1] ?? durationMs }));
}

/** How much of a stretch is covered by [fromMs, toMs], from where: parts of its width. */
export function covered(stretch: Stretch, fromMs: number, toMs: number): { left: number; width: number } {
  const length = Math.max(1, stretch.endMs - stretch.startMs);
  const [from, to] = [Math.max(stretch.startMs, fromMs), Math.min(stretch.endMs, toMs)];
  return { left: Math.max(0, from - stretch.startMs) / length, width: Math.max(0, to - from) / length };
}
