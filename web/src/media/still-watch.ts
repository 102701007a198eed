/** Has a screen's track watched by a worker; says what the worker says. */
import type { FromStillWorker, ToStillWorker } from "./still-messages";

/** Newer than TypeScript's DOM types; not in every browser. */
type Processor = new (init: { track: MediaStreamTrack; maxBufferSize?: number }) => { readable: ReadableStream<VideoFrame> };

const PICTURE_MS = 150;

export class StillWatch {
  #worker: Worker;
  #stop: () => void;

  /** Throws where there are no workers or nothing to draw with in them. */
  constructor(track: MediaStreamTrack, hear: (message: FromStillWorker) => void) {
    if (typeof OffscreenCanvas === "undefined") throw new Error("no OffscreenCanvas");
    this.#worker = new Worker(new URL("./still.worker.ts", import.meta.url), { type: "module" });
    const streamed = this.#stream(track);
    let ready: () => void = () => undefined;
    this.#stop = streamed ?? this.#pictures(track, (next) => (ready = next));
    this.#worker.onmessage = ({ data }: MessageEvent<FromStillWorker>) => (data.type === "ready" ? ready() : hear(data));
  }

  tell(message: ToStillWorker, transfer: Transferable[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  close(): void {
    this.#stop();
    this.#worker.terminate();
  }

  /** Frames go to the worker as they are captured. Null where the browser cannot do that. */
  #stream(track: MediaStreamTrack): (() => void) | null {
    const Maker = (globalThis as { MediaStreamTrackProcessor?: Processor }).MediaStreamTrackProcessor;
    if (!Maker) return null;
    // A copy of the track, so that the end of the watch ends nothing else.
    const copy = track.clone();
    try {
      const { readable } = new Maker({ track: copy, maxBufferSize: 1 });
      this.tell({ type: "frames", frames: readable }, [readable as unknown as Transferable]);
    } catch {
      copy.stop();
      return null;
    }
    return () => copy.stop();
  }

  /** A hidden video plays the track; its picture is taken when there is a new one and the worker is ready. */
  #pictures(track: MediaStreamTrack, whenReady: (ready: () => void) => void): () => void {
    const video = document.createElement("video");
    video.muted = true;
    video.srcObject = new MediaStream([track]);
    video.play().catch(() => undefined);
    let stopped = false;
    let taken = 0;
    const next = () => {
      if (stopped) return;
      const wait = () => setTimeout(() => void take(), Math.max(0, taken + PICTURE_MS - performance.now()));
      if ("requestVideoFrameCallback" in video) video.requestVideoFrameCallback(wait);
      else wait();
    };
    const take = async () => {
      taken = performance.now();
      const picture = video.videoWidth > 0 ? await createImageBitmap(video).catch(() => null) : null;
      if (stopped || !picture) {
        picture?.close();
        next();
      } else this.tell({ type: "picture", picture }, [picture]);
    };
    whenReady(next);
    next();
    return () => {
      stopped = true;
      video.srcObject = null;
    };
  }
}
