/** A second picture, muted, that stays in step with the programme. */
import { SOON_MS } from "./lesson";
import { partAt, momentOf, type Part } from "./parts";
import type { Player } from "./player";
import { correction, learned } from "./sync";

const LOOK_EVERY_MS = 200;

export class Follower {
  private part: Part | null = null;
  private leadMs = 0;
  private jumped = false;
  private readonly timer: ReturnType<typeof setInterval>;
  private readonly unsubscribe: () => void;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly parts: readonly Part[],
    private readonly path: (part: Part) => string,
    private readonly player: Player,
  ) {
    video.muted = true;
    this.timer = setInterval(this.look, LOOK_EVERY_MS);
    this.unsubscribe = player.subscribe(this.look);
    this.look();
  }

  close(): void {
    clearInterval(this.timer);
    this.unsubscribe();
    this.video.pause();
    this.video.removeAttribute("src");
    // Lets go of the connection and of what was loaded.
    this.video.load();
  }

  private readonly look = (): void => {
    const { player, video } = this;
    const now = player.now();
    // Before its first picture it stands at it: what is shown soon does not begin with a hole.
    const first = this.parts[0]?.startMs ?? now;
    const part = partAt(this.parts, first - now <= SOON_MS ? Math.max(now, first) : now);
    if (part !== this.part) {
      this.part = part;
      this.jumped = false;
      if (part) video.src = this.path(part);
      else video.pause();
    }
    if (!part || video.readyState < 1 || video.seeking) return;
    const { playing, waiting, rate } = player.snapshot();
    const moves = playing && !waiting && now >= part.startMs;
    const own = momentOf(part, video.currentTime);
    if (this.jumped && moves && video.readyState >= 2) {
      this.jumped = false;
      this.leadMs = learned(this.leadMs, now - own);
    }
    const what = correction({ ms: now, rate, playing: moves }, own, this.leadMs);
    if (what.kind === "jump") {
      const end = Number.isFinite(video.duration) ? video.duration : Infinity;
      const to = Math.min(end, Math.max(0, (what.toMs - part.startMs) / 1000));
      if (Math.abs(to - video.currentTime) > 0.01) {
        video.currentTime = to;
        this.jumped = moves;
      }
    } else if (video.playbackRate !== what.rate) video.playbackRate = what.rate;
    if (moves && video.paused && !video.ended) void video.play().catch(() => undefined);
    if (!moves && !video.paused) video.pause();
  };
}
