/** How long to wait before the next try: doubles from 0.2 s to 3 s, with up to half of it taken off at random. */
export function backoff(attempt: number, random: () => number): number {
  const full = Math.min(3000, 200 * 2 ** Math.min(attempt, 10));
  return Math.round(full * (1 - 0.5 * random()));
}
