/** Samples of a screen, and pictures from them. Runs in the worker. */
import type { StillArea } from "../protocol.gen";
import { encode, GREYS, SHADES } from "./still-bands";
import type { Layout } from "./still-tiles";

type Source = VideoFrame | ImageBitmap;

/** A sample of a screen: its bytes, and how they lie. */
export interface Sample {
  layout: Layout;
  words: Uint32Array<ArrayBuffer>;
  /** What the bytes are: a video frame's own format, or the pixels of a canvas. */
  frame: { format: VideoPixelFormat; planes: PlaneLayout[]; colorSpace: VideoColorSpaceInit } | null;
}

const word = (bytes: number) => Math.ceil(bytes / 4) * 4;

/** Planes of a video frame whose rows begin at whole words; null where its bytes cannot be had as they are. */
function frameLayout(format: VideoPixelFormat | null, width: number, height: number): { layout: Layout; planes: PlaneLayout[] } | null {
  // Each plane: bytes of a row, rows, pixels that a word spans, pixels that a row spans.
  const half = Math.ceil(width / 2);
  const halfRows = Math.ceil(height / 2);
  const parts: Record<string, [number, number, number, number][]> = {
    I420: [[width, height, 4, 1], [half, halfRows, 8, 2], [half, halfRows, 8, 2]],
    NV12: [[width, height, 4, 1], [half * 2, halfRows, 4, 2]],
    RGBX: [[width * 4, height, 1, 1]],
    RGBA: [[width * 4, height, 1, 1]],
    BGRX: [[width * 4, height, 1, 1]],
    BGRA: [[width * 4, height, 1, 1]],
  };
  const chosen = format ? parts[format] : undefined;
  if (!chosen) return null;
  let size = 0;
  const planes: PlaneLayout[] = [];
  const layout: Layout = {
    width,
    height,
    size: 0,
    planes: chosen.map(([bytes, rows, across, down]) => {
      const stride = word(bytes);
      planes.push({ offset: size, stride });
      const plane = { offset: size / 4, stride: stride / 4, words: stride / 4, rows, across, down };
      size += stride * rows;
      return plane;
    }),
  };
  layout.size = size;
  return { layout, planes };
}

/** Takes samples, into buffers that it uses in turn: the last two stay valid. */
export class Sampler {
  #buffers: Uint32Array<ArrayBuffer>[] = [];
  #canvas: OffscreenCanvas | null = null;

  async take(source: Source): Promise<Sample> {
    if (source instanceof ImageBitmap) return this.#drawn(source, source.width, source.height);
    const { width, height } = source.visibleRect ?? { width: source.displayWidth, height: source.displayHeight };
    const found = frameLayout(source.format, width, height);
    if (!found) return this.#drawn(source, width, height);
    const words = this.#buffer(found.layout.size);
    await source.copyTo(words, { layout: found.planes });
    return {
      layout: found.layout,
      words,
      frame: { format: source.format!, planes: found.planes, colorSpace: source.colorSpace.toJSON() },
    };
  }

  #drawn(source: Source, width: number, height: number): Sample {
    if (this.#canvas?.width !== width || this.#canvas.height !== height) this.#canvas = new OffscreenCanvas(width, height);
    const pen = this.#canvas.getContext("2d", { alpha: false, willReadFrequently: true })!;
    pen.drawImage(source, 0, 0, width, height);
    const { data } = pen.getImageData(0, 0, width, height);
    const words = this.#buffer(data.byteLength);
    words.set(new Uint32Array(data.buffer));
    const plane = { offset: 0, stride: width, words: width, rows: height, across: 1, down: 1 };
    return { layout: { width, height, size: data.byteLength, planes: [plane] }, words, frame: null };
  }

  #buffer(size: number): Uint32Array<ArrayBuffer> {
    const used = this.#buffers.length > 1 ? this.#buffers.shift()! : null;
    const buffer = used?.byteLength === size ? used : new Uint32Array(size / 4);
    this.#buffers.push(buffer);
    return buffer;
  }
}

/** The sample as a picture of its own, which later samples do not change. */
export function picture(sample: Sample): OffscreenCanvas {
  const { width, height } = sample.layout;
  const canvas = new OffscreenCanvas(width, height);
  const pen = canvas.getContext("2d", { alpha: false, willReadFrequently: true })!;
  if (sample.frame) {
    const { format, planes, colorSpace } = sample.frame;
    const frame = new VideoFrame(sample.words, { format, codedWidth: width, codedHeight: height, timestamp: 0, layout: planes, colorSpace });
    pen.drawImage(frame, 0, 0);
    frame.close();
  } else pen.putImageData(new ImageData(new Uint8ClampedArray(sample.words.buffer.slice(0)), width, height), 0, 0);
  return canvas;
}

export function cut(canvas: OffscreenCanvas, area: StillArea): OffscreenCanvas {
  const part = new OffscreenCanvas(area.width, area.height);
  part.getContext("2d", { alpha: false, willReadFrequently: true })!.drawImage(canvas, -area.x, -area.y);
  return part;
}

/** Brightness to a shade. `low`, `high`: what black and white are. */
function shadeOf(low: number, high: number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, y) => {
    const part = Math.min(1, Math.max(0, (y - low) / (high - low)));
    return Math.round(part * (SHADES - 1));
  });
}

const FULL_RANGE = shadeOf(0, 255);
const VIDEO_RANGE = shadeOf(16, 235);

/** In four shades of grey text stays as readable. */
export function shadesOf(sample: Sample): Uint8Array {
  const { width, height } = sample.layout;
  const shades = new Uint8Array(width * height);
  const { frame } = sample;
  if (frame?.format === "I420" || frame?.format === "NV12") {
    const bytes = new Uint8Array(sample.words.buffer);
    const shade = frame.colorSpace.fullRange ? FULL_RANGE : VIDEO_RANGE;
    const { offset, stride } = frame.planes[0]!;
    for (let row = 0, at = 0; row < height; row++) {
      const start = offset + row * stride;
      for (let from = start; from < start + width; from++, at++) shades[at] = shade[bytes[from]!]!;
    }
  } else {
    // Blue and red are at each other's place in some: the shades do not change by much.
    for (let at = 0; at < shades.length; at++) {
      const pixel = sample.words[at]!;
      shades[at] = FULL_RANGE[((pixel & 255) * 77 + ((pixel >> 8) & 255) * 150 + ((pixel >> 16) & 255) * 29) >> 8]!;
    }
  }
  return shades;
}

/** Bytes above which it is no page of text, and WebP may do better. */
const PLAIN = 40_000;

/** The picture of few bytes that thin links get first. */
export async function light(sample: Sample): Promise<Blob> {
  const shades = shadesOf(sample);
  const bands = await encode(shades, sample.layout);
  if (bands.size < PLAIN) return bands;
  const webp = await lossless(painted(shades, sample.layout));
  return webp.size < bands.size ? webp : bands;
}

function painted(shades: Uint8Array, { width, height }: { width: number; height: number }): OffscreenCanvas {
  const canvas = new OffscreenCanvas(width, height);
  const greys = new ImageData(width, height);
  const pixels = new Uint32Array(greys.data.buffer);
  for (let at = 0; at < shades.length; at++) pixels[at] = GREYS[shades[at]!]!;
  canvas.getContext("2d", { alpha: false, willReadFrequently: true })!.putImageData(greys, 0, 0);
  return canvas;
}

/** Lossless: WebP of quality 1 where the browser writes it so, else PNG. */
export async function lossless(canvas: OffscreenCanvas): Promise<Blob> {
  const webp = await canvas.convertToBlob({ type: "image/webp", quality: 1 });
  if (webp.type === "image/webp" && (await isLossless(webp))) return webp;
  return webp.type === "image/png" ? webp : canvas.convertToBlob({ type: "image/png" });
}

/** Has it a `VP8L` chunk? In an extended file it comes after others, such as the colour profile. */
async function isLossless(webp: Blob): Promise<boolean> {
  const view = new DataView(await webp.arrayBuffer());
  for (let at = 12; at + 8 <= view.byteLength; ) {
    const kind = view.getUint32(at);
    if (kind === VP8L) return true;
    if (kind === VP8) return false;
    at += 8 + view.getUint32(at + 4, true) + (view.getUint32(at + 4, true) & 1);
  }
  return false;
}

const VP8L = 0x5650384c;
const VP8 = 0x56503820;
