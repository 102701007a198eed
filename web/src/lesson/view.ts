/** The lesson as this account sees it: pure functions from the server's messages to the view. */
import type { Change, LessonInfo, LessonView, Person, State, ViewChange } from "../protocol.gen";

interface Identified {
  id: string;
}

/** Present parts replace by id or are appended; `gone` removes. Order is kept. Unchanged lists keep identity. */
function merge<T extends Identified>(
  old: readonly T[],
  changed: readonly T[] | undefined,
  gone: readonly string[] | undefined,
): T[] {
  if (!changed?.length && !gone?.length) return old as T[];
  const news = new Map((changed ?? []).map((item) => [item.id, item]));
  const removed = new Set(gone ?? []);
  const result: T[] = [];
  for (const item of old) {
    if (removed.has(item.id)) continue;
    result.push(news.get(item.id) ?? item);
    news.delete(item.id);
  }
  result.push(...news.values());
  return result;
}

/** As many as the server keeps for those who enter later. */
export const NEWEST_MESSAGES = 200;

export function applyChange(view: LessonView, change: ViewChange): LessonView {
  return {
    you: change.you ?? view.you,
    lesson: change.lesson ?? view.lesson,
    people: merge(view.people, change.people, change.peopleGone),
    waiting: merge(view.waiting, change.waiting, change.waitingGone),
    shares: merge(view.shares, change.shares, change.sharesGone),
    messages: merge(view.messages, change.messages, undefined).slice(-NEWEST_MESSAGES),
  };
}

/** What to tell about the recording, from one view to the next. */
export function recordingNews(
  before: LessonInfo,
  now: LessonInfo,
): "recordingStarted" | "recordingStopped" | "recordingPaused" | "recordingResumed" | null {
  if (now.recording === null) return before.recording === null || now.phase === "ended" ? null : "recordingStopped";
  if (now.recording !== before.recording) return "recordingStarted";
  if (now.recordingPaused === before.recordingPaused) return null;
  return now.recordingPaused ? "recordingPaused" : "recordingResumed";
}

/** For hosts: whether the person has come into a recorded lesson and not yet said to know of it. */
export function isUninformed(person: Person, lesson: LessonInfo): boolean {
  return lesson.recording !== null && person.informedOf !== lesson.recording;
}

export interface Seen {
  seq: number;
  view: LessonView;
}

/** A state replaces all; a change that is older than what is known changes nothing. */
export function receive(seen: Seen | null, message: State | Change): Seen | null {
  if (message.type === "state") return { seq: message.seq, view: message.view };
  if (seen === null || message.seq <= seen.seq) return seen;
  return { seq: message.seq, view: applyChange(seen.view, message.change) };
}

/** People as the panel shows them: raised hands in order, then hosts, then the rest by given name. */
export function inOrder(view: LessonView, language: string): LessonView["people"] {
  const compare = new Intl.Collator(language).compare;
  const given = (name: string) => name.split(" ").at(-1) ?? name;
  return [...view.people].sort(
    (a, b) =>
      Number(b.hosts) - Number(a.hosts) || compare(given(a.name), given(b.name)) || compare(a.name, b.name),
  );
}

export function raisedHands(view: LessonView): LessonView["people"] {
  return view.people.filter((person) => person.hand !== null && person.hand !== undefined).sort((a, b) => (a.hand ?? 0) - (b.hand ?? 0));
}

export function nameOf(view: LessonView, participant: string): string {
  return view.people.find((person) => person.id === participant)?.name ?? (participant === view.you.id ? view.you.name : "");
}
