import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "../src/api/http";
import type { Rewind } from "../src/protocol.gen";
import { RewindPlayer } from "../src/rewind/player";

class FakeVideo {
  src = "";
  currentTime = 0;
  readyState = 4;
  seeking = false;
  ended = false;
  muted = false;
  playing = false;
  playbackRate = 1;
  error: { code: number } | null = null;
  oncanplay: (() => void) | null = null;
  onerror: (() => void) | null = null;
  mayPlay = true;
  play() {
    if (!this.mayPlay) return Promise.reject(new DOMException("", "NotAllowedError"));
    this.playing = true;
    return Promise.resolve();
  }
  pause() {
    this.playing = false;
  }
  removeAttribute() {
    this.src = "";
  }
  load() {}
}

vi.stubGlobal("MediaError", { MEDIA_ERR_NETWORK: 2 });

let answer: () => Promise<Rewind>;
let lives: string[];
let videos: [FakeVideo, FakeVideo];
let player: RewindPlayer;

/** `durationMs` of a programme in one part are there; the lesson is at `nowMs`. */
const there = (durationMs: number, nowMs: number): Rewind => ({
  recording: "r",
  nowMs,
  paused: false,
  parts: [{ name: "p", mimeType: "video/webm", startMs: 0, durationMs, bytes: durationMs }],
});

beforeEach(() => {
  vi.useFakeTimers();
  lives = [];
  videos = [new FakeVideo(), new FakeVideo()];
  answer = () => Promise.resolve(there(60_000, 62_000));
  player = new RewindPlayer(videos as unknown as [HTMLVideoElement, HTMLVideoElement], 2, {
    load: () => answer(),
    path: (name, bytes) => `${name}?upto=${bytes}`,
    onLive: (why) => lives.push(why),
  });
  player.open();
});

afterEach(() => {
  player.close();
  vi.useRealTimers();
});

const pass = (ms = 100) => vi.advanceTimersByTimeAsync(ms);

describe("the player of the past", () => {
  it("begins at the beginning, at the speed asked for", async () => {
    await pass();
    expect(videos[0]).toMatchObject({ src: "p?upto=60000", currentTime: 0, playbackRate: 2, playing: true });
    expect(videos[1].src).toBe("");
  });

  it("lets a newer snapshot take over where the older one is, heard from one of them", async () => {
    await pass();
    answer = () => Promise.resolve(there(80_000, 82_000));
    videos[0].currentTime = 50;
    await pass(3000);
    expect(videos[1]).toMatchObject({ src: "p?upto=80000", currentTime: 53, muted: true, playing: false });
    videos[1].oncanplay?.();
    videos[0].currentTime = 53;
    await pass();
    expect(player.snapshot().active).toBe(1);
    expect(videos[1]).toMatchObject({ playing: true, muted: false, playbackRate: 2 });
    expect(videos[0]).toMatchObject({ src: "", muted: true });
  });

  it("meets what is not ready in time further ahead, and does not fetch it again", async () => {
    await pass();
    answer = () => Promise.resolve(there(80_000, 82_000));
    videos[0].currentTime = 50;
    await pass(3000);
    videos[0].currentTime = 53.1;
    await pass(60);
    expect(videos[1]).toMatchObject({ src: "p?upto=80000", currentTime: 60 });
    videos[1].oncanplay?.();
    videos[0].currentTime = 60;
    await pass();
    expect(player.snapshot().active).toBe(1);
  });

  it("goes on in the same video where the browser lets no other play", async () => {
    await pass();
    answer = () => Promise.resolve(there(80_000, 82_000));
    videos[0].currentTime = 50;
    await pass(3000);
    videos[1].mayPlay = false;
    videos[1].oncanplay?.();
    videos[0].currentTime = 53;
    await pass();
    expect(player.snapshot().active).toBe(0);
    expect(videos[0]).toMatchObject({ src: "p?upto=80000", currentTime: 53, playing: true });
  });

  it("is live again near the present, and where the person seeks to", async () => {
    await pass();
    player.seek(61_000);
    expect(lives).toEqual(["reached"]);
    expect(videos[0].src).toBe("");
  });

  it("ends when the server refuses, and not when it cannot be reached", async () => {
    await pass();
    answer = () => Promise.reject(new ApiError("unreachable", 0));
    videos[0].currentTime = 55;
    await pass(5000);
    expect(lives).toEqual([]);
    answer = () => Promise.reject(new ApiError("not_admitted", 403));
    await pass(5000);
    expect(lives).toEqual(["gone"]);
  });

  it("begins again where it was after an error of the network", async () => {
    await pass();
    videos[0].currentTime = 20;
    await pass();
    videos[0].error = { code: 2 };
    videos[0].onerror?.();
    videos[0].error = null;
    videos[0].src = "";
    await pass(3000);
    expect(videos[0]).toMatchObject({ src: "p?upto=60000", currentTime: 20 });
  });
});
