/** Where two samples of a screen differ, by tiles. Pure; called for every sample, so the loops are plain. */
import type { StillArea } from "../protocol.gen";

export const TILE_WIDTH = 32;
export const TILE_HEIGHT = 16;

/**
 * A plane of a sample, read as 32-bit words. `offset` and `stride` in words; `across`: pixels that a word
 * spans, `down`: pixels that a row spans (2 where colour is sampled at half the height).
 */
export interface Plane {
  offset: number;
  stride: number;
  words: number;
  rows: number;
  across: number;
  down: number;
}

export interface Layout {
  width: number;
  height: number;
  planes: readonly Plane[];
  /** Bytes. */
  size: number;
}

export class Tiles {
  readonly columns: number;
  readonly rows: number;

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.columns = Math.ceil(width / TILE_WIDTH);
    this.rows = Math.ceil(height / TILE_HEIGHT);
  }

  get count(): number {
    return this.columns * this.rows;
  }

  /** The smallest rectangle of whole tiles around those that `chosen` picks, in pixels of the picture. */
  around(chosen: (tile: number) => boolean): StillArea | null {
    let left = this.columns;
    let right = -1;
    let top = -1;
    let bottom = -1;
    for (let row = 0, tile = 0; row < this.rows; row++) {
      for (let column = 0; column < this.columns; column++, tile++) {
        if (!chosen(tile)) continue;
        if (column < left) left = column;
        if (column > right) right = column;
        if (top < 0) top = row;
        bottom = row;
      }
    }
    if (top < 0) return null;
    const x = left * TILE_WIDTH;
    const y = top * TILE_HEIGHT;
    return {
      x,
      y,
      width: Math.min(this.width, (right + 1) * TILE_WIDTH) - x,
      height: Math.min(this.height, (bottom + 1) * TILE_HEIGHT) - y,
    };
  }

  /** Every tile that the area touches. */
  *inside(area: StillArea): Generator<number> {
    const right = Math.ceil((area.x + area.width) / TILE_WIDTH);
    const bottom = Math.ceil((area.y + area.height) / TILE_HEIGHT);
    for (let row = Math.floor(area.y / TILE_HEIGHT); row < bottom; row++) {
      for (let column = Math.floor(area.x / TILE_WIDTH); column < right; column++) yield row * this.columns + column;
    }
  }
}

/** Sets `changed` to 1 for every tile that differs; how many. Both samples are of the same layout. */
export function compare(before: Uint32Array, now: Uint32Array, layout: Layout, tiles: Tiles, changed: Uint8Array): number {
  changed.fill(0);
  let count = 0;
  for (const plane of layout.planes) {
    const step = TILE_WIDTH / plane.across;
    for (let row = 0; row < plane.rows; row++) {
      const first = Math.floor((row * plane.down) / TILE_HEIGHT) * tiles.columns;
      const start = plane.offset + row * plane.stride;
      for (let word = 0, tile = first; word < plane.words; word += step, tile++) {
        if (changed[tile]) continue;
        const end = start + Math.min(word + step, plane.words);
        for (let at = start + word; at < end; at++) {
          if (before[at] !== now[at]) {
            changed[tile] = 1;
            count++;
            break;
          }
        }
      }
    }
  }
  return count;
}
