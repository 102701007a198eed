import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { errorWords, signInWords } from "../src/i18n/errors";
import { en } from "../src/i18n/en";
import { chooseLanguage } from "../src/i18n/language";
import { length, size, waitingTime } from "../src/i18n/time";
import { vi } from "../src/i18n/vi";

function leaves(tree: object, path = ""): [string, unknown][] {
  return Object.entries(tree).flatMap(([key, value]: [string, unknown]) =>
    typeof value === "object" && value !== null ? leaves(value, `${path}${key}.`) : [[`${path}${key}`, value] as [string, unknown]],
  );
}

describe("catalogues", () => {
  it("have the same entries in both languages, none empty", () => {
    expect(leaves(en).map(([key]) => key)).toEqual(leaves(vi).map(([key]) => key));
    for (const [key, value] of [...leaves(en), ...leaves(vi)]) {
      const text = typeof value === "function" ? String((value as (x: unknown) => string)(2)) : value;
      expect(text, key).toBeTruthy();
    }
  });

  it("use the school's words", () => {
    const expected: [string, string, string][] = [
      [en.room.waitingRoom, "Waiting room", vi.room.waitingRoom],
      [en.room.admit, "Admit", vi.room.admit],
      [en.room.deny, "Deny", vi.room.deny],
      [en.room.admitClass, "Admit all in class", vi.room.admitClass],
      [en.join.waiting, "Waiting for the teacher's approval", vi.join.waiting],
      [en.lessons.ask, "Ask to enter", vi.lessons.ask],
      [en.lessons.start, "Start lesson", vi.lessons.start],
      [en.room.end, "End lesson for all", vi.room.end],
      [en.room.leave, "Leave", vi.room.leave],
      [en.room.share, "Share screen", vi.room.share],
      [en.room.recording, "Recording", vi.room.recording],
      [en.recordings.title, "Recordings", vi.recordings.title],
      [en.recordings.download, "Download", vi.recordings.download],
    ];
    for (const [english, wanted] of expected) expect(english).toBe(wanted);
    expect(expected.map(([, , vietnamese]) => vietnamese)).toEqual([
      "Phòng chờ",
      "Cho vào lớp",
      "Từ chối",
      "Cho cả lớp vào",
      "Đang chờ giáo viên duyệt",
      "Xin vào lớp",
      "Bắt đầu tiết học",
      "Kết thúc tiết học",
      "Rời lớp",
      "Chia sẻ màn hình",
      "Đang ghi hình",
      "Bài học đã ghi",
      "Tải về",
    ]);
    expect(JSON.stringify(leaves(vi))).not.toContain("uộc họp");
  });
});

describe("the language", () => {
  it("is the address's, else the remembered one, else the browser's, else Vietnamese", () => {
    expect(chooseLanguage("?lang=en", "vi", ["vi"])).toBe("en");
    expect(chooseLanguage("?lang=xx", "en", ["vi"])).toBe("en");
    expect(chooseLanguage("", null, ["en-US", "vi"])).toBe("en");
    expect(chooseLanguage("", null, ["vi-VN", "en"])).toBe("vi");
    expect(chooseLanguage("", null, ["fr", "de"])).toBe("vi");
    expect(chooseLanguage("", null, ["fr", "en"])).toBe("en");
  });
});

describe("errors in plain words", () => {
  it("knows every code of a refusal", () => {
    const codes = ["not_allowed", "not_admitted", "lesson_not_found", "lesson_not_live", "lesson_ended", "lesson_full", "safe_mode", "no_such_participant", "no_such_share", "invalid", "unreachable", "timeout"];
    for (const code of codes) expect(errorWords(code, en), code).not.toBe(en.errors.unexpected);
    expect(errorWords("something_new", en)).toBe(en.errors.unexpected);
    expect(errorWords("micDenied", vi)).toBe(vi.errors.micDenied);
  });

  it("says how long to wait after too many sign-ins", () => {
    expect(signInWords("too_many_attempts", 429, 30, en)).toContain("30 seconds");
    expect(signInWords("too_many_attempts", 429, 90, vi)).toContain("2 phút");
    expect(signInWords("wrong_password", 401, null, en)).toBe(en.login.wrong);
    expect(signInWords("unreachable", 0, null, en)).toBe(en.errors.unreachable);
  });
});

describe("lengths", () => {
  it("are written as people read them", () => {
    expect(length(65_000)).toBe("1:05");
    expect(length(3_725_000)).toBe("1:02:05");
    expect(length(-5)).toBe("0:00");
    expect(waitingTime(59.2, en)).toBe("60 seconds");
    expect(size(12_340_000, "en")).toBe("12.3 MB");
    expect(size(12_340_000, "vi")).toBe("12,3 MB");
  });
});

describe("the server's codes", () => {
  // Not for people: faults of the client itself, and what the page answers without words.
  const OWN = ["wrong_origin", "wrong_password", "method_not_allowed", "unsupported_media_type", "already", "internal"];
  const table = /STATUS[^{]*\{([^}]*)\}/.exec(readFileSync("../signaling/gateway/errors.py", "utf-8"))?.[1] ?? "";
  const codes = [...table.matchAll(/"(\w+)": \d+/g)].map((match) => match[1] ?? "").filter((code) => !OWN.includes(code));

  it.each(codes)("%s has words of its own", (code) => {
    for (const words of [vi, en]) expect(errorWords(code, words)).not.toBe(words.errors.unexpected);
  });

  it("are found", () => {
    expect(codes.length).toBeGreaterThan(15);
  });
});
