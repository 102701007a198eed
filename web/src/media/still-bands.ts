/**
 * A picture of text in four shades of grey, in a fraction of the bytes that WebP and PNG take for it. Pure.
 *
 * Those go row by row, so a letter is cut into as many pieces as it has rows. Here the picture is cut into strips
 * from left to right and each strip into bands, which are as high as a line of text; a band is written column by
 * column. A letter, and a word, is then one run of bytes, which deflate finds again where it comes again.
 *
 * `BND1`, width and height (16 bits, big-endian), then raw deflate (RFC 1951) of the bands, strip by strip from the
 * top: rows that are written (1 to 64), how often the last of them comes again (0 to 255), then each column from
 * the left in whole bytes, four pixels in one, the topmost in the lowest bits.
 */

export const BANDS_TYPE = "image/vnd.classroom.bands";
export const SHADES = 4;

const HEAD = 8;
const MAGIC = 0x424e4431;
const STRIP = 480;
const MOST_ROWS = 64;
const MOST_AGAIN = 255;
/** Rows that are the same from here on end a band: there is a gap between two lines of text. */
const GAP = 2;
const MAX_PIXELS = 1 << 24;

interface Size {
  width: number;
  height: number;
}

/** The bands, not deflated. `shades`: 0 (black) to 3, row by row. */
export function pack(shades: Uint8Array, { width, height }: Size): Uint8Array<ArrayBuffer> {
  const packed = new Uint8Array(most({ width, height }));
  let at = 0;
  for (let left = 0; left < width; left += STRIP) {
    const right = Math.min(width, left + STRIP);
    const same = sameAsAbove(shades, width, height, left, right);
    for (let top = 0; top < height; ) {
      let end = top + 1;
      while (end < height && end - top < MOST_ROWS && !gapAt(same, end)) end++;
      let next = end;
      while (next < height && next - end < MOST_AGAIN && same[next]) next++;
      packed[at++] = end - top;
      packed[at++] = next - end;
      for (let x = left; x < right; x++) {
        for (let y = top; y < end; y += 4) {
          let byte = 0;
          const last = Math.min(y + 4, end);
          for (let row = y, shift = 0; row < last; row++, shift += 2) byte |= shades[row * width + x]! << shift;
          packed[at++] = byte;
        }
      }
      top = next;
    }
  }
  return packed.slice(0, at);
}

/** RGBA of the picture. Throws where the bands do not make one. */
export function unpack(packed: Uint8Array, { width, height }: Size): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint32Array(width * height);
  let at = 0;
  for (let left = 0; left < width; left += STRIP) {
    const right = Math.min(width, left + STRIP);
    for (let top = 0; top < height; ) {
      const rows = packed[at++] ?? 0;
      const end = top + rows;
      const next = end + (packed[at++] ?? 0);
      const size = (right - left) * Math.ceil(rows / 4);
      if (rows < 1 || rows > MOST_ROWS || next > height || at + size > packed.length) throw new Error("not bands of this picture");
      for (let x = left; x < right; x++) {
        for (let y = top; y < end; ) {
          let byte = packed[at++]!;
          for (const last = Math.min(y + 4, end); y < last; y++, byte >>= 2) pixels[y * width + x] = GREYS[byte & 3]!;
        }
      }
      const above = pixels.subarray((end - 1) * width + left, (end - 1) * width + right);
      for (let row = end; row < next; row++) pixels.set(above, row * width + left);
      top = next;
    }
  }
  if (at !== packed.length) throw new Error("more than the picture");
  return new Uint8ClampedArray(pixels.buffer);
}

/** RGBA of each shade. */
export const GREYS = Uint32Array.from({ length: SHADES }, (_, shade) => {
  const grey = (shade * 255) / (SHADES - 1);
  return (0xff000000 | (grey << 16) | (grey << 8) | grey) >>> 0;
});

export async function encode(shades: Uint8Array, size: Size): Promise<Blob> {
  const head = new DataView(new ArrayBuffer(HEAD));
  head.setUint32(0, MAGIC);
  head.setUint16(4, size.width);
  head.setUint16(6, size.height);
  const deflated = through(pack(shades, size), new CompressionStream("deflate-raw"));
  return new Blob([head, ...(await chunksOf(deflated, Infinity))], { type: BANDS_TYPE });
}

/** Rejects what is not such a picture, before it has become large. */
export async function decode(data: Uint8Array<ArrayBuffer>): Promise<ImageData> {
  const head = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (data.length <= HEAD || head.getUint32(0) !== MAGIC) throw new Error("not bands");
  const size = { width: head.getUint16(4), height: head.getUint16(6) };
  if (size.width * size.height === 0 || size.width * size.height > MAX_PIXELS) throw new Error("too large");
  const chunks = await chunksOf(through(data.subarray(HEAD), new DecompressionStream("deflate-raw")), most(size));
  const packed = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    packed.set(chunk, at);
    at += chunk.length;
  }
  return new ImageData(unpack(packed, size), size.width, size.height);
}

/** No picture of the size has more bytes in its bands: one for each pixel and two for each row of a strip. */
function most({ width, height }: Size): number {
  return width * height + 2 * height * Math.ceil(width / STRIP);
}

function sameAsAbove(shades: Uint8Array, width: number, height: number, left: number, right: number): Uint8Array {
  const same = new Uint8Array(height);
  for (let row = 1; row < height; row++) {
    const end = row * width + right;
    let at = row * width + left;
    while (at < end && shades[at] === shades[at - width]) at++;
    same[row] = at === end ? 1 : 0;
  }
  return same;
}

function gapAt(same: Uint8Array, row: number): boolean {
  for (let at = row; at < row + GAP; at++) if (!same[at]) return false;
  return true;
}

function through(data: Uint8Array<ArrayBuffer>, stream: CompressionStream | DecompressionStream): ReadableStream<Uint8Array<ArrayBuffer>> {
  const source = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      controller.enqueue(data);
      controller.close();
    },
  });
  return source.pipeThrough(stream as ReadableWritablePair<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>);
}

async function chunksOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>, limit: number): Promise<Uint8Array<ArrayBuffer>[]> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for (const reader = stream.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) return chunks;
    size += value.length;
    if (size > limit) {
      await reader.cancel();
      throw new Error("more than the picture");
    }
    chunks.push(value);
  }
}
