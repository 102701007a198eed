import { describe, expect, it } from "vitest";
import { recordingMs } from "../src/lesson/recording-clock";
import { isUninformed, recordingNews } from "../src/lesson/view";
import type { LessonInfo, Person } from "../src/protocol.gen";

const lesson = (more: Partial<LessonInfo> = {}) =>
  ({ phase: "live", recording: null, recordingSince: null, recordingPaused: false, ...more }) as LessonInfo;
const running = lesson({ recording: "r1", recordingSince: 1000 });

describe("what is told of a recording", () => {
  it("is each change once", () => {
    const paused = lesson({ ...running, recordingPaused: true });
    expect(recordingNews(lesson(), running)).toBe("recordingStarted");
    expect(recordingNews(running, running)).toBeNull();
    expect(recordingNews(running, paused)).toBe("recordingPaused");
    expect(recordingNews(paused, running)).toBe("recordingResumed");
    expect(recordingNews(running, lesson())).toBe("recordingStopped");
    expect(recordingNews(running, lesson({ recording: "r2" }))).toBe("recordingStarted");
  });

  it("is nothing when it stops because the lesson has ended", () => {
    expect(recordingNews(running, lesson({ phase: "ended" }))).toBeNull();
  });
});

describe("who does not know of the recording", () => {
  it("is who knows of none, or of an earlier one", () => {
    const person = (informedOf: string | null) => ({ informedOf }) as Person;
    expect(isUninformed(person("r1"), running)).toBe(false);
    expect(isUninformed(person(null), running)).toBe(true);
    expect(isUninformed(person("r0"), running)).toBe(true);
    expect(isUninformed(person(null), lesson())).toBe(false);
  });
});

describe("recording time", () => {
  const at = (more: Partial<LessonInfo>) => ({ recordingSince: 1000, recordingPausedAt: null, recordingHeldMs: 0, ...more });

  it("has the pauses taken out, and stands in one", () => {
    expect(recordingMs(at({}), 61_000)).toBe(60_000);
    expect(recordingMs(at({ recordingHeldMs: 20_000 }), 61_000)).toBe(40_000);
    expect(recordingMs(at({ recordingHeldMs: 20_000, recordingPausedAt: 51_000 }), 61_000)).toBe(30_000);
  });

  it("is never negative, and nothing where nothing is recorded", () => {
    expect(recordingMs(at({}), 500)).toBe(0);
    expect(recordingMs(at({ recordingSince: null }), 500)).toBe(0);
  });
});
