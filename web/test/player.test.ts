import { describe, expect, it } from "vitest";
import { Follower } from "../src/replay/follower";
import { Player } from "../src/replay/player";
import type { Part } from "../src/replay/parts";

/** As much of a `<video>` as is driven: time passes when the test says so. */
class FakeVideo extends EventTarget {
  src = "";
  paused = true;
  ended = false;
  seeking = false;
  readyState = 0;
  volume = 1;
  muted = false;
  playbackRate = 1;
  defaultPlaybackRate = 1;
  preservesPitch = false;
  error: object | null = null;
  duration = NaN;
  buffered = { length: 1, start: () => 0, end: () => 2 };
  private at = 0;

  get currentTime() {
    return this.at;
  }
  set currentTime(seconds: number) {
    this.at = seconds;
    this.ended = false;
    this.tell("seeking");
  }
  play() {
    this.paused = false;
    this.tell("play");
    return Promise.resolve();
  }
  pause() {
    this.paused = true;
    this.tell("pause");
  }
  load() {}
  removeAttribute() {
    this.src = "";
  }
  tell(name: string) {
    this.dispatchEvent(new Event(name));
  }
  /** The browser has the file's head. */
  loaded(seconds: number) {
    this.at = 0;
    this.ended = false;
    this.duration = seconds;
    this.readyState = 4;
    this.tell("loadedmetadata");
  }
  pass(seconds: number) {
    if (this.paused) return;
    this.at += seconds * this.playbackRate;
    if (this.at >= this.duration) {
      this.at = this.duration;
      this.ended = true;
      this.tell("ended");
    } else this.tell("timeupdate");
  }
}

const PARTS: Part[] = [
  { name: "one", startMs: 0, endMs: 10_000 },
  { name: "two", startMs: 10_000, endMs: 25_000 },
];
const opened = (startMs = 0) => {
  const video = new FakeVideo();
  const player = new Player(PARTS, (part) => `/${part.name}`, startMs);
  player.attach(video as unknown as HTMLVideoElement);
  return { video, player };
};

describe("the player", () => {
  it("opens at a moment in whichever part has it", () => {
    const { video, player } = opened(12_500);
    expect(video.src).toBe("/two");
    expect(player.snapshot().ms).toBe(12_500);
    video.loaded(15);
    expect(video.currentTime).toBe(2.5);
    expect(player.now()).toBe(12_500);
    expect(video.preservesPitch).toBe(true);
  });

  it("plays its parts through at the speed that was chosen", () => {
    const { video, player } = opened();
    video.loaded(10);
    player.setRate(2);
    player.play();
    video.pass(2);
    expect(player.snapshot()).toMatchObject({ ms: 4000, playing: true, rate: 2 });
    video.pass(3);
    expect(video.src).toBe("/two");
    expect(player.snapshot()).toMatchObject({ playing: true, ended: false });
    video.loaded(15);
    expect(video.playbackRate).toBe(2);
    expect(video.paused).toBe(false);
    expect(player.now()).toBe(10_000);
    video.pass(99);
    expect(player.snapshot()).toMatchObject({ ms: 25_000, playing: false, ended: true });
  });

  it("seeks over parts, and stays paused or playing as it was", () => {
    const { video, player } = opened();
    video.loaded(10);
    player.seek(20_000);
    expect(player.snapshot().ms).toBe(20_000);
    player.seek(21_000);
    video.loaded(15);
    expect([video.currentTime, video.paused]).toEqual([11, true]);
    player.play();
    player.step(-15_000);
    expect(video.src).toBe("/one");
    video.loaded(10);
    expect([video.currentTime, video.paused]).toEqual([6, false]);
    player.step(-99_000);
    expect(player.now()).toBe(0);
  });

  it("follows what others do to its element", () => {
    const { video, player } = opened();
    video.loaded(10);
    video.currentTime = 7;
    expect(player.snapshot().ms).toBe(7000);
    video.playbackRate = 1.5;
    video.tell("ratechange");
    player.stepRate(1);
    expect(video.playbackRate).toBe(1.75);
    expect(player.snapshot().buffered).toEqual([[0, 2000]]);
  });

  it("opens its file again after an error, where it stopped", () => {
    const { video, player } = opened();
    video.loaded(10);
    player.play();
    video.pass(4);
    video.paused = true;
    video.error = {};
    video.tell("error");
    expect(player.snapshot()).toMatchObject({ failed: true, playing: false });
    video.src = "";
    player.play();
    expect(video.src).toBe("/one");
    video.error = null;
    video.loaded(10);
    expect([video.currentTime, video.paused, player.snapshot().failed]).toEqual([4, false, false]);
  });

  it("begins again after its end", () => {
    const { video, player } = opened(24_000);
    video.loaded(15);
    player.play();
    video.pass(5);
    expect(player.snapshot().ended).toBe(true);
    player.play();
    expect(video.src).toBe("/one");
  });
});

describe("a follower", () => {
  it("has the picture of the moment, silent, paused and playing with the programme, and lets go", () => {
    const { video, player } = opened();
    video.loaded(10);
    const second = new FakeVideo();
    const share: Part[] = [{ name: "share", startMs: 3000, endMs: 9000 }];
    const follower = new Follower(second as unknown as HTMLVideoElement, share, (part) => `/${part.name}`, player);
    expect([second.src, second.muted]).toEqual(["", true]);
    player.seek(5000);
    expect(second.src).toBe("/share");
    second.loaded(6);
    video.tell("seeked");
    expect([second.currentTime, second.paused]).toEqual([2, true]);
    player.play();
    expect(second.paused).toBe(false);
    second.currentTime = 1.9;
    video.tell("timeupdate");
    expect(second.playbackRate).toBeGreaterThan(1);
    expect(second.currentTime).toBe(1.9);
    player.seek(9500);
    expect(second.paused).toBe(true);
    follower.close();
    expect(second.src).toBe("");
    player.seek(5000);
    expect(second.src).toBe("");
  });
});
