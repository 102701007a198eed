import { describe, expect, it } from "vitest";
import { GUARD_HEIGHT, GUARD_WIDTH, StillGuard } from "../src/media/still-guard";
import { StillRate } from "../src/media/still-rate";
import { StillRules } from "../src/media/still-rules";
import { compare, TILE_HEIGHT, TILE_WIDTH, Tiles, type Layout } from "../src/media/still-tiles";

const WIDTH = 1920;
const HEIGHT = 1080;
const tiles = new Tiles(WIDTH, HEIGHT);
/** As a frame in I420 lies. */
const LAYOUT: Layout = {
  width: WIDTH,
  height: HEIGHT,
  size: (WIDTH * HEIGHT * 3) / 2,
  planes: [
    { offset: 0, stride: 480, words: 480, rows: 1080, across: 4, down: 1 },
    { offset: 518_400, stride: 240, words: 240, rows: 540, across: 8, down: 2 },
    { offset: 648_000, stride: 240, words: 240, rows: 540, across: 8, down: 2 },
  ],
};

describe("the comparison of two samples", () => {
  const before = new Uint32Array(LAYOUT.size / 4);
  const changed = new Uint8Array(tiles.count);

  it("finds the tile of one changed byte, in brightness or colour", () => {
    for (const [word, x, y] of [
      [0, 0, 0],
      [1079 * 480 + 479, 1919, 1079],
      [518_400 + 270 * 240 + 120, 960, 540],
      [648_000 + 539 * 240 + 239, 1919, 1079],
    ] as const) {
      const now = before.slice();
      now[word] = 1;
      expect(compare(before, now, LAYOUT, tiles, changed)).toBe(1);
      expect(changed[Math.floor(y / TILE_HEIGHT) * tiles.columns + Math.floor(x / TILE_WIDTH)]).toBe(1);
    }
    expect(compare(before, before.slice(), LAYOUT, tiles, changed)).toBe(0);
  });

  it("has no tile beyond the picture's edge", () => {
    const now = before.map(() => 1);
    expect(compare(before, now, LAYOUT, tiles, changed)).toBe(tiles.count);
    expect(tiles.around((tile) => changed[tile] === 1)).toEqual({ x: 0, y: 0, width: WIDTH, height: HEIGHT });
  });
});

/** A screen in simulated time: ticks every 50 ms; pictures are brought at once. */
class Screen {
  now = 0;
  rules = new StillRules(tiles, 0);
  said: string[] = [];

  /** `chosen` tiles change now. */
  change(chosen: Iterable<number>): void {
    const changed = new Uint8Array(tiles.count);
    let count = 0;
    for (const tile of chosen) {
      changed[tile] = 1;
      count++;
    }
    const action = this.rules.changed(changed, count, this.now);
    if (action) this.said.push(`${action.type} ${"area" in action && action.area ? "part" : "all"}`);
  }

  pass(ms: number): string[] {
    for (const end = this.now + ms; this.now < end; ) {
      this.now += 50;
      const action = this.rules.next(this.now);
      if (!action) continue;
      this.said.push(action.type === "still" && action.hole ? "still with a hole" : action.type);
      this.rules.done();
    }
    return this.said.splice(0);
  }
}

const ALL = Array.from({ length: tiles.count }, (_, tile) => tile);
const CARET = [2000];

describe("the rules of stills", () => {
  it("make one soon after a screen rests, and say at once that it moves", () => {
    const screen = new Screen();
    expect(screen.pass(1000)).toEqual(["still"]);
    for (let scroll = 0; scroll < 5; scroll++) {
      screen.change(ALL);
      screen.pass(50);
      screen.change(ALL);
      expect(screen.pass(300)).toEqual(["still"]);
      expect(screen.pass(1500)).toEqual([]);
    }
    screen.change(ALL);
    expect(screen.said).toEqual(["moved all"]);
  });

  it("make none while it scrolls", () => {
    const screen = new Screen();
    for (let i = 0; i < 50; i++) {
      screen.change(ALL);
      expect(screen.pass(100)).toEqual([]);
    }
  });

  it("make them less often, but within a second, where each lives but a moment", () => {
    const screen = new Screen();
    let stills = 0;
    for (let i = 0; i < 20; i++) {
      screen.change(ALL);
      stills += screen.pass(400).filter((said) => said === "still").length;
    }
    expect(stills).toBeLessThan(5);
    expect(screen.pass(600)).toEqual(["still"]);
  });

  it("patch what changed", () => {
    const screen = new Screen();
    screen.pass(1000);
    screen.change(CARET);
    expect(screen.pass(1000)).toEqual(["moved part", "patch"]);
  });

  it("leave a blinking caret to the video, and say so once", () => {
    const screen = new Screen();
    screen.pass(1000);
    const said: string[] = [];
    for (let i = 0; i < 30; i++) {
      screen.change(CARET);
      said.push(...screen.pass(550));
    }
    expect(said.filter((one) => one === "still")).toEqual([]);
    expect(said.length).toBeLessThan(8);
    expect(screen.pass(4000)).toEqual(["patch"]);
  });

  it("make a still around what goes on moving", () => {
    const screen = new Screen();
    screen.change(ALL);
    const said: string[] = [];
    for (let i = 0; i < 10; i++) {
      screen.change([500]);
      said.push(...screen.pass(100));
    }
    expect(said).toEqual(["still with a hole"]);
  });

  it("begin anew after a failure, and after many patches", () => {
    const screen = new Screen();
    screen.pass(1000);
    screen.rules.failed(screen.now, 2000);
    expect(screen.pass(1900)).toEqual([]);
    expect(screen.pass(200)).toEqual(["still"]);
    const said: string[] = [];
    for (let i = 0; i < 24; i++) {
      screen.change([i * 7]);
      said.push(...screen.pass(600));
    }
    expect(said.filter((one) => one === "patch")).toHaveLength(24);
    expect([...said, ...screen.pass(200)].at(-1)).toBe("still");
  });

  it("patch again what was outdated before it was brought", () => {
    const screen = new Screen();
    screen.pass(1000);
    screen.change(CARET);
    expect(screen.pass(50)).toEqual(["moved part"]);
    screen.now += 300;
    const action = screen.rules.next(screen.now);
    expect(action?.type).toBe("patch");
    if (action?.type === "patch") screen.rules.undone(action.area);
    expect(screen.pass(100)).toEqual(["patch"]);
  });
});

describe("the rate of pictures", () => {
  it("asks for the light one first until it is known to be fast", () => {
    const rate = new StillRate();
    expect(rate.isSlow(100_000)).toBe(true);
    rate.took(60_000, 60);
    expect(rate.isSlow(100_000)).toBe(false);
    rate.took(60_000, 600);
    expect(rate.isSlow(140_000)).toBe(true);
    for (let i = 0; i < 5; i++) rate.took(60_000, 60);
    expect(rate.isSlow(140_000)).toBe(false);
    expect(new StillRate().isSlow(10_000)).toBe(false);
  });

  it("gives up what comes slowly when the light one would be there sooner", () => {
    const rate = new StillRate();
    rate.took(60_000, 60);
    expect(rate.isOvertaken(150_000, 120_000, 60_000, 500)).toBe(false);
    expect(rate.isOvertaken(150_000, 0, 60_000, 500)).toBe(true);
    expect(rate.isOvertaken(150_000, 4_000, 60_000, 500)).toBe(true);
    expect(rate.isSlow(150_000)).toBe(true);
  });
});

describe("the guard of a still", () => {
  const grey = (value: number) => new Uint8ClampedArray(GUARD_WIDTH * GUARD_HEIGHT * 4).fill(value).map((v, at) => (at % 4 === 3 ? 255 : v));

  it("lets a late video catch up, and sees it move on", () => {
    const guard = new StillGuard(grey(200));
    for (let i = 0; i < 5; i++) expect(guard.departed(grey(90))).toBe(false);
    expect(guard.departed(grey(195))).toBe(false);
    expect(guard.departed(grey(90))).toBe(false);
    expect(guard.departed(grey(90))).toBe(true);
  });

  it("does not look through holes", () => {
    const still = grey(200);
    for (let at = 3; at < still.length / 2; at += 4) still[at] = 0;
    const guard = new StillGuard(still);
    const video = grey(200).map((value, at) => (at < still.length / 2 ? 0 : value));
    for (let i = 0; i < 4; i++) expect(guard.departed(video)).toBe(false);
  });
});
