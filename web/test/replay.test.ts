import { describe, expect, it } from "vitest";
import { en } from "../src/i18n/en";
import { vi } from "../src/i18n/vi";
import type { RecordingDetail, RecordingFile, Timeline } from "../src/protocol.gen";
import { fold } from "../src/replay/fold";
import { cameraAt, chaptersOf, EMPTY, picturesOf, searchables } from "../src/replay/lesson";
import { covered, marks, stretches } from "../src/replay/marks";
import { askedMoment, linkAt, readMoment, worthResuming, writeMoment } from "../src/replay/moment";
import { come, momentOf, partAt, partsOf, placeOf } from "../src/replay/parts";
import { index, search } from "../src/replay/search";
import { correction, IN_STEP_MS, JUMP_BEYOND_MS, learned } from "../src/replay/sync";
import { thumbAt } from "../src/replay/thumbs";
import { sideBySide, WHOLE, withPane } from "../src/replay/view";
import { readVtt, saidAt, writeVtt } from "../src/replay/vtt";

const file = (name: string, startMs: number, durationMs: number, role: RecordingFile["role"] = "share"): RecordingFile => ({
  name,
  role,
  mimeType: "video/webm",
  startMs,
  durationMs,
  bytes: 1,
  source: "",
  participantName: "",
  sha256: "",
});

describe("one time line over parts", () => {
  const parts = partsOf([file("b", 10_000, 5000), file("a", 0, 9000), file("c", 15_000, 5000)]);

  it("finds every moment in its part and comes back to it", () => {
    expect(placeOf(parts, 0)).toEqual({ index: 0, seconds: 0 });
    expect(placeOf(parts, 12_500)).toEqual({ index: 1, seconds: 2.5 });
    expect(placeOf(parts, 15_000)).toEqual({ index: 2, seconds: 0 });
    for (const ms of [0, 1, 8999, 10_000, 14_999, 19_000]) {
      const place = placeOf(parts, ms);
      expect(momentOf(parts[place?.index ?? -1], place?.seconds ?? 0)).toBeCloseTo(ms);
    }
  });

  it("goes over a hole to the next part, and stays within the whole", () => {
    expect(placeOf(parts, 9500)).toEqual({ index: 1, seconds: 0 });
    expect(placeOf(parts, -5)).toEqual({ index: 0, seconds: 0 });
    expect(placeOf(parts, 99_000)).toEqual({ index: 2, seconds: 5 });
    expect(placeOf([], 5)).toBeNull();
    expect(partAt(parts, 9500)).toBeNull();
    expect(partAt(parts, 10_000)?.name).toBe("b");
  });

  it("knows what has come", () => {
    expect([-1, 0, 4, 5, 99].map((ms) => come([0, 5, 5, 9], ms))).toEqual([0, 1, 1, 3, 4]);
  });
});

describe("a second picture", () => {
  const master = { ms: 10_000, rate: 1, playing: true };

  it("plays at the programme's speed while in step, a little off it while nearly so, jumps else", () => {
    expect(correction(master, 10_000 - IN_STEP_MS)).toEqual({ kind: "rate", rate: 1 });
    expect(correction({ ...master, rate: 2 }, 9900)).toEqual({ kind: "rate", rate: 2 * 1.04 });
    expect(correction(master, 10_100)).toEqual({ kind: "rate", rate: 0.96 });
    expect(correction(master, 10_000 - JUMP_BEYOND_MS - 1)).toEqual({ kind: "jump", toMs: 10_000 });
    expect(correction({ ...master, rate: 2 }, 0, 200)).toEqual({ kind: "jump", toMs: 10_400 });
    expect(correction({ ...master, playing: false }, 9900, 200)).toEqual({ kind: "jump", toMs: 10_000 });
  });

  it("comes into step from any distance, and stays there", () => {
    for (const rate of [0.5, 1, 2]) {
      for (const from of [-60_000, -290, -100, 0, 100, 290, 60_000]) {
        let [ms, own, speed] = [100_000, 100_000 + from, rate];
        for (let step = 0; step < 60; step++) {
          const what = correction({ ms, rate, playing: true }, own);
          if (what.kind === "jump") own = what.toMs;
          else speed = what.rate;
          ms += 200 * rate;
          own += 200 * speed;
        }
        expect(Math.abs(ms - own)).toBeLessThanOrEqual(IN_STEP_MS + 10);
      }
    }
  });

  it("learns what a jump costs, within limits", () => {
    let lead = 0;
    for (let i = 0; i < 20; i++) lead = learned(lead, 600 - lead);
    expect(lead).toBeCloseTo(600, 0);
    expect(learned(0, -500)).toBe(0);
    expect(learned(0, 1e9)).toBe(1500);
  });
});

describe("search", () => {
  const entries = index([
    { kind: "chat", atMs: 9000, name: "Nguyễn Văn Đức", text: "Thưa cô, Định  lý Pi-ta-go dùng khi nào ạ?" },
    { kind: "chapter", atMs: 1000, name: "", text: "Định lý cosin" },
    { kind: "still", atMs: 5000, name: "", text: "y = ax² + bx + c" },
    { kind: "chat", atMs: 7000, name: "Lan", text: "x".repeat(100) + " tam giác " + "y".repeat(100) },
  ]);

  it("reads through accents and capitals, and đ", () => {
    expect(fold("Định LÝ").text).toBe("dinh ly");
    expect(fold("ĐƯỜNG thẳng\n\tỨng").text).toBe("duong thang ung");
    expect(search(entries, "dinh ly").map((hit) => hit.atMs)).toEqual([1000, 9000]);
    expect(search(entries, "ĐỊNH LÝ").map((hit) => hit.match)).toEqual(["Định lý", "Định  lý"]);
    expect(search(entries, "định lý".normalize("NFD"))).toHaveLength(2);
  });

  it("takes words in any order, of what was said and who said it", () => {
    expect(search(entries, "pi-ta-go duc").map((hit) => hit.name)).toEqual(["Nguyễn Văn Đức"]);
    expect(search(entries, "cosin pi-ta-go")).toEqual([]);
    expect(search(entries, "  ")).toEqual([]);
  });

  it("shows what is around what was found", () => {
    const [hit] = search(entries, "tam giac");
    expect(hit?.match).toBe("tam giác");
    expect(hit?.before.startsWith("…x")).toBe(true);
    expect(hit?.after.endsWith("y…")).toBe(true);
    expect(`${hit?.before}${hit?.match}`.length).toBeLessThan(80);
  });

  it("keeps the place of each letter, decomposed or beyond the first plane", () => {
    const text = "a😀Đi\u0323nh x";
    const folded = fold(text);
    expect(folded.text).toBe("a😀dinh x");
    expect(text.slice(folded.from[folded.text.indexOf("x")])).toBe("x");
    expect(folded.from).toHaveLength(folded.text.length);
  });
});

describe("moments", () => {
  it("are read as people write them", () => {
    expect(["90", "1:30", "01:30", "0:01:30", "90s", "90.0", "1:30,0"].map(readMoment)).toEqual(Array(7).fill(90_000));
    expect(["", "x", "1:60", "1:75:00", "-5", "1:2:3:4", "1e9", "NaN"].map(readMoment)).toEqual(Array(8).fill(null));
    for (const ms of [0, 100, 59_900, 60_000, 3_661_500]) expect(readMoment(writeMoment(ms))).toBe(ms);
    expect(writeMoment(59_960)).toBe("1:00.0");
  });

  it("are in links", () => {
    expect(askedMoment("?lang=en&t=75")).toBe(75_000);
    expect(askedMoment("?lang=en")).toBeNull();
    expect(linkAt("https://a.vn/recordings/r?lang=vi&t=3#x", 75_900)).toBe("https://a.vn/recordings/r?t=75");
  });

  it("are offered for going on only in the middle", () => {
    expect([0, 9999, 10_000, 50_000, 95_000].map((ms) => worthResuming(ms, 100_000))).toEqual([false, false, true, true, false]);
  });
});

describe("captions", () => {
  it("survive being written and read", () => {
    const cues = [
      { startMs: 3_600_000, endMs: 3_601_250, text: "a < b & c > d" },
      { startMs: 500, endMs: 2000, text: "Định lý\n\n Pi-ta-go \n" },
    ];
    const vtt = writeVtt(cues);
    expect(vtt).toBe("WEBVTT\n\n00:00:00.500 --> 00:00:02.000\nĐịnh lý\nPi-ta-go\n\n01:00:00.000 --> 01:00:01.250\na &lt; b &amp; c &gt; d\n");
    expect(readVtt(vtt)?.map((cue) => cue.text)).toEqual(["Định lý\nPi-ta-go", "a < b & c > d"]);
    expect(writeVtt(readVtt(vtt) ?? [])).toBe(vtt);
  });

  it("of other makers are read: notes, names, settings, tags, any line ends", () => {
    const cues = readVtt("\uFEFFWEBVTT - made\r\n\r\nNOTE hello\r\n\r\n1\r\n00:01.000 --> 00:02.000 align:start\r\n<v Cô>Xin <b>chào</b> &amp; hẹn\r\n");
    expect(cues).toEqual([{ startMs: 1000, endMs: 2000, text: "Xin chào & hẹn" }]);
    expect(readVtt("1\n00:00:01,000 --> 00:00:02,000\nSRT")).toBeNull();
    expect(readVtt("WEBVTT")).toEqual([]);
  });

  it("leave out what nobody would see, and are shown in their time", () => {
    expect(writeVtt([{ startMs: 5, endMs: 5, text: "x" }, { startMs: 5, endMs: 9, text: " \n" }])).toBe("WEBVTT\n");
    const cues = [{ startMs: 0, endMs: 10, text: "a" }, { startMs: 5, endMs: 20, text: "b" }];
    expect([4, 5, 10, 20].map((ms) => saidAt(cues, ms).map((cue) => cue.text).join(""))).toEqual(["a", "ab", "b", ""]);
  });
});

describe("the time line", () => {
  it("joins marks that stand on each other", () => {
    expect(marks([0, 1, 2, 50_000, 100_000, 200_000], 100_000, 10)).toEqual([0, 0.5, 1]);
    expect(marks([5], 0)).toEqual([]);
    expect(marks(Array.from({ length: 5000 }, (_, i) => i), 5000).length).toBeLessThanOrEqual(151);
  });

  it("is cut at chapters", () => {
    expect(stretches([3000, 0, 3000, 9000], 10_000)).toEqual([
      { startMs: 0, endMs: 3000 },
      { startMs: 3000, endMs: 9000 },
      { startMs: 9000, endMs: 10_000 },
    ]);
    expect(stretches([], 10)).toEqual([{ startMs: 0, endMs: 10 }]);
    expect(covered({ startMs: 100, endMs: 200 }, 150, 500)).toEqual({ left: 0.5, width: 0.5 });
    expect(covered({ startMs: 100, endMs: 200 }, 0, 50)).toEqual({ left: 0, width: 0 });
  });

  it("has small pictures by their sheet", () => {
    const thumbs = { width: 160, height: 90, columns: 2, rows: 2, atMs: [0, 10, 20, 30, 40], sheets: ["a", "b"] };
    expect(thumbAt(thumbs, 35)).toEqual({ sheet: "a", x: 160, y: 90, width: 160, height: 90 });
    expect(thumbAt(thumbs, 400)?.sheet).toBe("b");
    expect(thumbAt(thumbs, -1)).toEqual({ sheet: "a", x: 0, y: 0, width: 160, height: 90 });
    expect(thumbAt({ ...thumbs, atMs: [], sheets: [] }, 5)).toBeNull();
  });
});

describe("what a recording shows", () => {
  const share = (id: string, source: "camera" | "screen" | "microphone", name: string, startMs: number, endMs: number, hosts = false) => ({
    share: id,
    source,
    name,
    hosts,
    picture: source !== "microphone",
    startMs,
    endMs,
    files: [`share-${id}.webm`],
  });
  const timeline: Timeline = {
    ...EMPTY,
    durationMs: 60_000,
    shares: [
      share("cam", "camera", "Cô Lan", 0, 60_000, true),
      share("mic", "microphone", "Cô Lan", 0, 60_000, true),
      share("one", "screen", "Cô Lan", 10_000, 30_000, true),
      share("two", "screen", "Nam", 20_000, 40_000),
      share("gone", "screen", "Nam", 41_000, 42_000),
    ],
    chapters: [
      { atMs: 25_000, title: "Bài tập", share: "" },
      { atMs: 10_000, title: "", share: "one" },
      { atMs: 50_000, title: "", share: "" },
    ],
    messages: [{ atMs: 26_000, name: "Nam", text: "Em xong rồi" }],
    stills: [{ atMs: 12_000, share: "one", file: "still-1.png", text: "Định lý" }, { atMs: 13_000, share: "one", file: "still-2.png", text: "" }],
  };
  const detail = {
    files: [
      file("share-cam.webm", 0, 60_000),
      file("share-one.webm", 10_000, 20_000),
      file("share-two.webm", 20_000, 20_000),
    ],
  } as unknown as RecordingDetail;
  const pictures = picturesOf(timeline, detail);

  it("are shares with a picture of which something was kept", () => {
    expect(pictures.map((picture) => picture.share)).toEqual(["cam", "one", "two"]);
  });

  it("has the teacher's camera beside it only while a screen is shown", () => {
    expect([5000, 10_000, 39_999, 40_000].map((ms) => cameraAt(pictures, ms)?.share)).toEqual([undefined, "cam", "cam", undefined]);
    expect([8_499, 8_500].map((ms) => cameraAt(pictures, ms)?.share), "its place waits for it").toEqual([undefined, "cam"]);
  });

  it("names its chapters by their title, their share, or as a mark", () => {
    expect(chaptersOf(timeline, vi).map((chapter) => chapter.title)).toEqual(["Màn hình của Cô Lan", "Bài tập", "Đánh dấu"]);
    expect(chaptersOf(timeline, en)[0]?.title).toBe("Screen of Cô Lan");
  });

  it("is searched in everything that can be read", () => {
    const kinds = (query: string) => search(index(searchables(timeline, [{ startMs: 1, endMs: 2, text: "lời nói" }], vi)), query).map((hit) => hit.kind);
    expect(kinds("dinh ly")).toEqual(["still"]);
    expect(kinds("nam")).toEqual(["share", "chat", "share"]);
    expect(kinds("bai tap")).toEqual(["chapter"]);
    expect(kinds("loi noi")).toEqual(["caption"]);
  });

  it("stands side by side as two different pictures", () => {
    expect(sideBySide(pictures, WHOLE, 25_000)).toEqual({ left: "one", right: "two" });
    expect(sideBySide(pictures, WHOLE, 15_000)).toEqual({ left: "", right: "cam" });
    expect(sideBySide(pictures, { left: "cam", right: null }, 15_000)).toEqual({ left: "cam", right: "one" });
    expect(sideBySide([], WHOLE, 0)).toEqual({ left: "", right: "" });
    expect(withPane({ left: "one", right: "two" }, "left", "two")).toEqual({ left: "two", right: "one" });
    expect(withPane({ left: "one", right: "two" }, "right", "cam")).toEqual({ left: "one", right: "cam" });
  });
});
