import { describe, expect, it } from "vitest";
import { DAY_MS, daysOf, goesNow, isValid, same, shortens, withClass } from "../src/admin/retention";
import { daysLeft, runsOut } from "../src/admin/storage";
import type { RecordingRow, Retention, Storage } from "../src/protocol.gen";

const rules = (schoolDays: number | null, classes: Retention["classes"] = []): Retention => ({ schoolDays, classes });

describe("retention", () => {
  it("of a class is its own, else the school's", () => {
    const r = rules(30, [{ classId: "a", days: null }]);
    expect([daysOf(r, "a"), daysOf(r, "b")]).toEqual([null, 30]);
    expect(withClass(r, "a", undefined)).toEqual(rules(30));
    expect(withClass(r, "b", 7).classes).toContainEqual({ classId: "b", days: 7 });
  });

  it("is whole days from one on", () => {
    expect([rules(null), rules(1), rules(0), rules(1.5), rules(NaN), rules(40_000)].map(isValid)).toEqual([true, true, false, false, false, false]);
  });

  it("is the same in any order", () => {
    const classes = [{ classId: "a", days: 1 }, { classId: "b", days: null }];
    expect(same(rules(3, classes), rules(3, [...classes].reverse()))).toBe(true);
    expect(same(rules(3, classes), rules(3))).toBe(false);
  });

  it("asks back before less is kept, also of a class that loses its exception", () => {
    expect(shortens(rules(30), rules(90), ["a"])).toBe(false);
    expect(shortens(rules(null), rules(90), [])).toBe(true);
    expect(shortens(rules(30, [{ classId: "a", days: null }]), rules(30), ["a"])).toBe(true);
    expect(shortens(rules(30), rules(30, [{ classId: "a", days: 31 }]), ["a"])).toBe(false);
  });

  it("says which recordings go", () => {
    const now = 100 * DAY_MS;
    const row = (id: string, days: number, className = "a", state = "ready") =>
      ({ id, className, state, startedAt: now - days * DAY_MS, durationMs: 0 }) as RecordingRow;
    const rows = [row("old", 31), row("new", 29), row("kept", 90, "b"), row("running", 50, "a", "recording")];
    const gone = goesNow(rows, rules(30, [{ classId: "b", days: null }]), (r) => r.className, now);
    expect(gone.map((r) => r.id)).toEqual(["old"]);
  });
});

describe("storage", () => {
  const of = (more: Partial<Storage>): Storage => ({ usedBytes: 0, freeBytes: 50e9, bytesPerHour: 1e9, hoursLeft: 50, lastDayBytes: 0, classes: [], ...more });
  it("runs out below ten hours or five gigabytes, where it has a bound", () => {
    expect(runsOut(of({}))).toBe(false);
    expect(runsOut(of({ hoursLeft: 9.9 }))).toBe(true);
    expect(runsOut(of({ freeBytes: 4.9e9 }))).toBe(true);
    expect(runsOut(of({ freeBytes: null, hoursLeft: null }))).toBe(false);
  });
  it("lasts as long as days like the last one fit", () => {
    expect(daysLeft(of({ lastDayBytes: 20e9 }))).toBe(2);
    expect(daysLeft(of({}))).toBeNull();
    expect(daysLeft(of({ lastDayBytes: 1000 }))).toBeNull();
    expect(daysLeft(of({ freeBytes: null, lastDayBytes: 1 }))).toBeNull();
  });
});
