/**
 * The programme as one time line: owns the master `<video>` and plays its parts through.
 * The element is the truth: what the browser or its media keys do to it is followed.
 */
import { momentOf, placeOf, type Part, type Place } from "./parts";

export const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2] as const;

export interface Playing {
  ms: number;
  playing: boolean;
  /** Wants to play, and has nothing to show yet. */
  waiting: boolean;
  ended: boolean;
  failed: boolean;
  rate: number;
  volume: number;
  muted: boolean;
  /** What has been loaded, in ms of recording time. */
  buffered: [number, number][];
}

const EVENTS = [
  "timeupdate",
  "play",
  "playing",
  "pause",
  "seeking",
  "seeked",
  "waiting",
  "canplay",
  "progress",
  "ratechange",
  "volumechange",
  "loadedmetadata",
  "ended",
  "error",
] as const;

const START: Playing = {
  ms: 0,
  playing: false,
  waiting: false,
  ended: false,
  failed: false,
  rate: 1,
  volume: 1,
  muted: false,
  buffered: [],
};

export class Player {
  private video: HTMLVideoElement | null = null;
  private index = -1;
  /** Where the file that is being opened will begin, and whether it will play. */
  private opening: { seconds: number; play: boolean } | null = null;
  private state = START;
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly parts: readonly Part[],
    private readonly path: (part: Part) => string,
    startMs: number,
  ) {
    this.state = { ...START, ms: startMs };
  }

  /** For React: takes the element when it is there, lets it go when it is not. */
  readonly attach = (video: HTMLVideoElement | null): void => {
    if (this.video) for (const name of EVENTS) this.video.removeEventListener(name, this.changed);
    this.video = video;
    if (!video) return;
    for (const name of EVENTS) video.addEventListener(name, this.changed);
    video.preservesPitch = true;
    video.volume = this.state.volume;
    video.muted = this.state.muted;
    this.index = -1;
    this.seek(this.state.ms);
  };

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly snapshot = (): Playing => this.state;

  /** Finer than the snapshot, which moves a few times a second. */
  now(): number {
    if (!this.video || this.opening) return this.state.ms;
    return momentOf(this.parts[this.index], this.video.currentTime);
  }

  get element(): HTMLVideoElement | null {
    return this.video;
  }

  get durationMs(): number {
    return this.parts.at(-1)?.endMs ?? 0;
  }

  play(): void {
    if (this.opening) this.opening.play = true;
    if (this.state.ended) this.seek(this.parts[0]?.startMs ?? 0);
    if (this.video?.error) {
      // The network was away for too long: from where it stopped.
      this.seek(this.state.ms);
      if (this.opening) this.opening.play = true;
    }
    void this.video?.play().catch(() => undefined);
  }

  pause(): void {
    if (this.opening) this.opening.play = false;
    this.video?.pause();
  }

  toggle(): void {
    if (this.state.playing) this.pause();
    else this.play();
  }

  seek(ms: number): void {
    const place = placeOf(this.parts, ms);
    if (!place || !this.video) return;
    if (place.index !== this.index || this.video.error) this.open(place, this.state.playing);
    else if (this.opening) this.opening.seconds = place.seconds;
    else this.video.currentTime = place.seconds;
    this.put({ ms: momentOf(this.parts[place.index], place.seconds), ended: false });
  }

  step(ms: number): void {
    this.seek(this.now() + ms);
  }

  setRate(rate: number): void {
    this.state = { ...this.state, rate };
    if (this.video) {
      this.video.defaultPlaybackRate = rate;
      this.video.playbackRate = rate;
    }
    this.put({});
  }

  stepRate(step: 1 | -1): void {
    const at = SPEEDS.findIndex((speed) => speed === this.state.rate);
    const next = SPEEDS[(at < 0 ? SPEEDS.indexOf(1) : at) + step];
    if (next !== undefined) this.setRate(next);
  }

  setVolume(volume: number): void {
    if (!this.video) return;
    this.video.volume = Math.min(1, Math.max(0, volume));
    this.video.muted = volume <= 0;
  }

  toggleMuted(): void {
    if (this.video) this.video.muted = !this.video.muted;
  }

  private open(place: Place, play: boolean): void {
    const part = this.parts[place.index];
    if (!this.video || !part) return;
    this.index = place.index;
    this.opening = { seconds: place.seconds, play };
    this.video.src = this.path(part);
    if (play) void this.video.play().catch(() => undefined);
  }

  private readonly changed = (event: Event): void => {
    const video = this.video;
    if (!video) return;
    if (event.type === "loadedmetadata" && this.opening) {
      const { seconds, play } = this.opening;
      this.opening = null;
      if (seconds > 0) video.currentTime = seconds;
      video.playbackRate = this.state.rate;
      if (play && video.paused) void video.play().catch(() => undefined);
    }
    // A programme whose pictures changed their codec goes on in another file.
    if (event.type === "ended" && !this.opening && this.index + 1 < this.parts.length) {
      this.open({ index: this.index + 1, seconds: 0 }, true);
    }
    const opening = this.opening;
    this.put({
      ...(opening ? {} : { ms: momentOf(this.parts[this.index], video.currentTime), rate: video.playbackRate }),
      playing: opening ? opening.play : !video.paused && !video.ended,
      waiting: opening ? opening.play : !video.paused && video.readyState < 3 && !video.ended,
      ended: !opening && video.ended,
      failed: video.error !== null,
      volume: video.volume,
      muted: video.muted,
      buffered: opening ? [] : this.loaded(video),
    });
  };

  private loaded(video: HTMLVideoElement): [number, number][] {
    const part = this.parts[this.index];
    return Array.from({ length: video.buffered.length }, (_, i) => [
      momentOf(part, video.buffered.start(i)),
      momentOf(part, video.buffered.end(i)),
    ]);
  }

  private put(part: Partial<Playing>): void {
    this.state = { ...this.state, ...part };
    for (const listener of this.listeners) listener();
  }
}
