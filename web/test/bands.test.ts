// @vitest-environment node
import { beforeAll, describe, expect, it } from "vitest";
import { BANDS_TYPE, decode, encode, pack, unpack } from "../src/media/still-bands";

/** Repeatable dice. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

/** Lines of letters, each of 5×9 random pixels of an alphabet of 30. */
function text(width: number, height: number, line: number): Uint8Array {
  const roll = dice(3);
  const alphabet = Array.from({ length: 30 }, () => Uint8Array.from({ length: 45 }, () => (roll(3) ? 3 : roll(3))));
  const shades = new Uint8Array(width * height).fill(3);
  for (let top = 2; top + 9 <= height; top += line) {
    for (let left = 3; left + 6 <= width; left += 6) {
      const letter = alphabet[roll(30)]!;
      for (let at = 0; at < 45; at++) shades[(top + Math.floor(at / 5)) * width + left + (at % 5)] = letter[at]!;
    }
  }
  return shades;
}

function greys(pixels: Uint8ClampedArray): Uint8Array {
  const shades = new Uint8Array(pixels.length / 4);
  for (let at = 0; at < shades.length; at++) shades[at] = pixels[4 * at]! / 85;
  return shades;
}

/** `toEqual` looks at every number by itself, for seconds. */
const same = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((value, at) => value === b[at]);

beforeAll(() => {
  globalThis.ImageData ??= class {
    constructor(
      readonly data: Uint8ClampedArray,
      readonly width: number,
      readonly height: number,
    ) {}
  } as unknown as typeof ImageData;
});

describe("bands", () => {
  it("come back as they were, whatever the picture", () => {
    const roll = dice(1);
    for (let round = 0; round < 60; round++) {
      const size = { width: 1 + roll(1100), height: 1 + roll(400) };
      const shades = new Uint8Array(size.width * size.height).fill(roll(4));
      // Noise in some rows, the row above in others, and resting ones.
      for (let y = 0; y < size.height; y++) {
        const kind = roll(3);
        if (kind === 0) for (let x = 0; x < size.width; x++) shades[y * size.width + x] = roll(4);
        else if (kind === 1 && y > 0) shades.copyWithin(y * size.width, (y - 1) * size.width, y * size.width);
      }
      expect(same(greys(unpack(pack(shades, size), size)), shades)).toBe(true);
    }
  });

  it("are small for a page of text, and come back through deflate", async () => {
    const size = { width: 1920, height: 1080 };
    const shades = text(size.width, size.height, 18);
    const blob = await encode(shades, size);
    expect(blob.type).toBe(BANDS_TYPE);
    // 19,000 letters.
    expect(blob.size).toBeLessThan(50_000);
    const picture = await decode(new Uint8Array(await blob.arrayBuffer()));
    expect([picture.width, picture.height]).toEqual([1920, 1080]);
    expect(same(greys(picture.data), shades)).toBe(true);
  });

  it("refuse what is none, and never become larger than their picture", async () => {
    const size = { width: 500, height: 60 };
    const good = new Uint8Array(await (await encode(text(500, 60, 18), size)).arrayBuffer());
    const roll = dice(2);
    await expect(decode(new Uint8Array(20))).rejects.toThrow();
    await expect(decode(good.slice(0, good.length - 9))).rejects.toThrow();
    const huge = good.slice();
    huge.set([0xff, 0xff, 0xff, 0xff], 4);
    await expect(decode(huge)).rejects.toThrow("too large");
    const bomb = new Uint8Array(await (await encode(new Uint8Array(2000 * 2000), { width: 2000, height: 2000 })).arrayBuffer());
    bomb.set([0, 1, 0, 1], 4);
    await expect(decode(bomb)).rejects.toThrow();
    for (let round = 0; round < 200; round++) {
      const packed = pack(text(500, 60, 18), size);
      for (let change = 0; change < 3; change++) packed[roll(packed.length)] = roll(256);
      try {
        expect(unpack(packed, size).length).toBe(4 * 500 * 60);
      } catch (error) {
        expect(String(error)).toMatch(/bands|picture/);
      }
    }
  });
});
