/**
 * Two videos that take turns: one plays, the other is made ready with what follows, and takes over at
 * the same moment of the lesson. What to do when is in rule.ts; here it is done. A store for React.
 */
import { ApiError } from "../api/http";
import type { Rewind, RewindPart } from "../protocol.gen";
import { edgeMs, isLive, nextStep, placeAt, type Loaded, type Told } from "./rule";

export interface RewindState {
  /** Which of the two videos is seen and heard. */
  active: 0 | 1;
  positionMs: number;
  edgeMs: number;
  playing: boolean;
  speed: number;
  /** waiting: for the first picture, or the network. blocked: the browser wants a press before it plays. */
  problem: "waiting" | "blocked" | "unplayable" | null;
}

export interface RewindHandlers {
  load(): Promise<Rewind>;
  path(name: string, bytes: number): string;
  /** Reached the live lesson, or there is nothing to watch any more: by the server's code. */
  onLive(why: "reached" | "gone"): void;
}

interface Standby {
  loaded: Loaded;
  atMs: number;
  ready: boolean;
}

export const SPEEDS: readonly number[] = [1, 1.25, 1.5, 1.75, 2];

const TICK_MS = 50;
/** How much further ahead to meet what was not ready in time, in time of the one who watches. */
const LATE_LEAD_MS = 4000;
/** After an error of the network or of a file. */
const RETRY_MS = 2000;

export class RewindPlayer {
  #state: RewindState;
  #listeners = new Set<() => void>();
  #told: Told | null = null;
  #loaded: Loaded | null = null;
  #standby: Standby | null = null;
  #asking = false;
  #askAgainAt = 0;
  #swapping = false;
  #timer: ReturnType<typeof setInterval> | null = null;
  #done = false;

  constructor(
    readonly videos: readonly [HTMLVideoElement, HTMLVideoElement],
    speed: number,
    readonly handlers: RewindHandlers,
  ) {
    this.#state = { active: 0, positionMs: 0, edgeMs: 0, playing: true, speed, problem: "waiting" };
    videos.forEach((video, index) => {
      video.preload = "auto";
      video.preservesPitch = true;
      video.onerror = () => this.#failed(index as 0 | 1);
      video.oncanplay = () => this.#ready(index as 0 | 1);
      video.onseeked = video.oncanplay;
    });
  }

  open(): void {
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    void this.#ask();
  }

  close(): void {
    this.#done = true;
    if (this.#timer) clearInterval(this.#timer);
    for (const video of this.videos) {
      video.onerror = video.oncanplay = video.onseeked = video.onloadedmetadata = null;
      empty(video);
    }
    this.#listeners.clear();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  snapshot = (): RewindState => this.#state;

  setPlaying(playing: boolean): void {
    this.#set({ playing, problem: this.#state.problem === "blocked" ? null : this.#state.problem });
    if (playing) this.#play(this.#video);
    else this.#video.pause();
  }

  toggle(): void {
    this.setPlaying(!this.#state.playing);
  }

  stepSpeed(step: 1 | -1): void {
    const next = SPEEDS[SPEEDS.findIndex((speed) => speed === this.#state.speed) + step];
    if (next !== undefined) this.setSpeed(next);
  }

  setSpeed(speed: number): void {
    this.#set({ speed });
    for (const video of this.videos) video.playbackRate = speed;
  }

  step(ms: number): void {
    this.seek(this.#state.positionMs + ms);
  }

  /** To a moment of the recording; one at the live lesson is the live lesson. */
  seek(ms: number): void {
    if (!this.#told || !this.#loaded) return;
    const wanted = Math.max(0, ms);
    if (isLive(this.#told, wanted, Date.now())) {
      this.#goLive("reached");
      return;
    }
    const place = placeAt(this.#told.rewind.parts, wanted);
    if (!place) return;
    this.#dropStandby();
    this.#set({ positionMs: place.atMs });
    const offset = place.atMs - this.#loaded.startMs;
    if (place.part.name === this.#loaded.name && offset <= this.#loaded.durationMs) {
      this.#video.currentTime = offset / 1000;
      if (this.#state.playing) this.#play(this.#video);
    } else this.#begin(place.part, place.atMs);
  }

  get #video(): HTMLVideoElement {
    return this.videos[this.#state.active];
  }

  get #other(): HTMLVideoElement {
    return this.videos[this.#state.active === 0 ? 1 : 0];
  }

  #set(part: Partial<RewindState>): void {
    if (this.#done) return;
    this.#state = { ...this.#state, ...part };
    for (const listener of this.#listeners) listener();
  }

  #tick(): void {
    const { active, speed, problem } = this.#state;
    const loaded = this.#loaded;
    if (!this.#told || !loaded) {
      if (!this.#told || problem !== "unplayable") void this.#ask();
      return;
    }
    const video = this.videos[active];
    const now = Date.now();
    // While it is only being opened there is no position yet.
    const positionMs = video.readyState > 0 && !video.seeking ? loaded.startMs + video.currentTime * 1000 : this.#state.positionMs;
    const edge = edgeMs(this.#told, now);
    const changed = Math.abs(positionMs - this.#state.positionMs) > 100 || Math.abs(edge - this.#state.edgeMs) > 500;
    const waits = this.#state.playing && video.readyState < 3 && problem !== "blocked" && problem !== "unplayable";
    const say = waits ? "waiting" : problem === "waiting" ? null : problem;
    if (changed || say !== problem) this.#set({ positionMs, edgeMs: edge, problem: say });
    if (this.#swapping || !this.#state.playing || problem === "unplayable") return;
    const standing = { told: this.#told, loaded, positionMs, ended: video.ended, speed, standby: this.#standby };
    const step = nextStep(standing, now);
    if (step.do === "live") this.#goLive("reached");
    else if (step.do === "refresh") void this.#ask();
    else if (step.do === "prepare" && now >= this.#askAgainAt) this.#prepare(step.part, step.atMs);
    else if (step.do === "swap") void this.#swap();
    else if (this.#standby && !this.#standby.ready && positionMs > this.#standby.atMs) {
      const atMs = Math.min(positionMs + LATE_LEAD_MS * speed, loaded.startMs + loaded.durationMs);
      if (atMs > this.#standby.atMs) this.#postpone(this.#standby, atMs);
    }
  }

  async #ask(): Promise<void> {
    if (this.#asking || this.#done || Date.now() < this.#askAgainAt) return;
    this.#asking = true;
    try {
      this.#told = { rewind: await this.handlers.load(), at: Date.now() };
      const place = this.#loaded ? null : placeAt(this.#told.rewind.parts, this.#state.positionMs);
      if (place) this.#begin(place.part, place.atMs);
      else if (!this.#loaded) this.#askAgainAt = Date.now() + RETRY_MS;
    } catch (error) {
      this.#askAgainAt = Date.now() + RETRY_MS;
      const refused = error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429;
      if (refused) this.#goLive("gone");
    } finally {
      this.#asking = false;
    }
  }

  /** Show this in place of what is shown now. */
  #begin(part: RewindPart, atMs: number): void {
    this.#loaded = part;
    this.#source(this.#video, part, atMs);
    if (this.#state.playing) this.#play(this.#video);
  }

  #prepare(part: RewindPart, atMs: number): void {
    this.#standby = { loaded: part, atMs, ready: false };
    this.#other.muted = true;
    this.#source(this.#other, part, atMs);
  }

  /** It was not ready in time: meet further ahead, with what was fetched so far. */
  #postpone(standby: Standby, atMs: number): void {
    standby.atMs = atMs;
    this.#other.currentTime = (atMs - standby.loaded.startMs) / 1000;
  }

  #source(video: HTMLVideoElement, part: RewindPart, atMs: number): void {
    video.src = this.handlers.path(part.name, part.bytes);
    const at = (atMs - part.startMs) / 1000;
    video.currentTime = at;
    // Not every browser keeps what was set before it knows the file.
    video.onloadedmetadata = () => {
      if (Math.abs(video.currentTime - at) > 0.3) video.currentTime = at;
    };
    video.playbackRate = video.defaultPlaybackRate = this.#state.speed;
  }

  #ready(index: 0 | 1): void {
    const video = this.videos[index];
    if (index !== this.#state.active && this.#standby && !video.seeking && video.readyState >= 3) this.#standby.ready = true;
  }

  /** The other goes on from the very moment. Both run for an instant, one of them heard. */
  async #swap(): Promise<void> {
    const { active } = this.#state;
    const [older, newer] = [this.#video, this.#other];
    const standby = this.#standby;
    if (!standby) return;
    this.#swapping = true;
    try {
      newer.playbackRate = this.#state.speed;
      await newer.play();
      if (this.#done || this.#standby !== standby) return;
      older.muted = true;
      newer.muted = false;
      this.#loaded = standby.loaded;
      this.#standby = null;
      this.#set({ active: active === 0 ? 1 : 0 });
      empty(older);
      if (!this.#state.playing) newer.pause();
    } catch {
      // The browser lets only what was pressed play: the same video takes the newer file, with a short break.
      if (this.#done || this.#standby !== standby) return;
      this.#dropStandby();
      this.#begin(standby.loaded as RewindPart, standby.atMs);
    } finally {
      this.#swapping = false;
    }
  }

  #dropStandby(): void {
    if (!this.#standby) return;
    this.#standby = null;
    empty(this.#other);
  }

  #play(video: HTMLVideoElement): void {
    video.play().catch((error: unknown) => {
      if (error instanceof DOMException && error.name === "NotAllowedError") this.#set({ playing: false, problem: "blocked" });
    });
  }

  #failed(index: 0 | 1): void {
    const { error } = this.videos[index];
    this.#askAgainAt = Date.now() + RETRY_MS;
    if (index !== this.#state.active) {
      this.#standby = null;
    } else if (error?.code === MediaError.MEDIA_ERR_NETWORK) {
      // Begin again where it was, with what the server has then.
      this.#loaded = null;
      this.#told = null;
    } else this.#set({ problem: "unplayable" });
  }

  #goLive(why: "reached" | "gone"): void {
    if (this.#done) return;
    this.close();
    this.handlers.onLive(why);
  }
}

function empty(video: HTMLVideoElement): void {
  video.pause();
  video.removeAttribute("src");
  video.load();
}
