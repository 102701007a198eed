/** Watches a shared screen beside the page: samples it, and makes the pictures that `StillRules` asks for. */
import type { StillArea } from "../protocol.gen";
import type { FromStillWorker, ToStillWorker } from "./still-messages";
import { cut, light, lossless, picture, Sampler, type Sample } from "./still-picture";
import { StillRules, type StillAction } from "./still-rules";
import { compare, Tiles } from "./still-tiles";

const SAMPLE_MS = 80;
const TICK_MS = 25;

const tell = (message: FromStillWorker) => self.postMessage(message);

class Watch {
  #sampler = new Sampler();
  #rules: StillRules | null = null;
  #changed = new Uint8Array(0);
  #last: Sample | null = null;
  #pending: VideoFrame | ImageBitmap | null = null;
  #sampledAt = 0;
  #sampling = false;
  /** Grows whenever all of the picture moved: what is being made of an older one is not brought. */
  #epoch = 0;
  /** What moved while a picture is being made of an older sample. */
  #meanwhile: StillArea[] | null = null;

  constructor() {
    setInterval(() => void this.#tick(), TICK_MS);
  }

  /** Takes the frame over. The newest counts: it may be the last for long. */
  take(frame: VideoFrame | ImageBitmap): void {
    this.#pending?.close();
    this.#pending = frame;
    void this.#sample();
  }

  done(): void {
    this.#rules?.done();
  }

  failed(ms: number): void {
    this.#epoch++;
    this.#rules?.failed(performance.now(), ms);
  }

  async #tick(): Promise<void> {
    await this.#sample();
    const action = this.#sampling || this.#pending ? null : this.#rules?.next(performance.now());
    if (action) await this.#make(action);
  }

  async #sample(): Promise<void> {
    const frame = this.#pending;
    if (!frame || this.#sampling || performance.now() - this.#sampledAt < SAMPLE_MS) return;
    this.#pending = null;
    this.#sampling = true;
    this.#sampledAt = performance.now();
    try {
      this.#compare(await this.#sampler.take(frame));
    } catch {
      // A frame that cannot be read (the track is ending) is as none.
    } finally {
      frame.close();
      this.#sampling = false;
      tell({ type: "ready" });
    }
  }

  #compare(sample: Sample): void {
    const before = this.#last;
    const { width, height } = sample.layout;
    const now = performance.now();
    this.#last = sample;
    const same = before?.layout.width === width && before.layout.height === height && before.words.length === sample.words.length;
    if (!same || !this.#rules) {
      if (this.#rules) this.#moved(null);
      const tiles = new Tiles(width, height);
      this.#changed = new Uint8Array(tiles.count);
      this.#rules = new StillRules(tiles, now);
      return;
    }
    const count = compare(before!.words, sample.words, sample.layout, this.#rules.tiles, this.#changed);
    const action = this.#rules.changed(this.#changed, count, now);
    if (action?.type === "moved") this.#moved(action.area);
  }

  #moved(area: StillArea | null): void {
    if (area === null) this.#epoch++;
    else this.#meanwhile?.push(area);
    tell({ type: "moved", area });
  }

  async #make(action: StillAction): Promise<void> {
    const epoch = this.#epoch;
    const sample = this.#last;
    if (!sample) return;
    const meanwhile: StillArea[] = (this.#meanwhile = []);
    try {
      if (action.type === "patch") {
        const patch = await lossless(cut(picture(sample), action.area));
        if (this.#epoch !== epoch) return;
        if (meanwhile.some((area) => overlap(area, action.area))) this.#rules?.undone(action.area);
        else tell({ type: "patch", area: action.area, patch });
      } else if (action.type === "still") {
        // Later samples are written over this one.
        const kept = { ...sample, words: sample.words.slice() };
        const first = await light(kept);
        if (this.#epoch !== epoch) return;
        tell({ type: "still", hole: action.hole, light: first });
        // It was told of the still before this one, if at all.
        for (const area of meanwhile) tell({ type: "moved", area });
        const full = await lossless(picture(kept));
        if (this.#epoch === epoch) tell({ type: "full", full });
      }
    } catch {
      if (this.#epoch === epoch) this.failed(2000);
    } finally {
      if (this.#meanwhile === meanwhile) this.#meanwhile = null;
    }
  }
}

function overlap(a: StillArea, b: StillArea): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

const watch = new Watch();

async function follow(frames: ReadableStream<VideoFrame>): Promise<void> {
  const reader = frames.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    watch.take(value);
  }
}

self.onmessage = ({ data }: MessageEvent<ToStillWorker>) => {
  if (data.type === "frames") void follow(data.frames).catch(() => undefined);
  else if (data.type === "picture") watch.take(data.picture);
  else if (data.type === "done") watch.done();
  else watch.failed(data.ms);
};
