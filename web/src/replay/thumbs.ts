/** Which small picture shows a moment. Pure. */
import type { Thumbnails } from "../protocol.gen";
import { come } from "./parts";

export interface Thumb {
  sheet: string;
  /** Of its upper left corner on the sheet, in pixels. */
  x: number;
  y: number;
  width: number;
  height: number;
}

export function thumbAt(thumbs: Thumbnails, ms: number): Thumb | null {
  const each = thumbs.columns * thumbs.rows;
  const picture = Math.max(0, come(thumbs.atMs, ms) - 1);
  const sheet = thumbs.sheets[Math.floor(picture / each)];
  if (sheet === undefined || thumbs.atMs.length === 0) return null;
  const on = picture % each;
  return {
    sheet,
    x: (on % thumbs.columns) * thumbs.width,
    y: Math.floor(on / thumbs.columns) * thumbs.height,
    width: thumbs.width,
    height: thumbs.height,
  };
}
