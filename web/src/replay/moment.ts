/** Moments as people write them, and where watching begins. Pure. */

/** `?t=`: seconds (90, 90.5), or as a clock shows them (1:30). Null: none, or no moment. */
export function askedMoment(search: string): number | null {
  const asked = new URLSearchParams(search).get("t");
  return asked === null ? null : readMoment(asked);
}

/** "75", "1:15", "1:02:03.5" → ms. */
export function readMoment(text: string): number | null {
  const match = /^(?:(?:(\d{1,3}):)?(\d{1,2}):)?(\d{1,6}(?:[.,]\d{1,3})?)s?$/.exec(text.trim());
  if (!match) return null;
  const seconds = Number(match[3]?.replace(",", "."));
  const clocked = match[2] !== undefined;
  if (clocked && (seconds >= 60 || (match[1] !== undefined && Number(match[2]) >= 60))) return null;
  return Math.round(((Number(match[1] ?? 0) * 60 + Number(match[2] ?? 0)) * 60 + seconds) * 1000);
}

/** With tenths, for editing: 1:15.3. */
export function writeMoment(ms: number): string {
  const tenths = Math.max(0, Math.round(ms / 100));
  const [h, m, s] = [Math.floor(tenths / 36_000), Math.floor(tenths / 600) % 60, (tenths % 600) / 10];
  const seconds = s.toFixed(1).padStart(4, "0");
  return h > 0 ? `${h}:${String(m).padStart(2, "0")}:${seconds}` : `${m}:${seconds}`;
}

export function linkAt(href: string, ms: number): string {
  const url = new URL(href);
  return `${url.origin}${url.pathname}?t=${Math.max(0, Math.floor(ms / 1000))}`;
}

const WORTH_MS = 10_000;

/** Whether to offer going on there: not at the beginning, and not at the end. */
export function worthResuming(positionMs: number, durationMs: number): boolean {
  return positionMs >= WORTH_MS && positionMs <= durationMs - WORTH_MS;
}
