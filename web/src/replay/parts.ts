/** One time line over several files, in ms of recording time. Pure. */
import type { RecordingFile } from "../protocol.gen";

export interface Part {
  name: string;
  startMs: number;
  endMs: number;
}

/** Where to be in which file. */
export interface Place {
  index: number;
  seconds: number;
}

export function partsOf(files: readonly RecordingFile[]): Part[] {
  return files
    .map((file) => ({ name: file.name, startMs: file.startMs, endMs: file.startMs + file.durationMs }))
    .sort((a, b) => a.startMs - b.startMs);
}

/** Between two parts: the beginning of the next. Before the first and behind the last: its nearest end. */
export function placeOf(parts: readonly Part[], ms: number): Place | null {
  if (parts.length === 0) return null;
  let index = 0;
  for (const [i, part] of parts.entries()) if (part.startMs <= ms) index = i;
  const part = parts[index] as Part;
  if (ms >= part.endMs && index + 1 < parts.length) return { index: index + 1, seconds: 0 };
  return { index, seconds: Math.min(Math.max(0, ms - part.startMs), part.endMs - part.startMs) / 1000 };
}

export function momentOf(part: Part | undefined, seconds: number): number {
  return (part?.startMs ?? 0) + seconds * 1000;
}

/** The file that has a picture at this moment; none where there is nothing to see. */
export function partAt(parts: readonly Part[], ms: number): Part | null {
  return parts.find((part) => part.startMs <= ms && ms < part.endMs) ?? null;
}

/** How many of the ascending `times` have come at `ms`; the last of them is what is current. */
export function come(times: readonly number[], ms: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] as number) <= ms) low = middle + 1;
    else high = middle;
  }
  return low;
}
