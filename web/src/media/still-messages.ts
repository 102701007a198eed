/** Between the page and the worker that watches its screen. */
import type { StillArea } from "../protocol.gen";

export type ToStillWorker =
  | { type: "frames"; frames: ReadableStream<VideoFrame> }
  /** Where frames cannot be streamed; answered by `ready` when the next one may come. */
  | { type: "picture"; picture: ImageBitmap }
  /** What was last brought has arrived. */
  | { type: "done" }
  /** It has not, or the server does not have it any more. */
  | { type: "failed"; ms: number };

export type FromStillWorker =
  | { type: "ready" }
  | { type: "moved"; area: StillArea | null }
  | { type: "still"; hole: StillArea | null; light: Blob }
  | { type: "full"; full: Blob }
  | { type: "patch"; area: StillArea; patch: Blob };
