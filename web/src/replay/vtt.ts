/** WebVTT: read leniently, written strictly. Pure. */

export interface Cue {
  startMs: number;
  endMs: number;
  text: string;
}

const TIMES = /^((?:\d{2,4}:)?[0-5]\d:[0-5]\d\.\d{3})[ \t]+-->[ \t]+((?:\d{2,4}:)?[0-5]\d:[0-5]\d\.\d{3})/;

/** Lines in plain text. What is not a caption (notes, styles) is left out. Null: not WebVTT at all. */
export function readVtt(file: string): Cue[] | null {
  const lines = file.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/);
  if (!/^WEBVTT(?:[ \t].*)?$/.test(lines[0] ?? "")) return null;
  const cues: Cue[] = [];
  for (let i = 1; i < lines.length; i++) {
    const times = TIMES.exec(lines[i] ?? "");
    if (!times) continue;
    const text: string[] = [];
    while (i + 1 < lines.length && lines[i + 1]?.trim()) text.push(lines[++i] as string);
    cues.push({ startMs: readTime(times[1]), endMs: readTime(times[2]), text: plain(text.join("\n")) });
  }
  return inOrder(cues);
}

export function writeVtt(cues: readonly Cue[]): string {
  const blocks = inOrder(cues.filter((cue) => cue.endMs > cue.startMs && lined(cue.text) !== "")).map(
    (cue) => `${writeTime(cue.startMs)} --> ${writeTime(cue.endMs)}\n${escaped(lined(cue.text))}\n`,
  );
  return ["WEBVTT\n", ...blocks].join("\n");
}

export function inOrder(cues: readonly Cue[]): Cue[] {
  return [...cues].sort((a, b) => a.startMs - b.startMs || a.endMs - b.endMs);
}

/** What is to be read at this moment, in order. */
export function saidAt(cues: readonly Cue[], ms: number): Cue[] {
  return cues.filter((cue) => cue.startMs <= ms && ms < cue.endMs);
}

function readTime(text: string | undefined): number {
  const [seconds = 0, minutes = 0, hours = 0] = (text ?? "").split(":").map(Number).reverse();
  return Math.round(((hours * 60 + minutes) * 60 + seconds) * 1000);
}

function writeTime(ms: number): string {
  const whole = Math.max(0, Math.round(ms));
  const two = (n: number) => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(whole / 3_600_000), Math.floor(whole / 60_000) % 60, Math.floor(whole / 1000) % 60];
  return `${two(h)}:${two(m)}:${two(s)}.${String(whole % 1000).padStart(3, "0")}`;
}

/** An empty line would end the caption. */
function lined(text: string): string {
  return text
    .split(/\r\n|\r|\n/)
    .map((line) => line.trim())
    .filter(Boolean)
    .join("\n");
}

const NAMES: Record<string, string> = { amp: "&", lt: "<", gt: ">", nbsp: " ", lrm: "", rlm: "" };

function plain(text: string): string {
  return text.replace(/<[^>]*>/g, "").replace(/&(amp|lt|gt|nbsp|lrm|rlm);/g, (_, name: string) => NAMES[name] ?? "");
}

function escaped(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}
