import { describe, expect, it } from "vitest";
import { edgeMs, isLive, LIVE_MS, nextStep, placeAt, playableMs, type Standing, type Told } from "../src/rewind/rule";
import type { RewindPart } from "../src/protocol.gen";

const part = (name: string, startMs: number, durationMs: number): RewindPart => ({ name, mimeType: "video/webm", startMs, durationMs, bytes: durationMs * 100 });
const told = (nowMs: number, parts: RewindPart[], at = 0, paused = false): Told => ({ rewind: { recording: "r", nowMs, paused, parts }, at });
const standing = (more: Partial<Standing>): Standing => ({
  told: told(600_000, [part("programme.webm", 0, 597_000)]),
  loaded: part("programme.webm", 0, 597_000),
  positionMs: 0,
  ended: false,
  speed: 2,
  standby: null,
  ...more,
});

describe("the live lesson", () => {
  it("goes on while one watches, but not in a pause of the recording", () => {
    expect(edgeMs(told(600_000, [], 1000), 4000)).toBe(603_000);
    expect(edgeMs(told(600_000, [], 1000, true), 4000)).toBe(600_000);
  });

  it("is reached within five seconds of it", () => {
    const t = told(600_000, []);
    expect(isLive(t, 600_000 - LIVE_MS, 0)).toBe(true);
    expect(isLive(t, 600_000 - LIVE_MS - 1, 0)).toBe(false);
  });
});

describe("a moment of the recording", () => {
  const parts = [part("programme.webm", 0, 10_000), part("programme-2.webm", 12_000, 5000)];
  it("is in the part that has it, or in the next one", () => {
    expect(placeAt(parts, 3000)).toMatchObject({ part: { name: "programme.webm" }, atMs: 3000 });
    expect(placeAt(parts, 11_000)).toMatchObject({ part: { name: "programme-2.webm" }, atMs: 12_000 });
    expect(placeAt(parts, 99_000)).toMatchObject({ part: { name: "programme-2.webm" }, atMs: 17_000 });
    expect(placeAt([], 0)).toBeNull();
    expect(playableMs(told(0, parts))).toBe(17_000);
  });
});

describe("on the way", () => {
  it("nothing is done far from the end", () => {
    expect(nextStep(standing({ positionMs: 500_000 }), 60_000).do).toBe("nothing");
  });

  it("a newer snapshot is asked for before the end, made ready a little ahead, and takes over there", () => {
    const near = standing({ positionMs: 590_000 });
    expect(nextStep(near, 60_000)).toEqual({ do: "refresh" });
    const newer = part("programme.webm", 0, 657_000);
    const fresh = standing({ positionMs: 590_000, told: told(660_000, [newer], 60_000) });
    expect(nextStep(fresh, 60_100)).toEqual({ do: "prepare", part: newer, atMs: 593_000 });
    expect(nextStep({ ...fresh, standby: { atMs: 593_000, ready: false }, positionMs: 593_100 }, 61_000).do).toBe("nothing");
    expect(nextStep({ ...fresh, standby: { atMs: 593_000, ready: true }, positionMs: 592_800 }, 61_000).do).toBe("nothing");
    expect(nextStep({ ...fresh, standby: { atMs: 593_000, ready: true }, positionMs: 592_900 }, 61_000).do).toBe("swap");
  });

  it("the next part follows from its beginning once the one before has ended", () => {
    const first = part("programme.webm", 0, 10_000);
    const second = part("programme-2.webm", 10_020, 50_000);
    const s = standing({ told: told(63_000, [first, second]), loaded: first, positionMs: 9000 });
    expect(nextStep(s, 0)).toEqual({ do: "prepare", part: second, atMs: 10_020 });
    expect(nextStep({ ...s, standby: { atMs: 10_020, ready: true }, positionMs: 10_000, ended: true }, 0).do).toBe("swap");
  });

  it("a recorder that writes late brings one to the live lesson all the same", () => {
    const all = standing({ positionMs: 597_000, ended: true, told: told(609_000, [part("programme.webm", 0, 597_000)], 0) });
    expect(nextStep(all, 100).do).toBe("live");
    expect(nextStep({ ...all, told: told(700_000, [part("programme.webm", 0, 597_000)], 0) }, 100).do).toBe("nothing");
  });

  it("twice as fast arrives: simulated to its end, without a hole", () => {
    // The recorder's newest whole cluster is two seconds old; what is made ready takes 400 ms.
    const written = (now: number) => Math.floor((60_000 + now) / 2000) * 2000 - 2000;
    let state = standing({ told: told(60_000, [part("p", 0, written(0))]), loaded: part("p", 0, written(0)) });
    let readyAt = 0;
    let becomes = state.loaded;
    let holes = 0;
    let now = 0;
    for (; now < 120_000; now += 50) {
      const end = state.loaded.startMs + state.loaded.durationMs;
      const positionMs = Math.min(end, state.positionMs + 100);
      if (positionMs === end) holes++;
      state = { ...state, positionMs, ended: positionMs === end };
      if (state.standby) state.standby.ready = now >= readyAt;
      const step = nextStep(state, now);
      if (step.do === "live") break;
      if (step.do === "refresh") state = { ...state, told: told(60_000 + now, [part("p", 0, written(now))], now) };
      if (step.do === "prepare") {
        becomes = step.part;
        readyAt = now + 400;
        state = { ...state, standby: { atMs: step.atMs, ready: false } };
      }
      if (step.do === "swap") state = { ...state, loaded: becomes, standby: null, ended: false };
    }
    expect(holes).toBeLessThanOrEqual(1);
    expect(now).toBeGreaterThan(50_000);
    expect(now).toBeLessThan(60_000);
  });
});
