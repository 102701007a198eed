/**
 * How long to wait before asking a server again that gave no answer: 1, 2, 4, 8, then 15 s, with up to half of it
 * taken off at random, so that a school that lost its server does not come back all at once. Pure.
 */
export function patience(unanswered: number, random: () => number): number {
  const full = Math.min(15_000, 1000 * 2 ** Math.min(unanswered, 10));
  return Math.round(full * (1 - 0.5 * random()));
}
