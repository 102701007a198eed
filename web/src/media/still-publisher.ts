/** Brings the stills of one own share to the gateway, and says what of them is outdated. */
import { stillPath } from "../api/http";
import type { LessonSocket } from "../api/socket";
import type { StillArea } from "../protocol.gen";
import type { FromStillWorker } from "./still-messages";
import { StillWatch } from "./still-watch";

const AGAIN_MS = 2000;
/** A link on which the light picture takes longer carries the lossless one only when the screen rests for long. */
const SLOW_MS = 200;
const SLOW_REST_MS = 1500;

export class StillPublisher {
  #watch: StillWatch;
  /** Grows over all that is said of the share, so that the server knows what came late. */
  #number = 0;
  /** The still that the server has, as far as we know, or that is on its way. */
  #still: number | null = null;
  #bringing: AbortController | null = null;
  #light: Promise<boolean> = Promise.resolve(false);
  #lightMs = 0;
  #closed = false;

  constructor(
    readonly lesson: string,
    readonly share: string,
    readonly track: MediaStreamTrack,
    readonly socket: LessonSocket,
  ) {
    this.#watch = new StillWatch(track, (message) => this.#hear(message));
  }

  /** The server says that the still is gone. */
  gone(still: number): void {
    if (still === this.#still) this.#failed(AGAIN_MS);
  }

  /** The socket was away, and what was said meanwhile is lost: begin anew. */
  back(): void {
    if (this.#number === 0) return;
    this.#say(this.#number, null).catch(() => undefined);
    this.#failed(0);
  }

  close(): void {
    this.#closed = true;
    this.#bringing?.abort();
    this.#watch.close();
  }

  #hear(message: FromStillWorker): void {
    if (message.type === "moved") this.#moved(message.area);
    else if (message.type === "still") {
      this.#still = ++this.#number;
      this.#bringing?.abort();
      this.#bringing = new AbortController();
      const begun = performance.now();
      this.#light = this.#bring(this.#still, "light", message.light, message.hole).then((brought) => {
        this.#lightMs = performance.now() - begun;
        return brought;
      });
    } else if (message.type === "full") void this.#full(this.#still, message.full);
    else if (message.type === "patch") void this.#patch(this.#still, message.area, message.patch);
  }

  #moved(area: StillArea | null): void {
    const still = this.#still;
    if (still === null) return;
    if (area === null) {
      this.#still = null;
      this.#bringing?.abort();
    }
    // Refused, or no socket: the server has no still any more, or `back` comes.
    this.#say(still, area).catch(() => this.gone(still));
  }

  #say(still: number, area: StillArea | null): Promise<unknown> {
    return this.socket.request({ type: "still_moved", share: this.share, still, number: ++this.#number, area });
  }

  async #full(still: number | null, full: Blob): Promise<void> {
    if (still === null || !(await this.#light) || still !== this.#still) return;
    if (this.#lightMs > SLOW_MS) await new Promise((done) => setTimeout(done, SLOW_REST_MS));
    if (still === this.#still && (await this.#bring(still, "full", full, null))) this.#done(still);
  }

  async #patch(still: number | null, area: StillArea, patch: Blob): Promise<void> {
    if (still !== null && (await this.#bring(still, String(++this.#number), patch, area))) this.#done(still);
  }

  #done(still: number): void {
    if (still === this.#still && !this.#closed) this.#watch.tell({ type: "done" });
  }

  #failed(ms: number): void {
    this.#still = null;
    this.#bringing?.abort();
    if (!this.#closed) this.#watch.tell({ type: "failed", ms });
  }

  /** False when it did not get there; then, if nothing newer is known, it is made anew. */
  async #bring(still: number, part: string, picture: Blob, area: StillArea | null): Promise<boolean> {
    try {
      const response = await fetch(stillPath(this.lesson, this.share, still, part, area), {
        method: "PUT",
        body: picture,
        credentials: "same-origin",
        signal: this.#bringing?.signal ?? null,
      });
      if (response.ok) return true;
    } catch {
      // No network, or aborted.
    }
    this.gone(still);
    return false;
  }
}
