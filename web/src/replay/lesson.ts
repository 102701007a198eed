/** What a recording shows, and when: shares with a picture, chapters, whose camera. Pure. */
import type { Words } from "../i18n/vi";
import type { RecordingDetail, Source, Timeline, TimelineShare } from "../protocol.gen";
import { partsOf, type Part } from "./parts";
import type { Searchable } from "./search";
import type { Cue } from "./vtt";

/** A share that can be looked at, file by file. */
export interface Picture {
  share: string;
  source: Source;
  name: string;
  hosts: boolean;
  startMs: number;
  endMs: number;
  parts: Part[];
}

export interface Chapter {
  atMs: number;
  title: string;
  share: boolean;
}

export const EMPTY: Timeline = {
  durationMs: 0,
  messages: [],
  hands: [],
  moves: [],
  shares: [],
  chapters: [],
  stills: [],
  cutsMs: [],
};

export function picturesOf(timeline: Timeline, detail: RecordingDetail): Picture[] {
  const files = new Map(detail.files.map((file) => [file.name, file]));
  return timeline.shares
    .filter((share) => share.picture)
    .map((share) => ({
      share: share.share,
      source: share.source,
      name: share.name,
      hosts: share.hosts,
      startMs: share.startMs,
      endMs: share.endMs,
      parts: partsOf(share.files.flatMap((name) => files.get(name) ?? [])),
    }))
    .filter((picture) => picture.parts.length > 0);
}

/** `soonMs`: what begins within that time counts as shown. */
export function shownAt(picture: Picture, ms: number, soonMs = 0): boolean {
  return picture.parts.some((part) => part.startMs - soonMs <= ms && ms < part.endMs);
}

/** A camera that was on all the time has its first picture a moment after the recording began: its place waits for it. */
export const SOON_MS = 1500;

/** The teacher's camera to stand beside the programme; none while the programme itself shows it. */
export function cameraAt(pictures: readonly Picture[], ms: number): Picture | null {
  if (!pictures.some((picture) => picture.source === "screen" && shownAt(picture, ms, SOON_MS))) return null;
  return pictures.find((picture) => picture.source === "camera" && picture.hosts && shownAt(picture, ms, SOON_MS)) ?? null;
}

export function shareName(share: { source: Source; name: string }, words: Words): string {
  const name = share.name || words.replay.somebody;
  if (share.source === "camera") return words.recordings.cameraOf(name);
  if (share.source === "screen" || share.source === "screen_audio") return words.recordings.screenOf(name);
  return words.recordings.voiceOf(name);
}

export function chaptersOf(timeline: Timeline, words: Words): Chapter[] {
  const shares = new Map(timeline.shares.map((share) => [share.share, share]));
  return timeline.chapters
    .map((chapter) => {
      const share = shares.get(chapter.share);
      const title = chapter.title || (share ? shareName(share, words) : words.replay.mark);
      return { atMs: chapter.atMs, title, share: share !== undefined };
    })
    .sort((a, b) => a.atMs - b.atMs);
}

export function searchables(timeline: Timeline, cues: readonly Cue[], words: Words): Searchable[] {
  const spoken: TimelineShare[] = timeline.shares.filter((share) => share.picture);
  const chaptered = new Set(timeline.chapters.map((chapter) => chapter.share));
  return [
    ...chaptersOf(timeline, words).map((chapter) => ({ kind: "chapter" as const, atMs: chapter.atMs, name: "", text: chapter.title })),
    ...spoken
      .filter((share) => !chaptered.has(share.share))
      .map((share) => ({ kind: "share" as const, atMs: share.startMs, name: "", text: shareName(share, words) })),
    ...timeline.messages.map((said) => ({ kind: "chat" as const, atMs: said.atMs, name: said.name, text: said.text })),
    ...timeline.stills
      .filter((still) => still.text !== "")
      .map((still) => ({ kind: "still" as const, atMs: still.atMs, name: "", text: still.text })),
    ...cues.map((cue) => ({ kind: "caption" as const, atMs: cue.startMs, name: "", text: cue.text })),
  ];
}
