/** For how long recordings are kept, and what a change of that does; pure. `null` days: until somebody erases them. */
import type { ClassRetention, RecordingRow, Retention } from "../protocol.gen";

export type Days = number | null;

export const DAY_MS = 86_400_000;
export const MOST_DAYS = 36_500;

/** A class's own rule, or that it follows the school. */
export function daysOf(rules: Retention, classId: string): Days {
  const own = rules.classes?.find((rule) => rule.classId === classId);
  return own ? own.days : rules.schoolDays;
}

/** `days` undefined: as the school. */
export function withClass(rules: Retention, classId: string, days: Days | undefined): Retention {
  const others = (rules.classes ?? []).filter((rule) => rule.classId !== classId);
  const own: ClassRetention[] = days === undefined ? [] : [{ classId, days }];
  return { ...rules, classes: [...others, ...own] };
}

export function isValid(rules: Retention): boolean {
  const good = (days: Days) => days === null || (Number.isInteger(days) && days >= 1 && days <= MOST_DAYS);
  return good(rules.schoolDays) && (rules.classes ?? []).every((rule) => good(rule.days));
}

export function same(a: Retention, b: Retention): boolean {
  const all = (rules: Retention) =>
    [...(rules.classes ?? [])]
      .sort((x, y) => x.classId.localeCompare(y.classId))
      .map((rule) => `${rule.classId}=${rule.days}`)
      .join();
  return a.schoolDays === b.schoolDays && all(a) === all(b);
}

const shorter = (now: Days, before: Days) => now !== null && (before === null || now < before);

/** Whether for anybody less is kept than before. */
export function shortens(before: Retention, after: Retention, classIds: readonly string[]): boolean {
  return shorter(after.schoolDays, before.schoolDays) || classIds.some((id) => shorter(daysOf(after, id), daysOf(before, id)));
}

/** The recordings that go at once under the rules. `classIdOf`: null where the class is not known. */
export function goesNow(
  rows: readonly RecordingRow[],
  rules: Retention,
  classIdOf: (row: RecordingRow) => string | null,
  now: number,
): RecordingRow[] {
  return rows.filter((row) => {
    if (row.state !== "ready" && row.state !== "lost") return false;
    const id = classIdOf(row);
    const days = id === null ? rules.schoolDays : daysOf(rules, id);
    return days !== null && now - (row.startedAt + row.durationMs) >= days * DAY_MS;
  });
}
