/**
 * When a screen rests and what of its still is outdated. Pure: time (ms) is an argument.
 *
 * A still is made when nearly all of the picture has rested; what goes on moving then (a caret, a clock)
 * is a hole in it. What changes later is told at once as moved, and patched when it rests again. A
 * tile that changes again and again has to rest longer before it is patched.
 */
import type { StillArea } from "../protocol.gen";
import type { Tiles } from "./still-tiles";

export type StillAction =
  /** Make a still, with a hole where it is not to be trusted. */
  | { type: "still"; hole: StillArea | null }
  | { type: "patch"; area: StillArea }
  /** What is shown there is outdated; null: everywhere. */
  | { type: "moved"; area: StillArea | null };

const REST_MS = 150;
/** A screen whose stills live shorter than this has to rest longer. */
const SHORT_LIFE_MS = 700;
const LONGEST_REST_MS = 700;
const LONGEST_PATIENCE_MS = 2500;
const FORGET_MS = 5000;
/** Of all tiles: with more outdated the still is gone; with more moving none is made. */
const MOST = 0.25;
/** Of all tiles: what changes more at once is a scroll or another page, not a caret or a clock. */
const LARGE = 0.04;
const MOST_PATCHES = 24;

export class StillRules {
  #at: Float64Array;
  /** When the tile last changed alone, not in a scroll. */
  #smallAt: Float64Array;
  #patience: Float64Array;
  #outdated: Uint8Array;
  #shownAt: number | null = null;
  #patches = 0;
  #busy = false;
  #rest = REST_MS;
  #notBefore = 0;
  #largeAt: number;

  constructor(
    readonly tiles: Tiles,
    now: number,
  ) {
    this.#at = new Float64Array(tiles.count).fill(now);
    this.#smallAt = new Float64Array(tiles.count).fill(-Infinity);
    this.#patience = new Float64Array(tiles.count).fill(REST_MS);
    this.#outdated = new Uint8Array(tiles.count);
    this.#largeAt = now;
  }

  /** `count` of the tiles changed between the last two samples. */
  changed(changed: Uint8Array, count: number, now: number): StillAction | null {
    if (count === 0) return null;
    const large = count > LARGE * this.tiles.count;
    if (large) {
      this.#patience.fill(REST_MS);
      this.#largeAt = now;
    }
    let fresh = false;
    for (let tile = 0; tile < changed.length; tile++) {
      if (!changed[tile]) continue;
      if (!large) this.#loseTrust(tile, now);
      this.#at[tile] = now;
      if (!this.#outdated[tile]) fresh = true;
    }
    if (this.#shownAt === null || !fresh) return null;
    const area = this.tiles.around((tile) => changed[tile] === 1 && !this.#outdated[tile])!;
    for (const tile of this.tiles.inside(area)) this.#outdated[tile] = 1;
    if (this.#count((tile) => this.#outdated[tile] === 1) > MOST * this.tiles.count) {
      this.#ended(now);
      return { type: "moved", area: null };
    }
    return { type: "moved", area };
  }

  /** What is to be made now, if anything. Until `done` or `failed` nothing more is. */
  next(now: number): StillAction | null {
    if (this.#busy || now < this.#notBefore) return null;
    if (this.#shownAt !== null && this.#patches < MOST_PATCHES) return this.#patch(now);
    return this.#still(now);
  }

  done(): void {
    this.#busy = false;
  }

  /** The patch shows what is outdated already: it is made again when that rests. */
  undone(area: StillArea): void {
    for (const tile of this.tiles.inside(area)) this.#outdated[tile] = 1;
    this.#patches--;
    this.#busy = false;
  }

  /** It could not be made or brought; again in `ms` at the earliest, and from the beginning. */
  failed(now: number, ms: number): void {
    this.#busy = false;
    this.#shownAt = null;
    this.#notBefore = now + ms;
  }

  #loseTrust(tile: number, now: number): void {
    const gap = now - this.#smallAt[tile]!;
    this.#smallAt[tile] = now;
    if (gap > FORGET_MS) this.#patience[tile] = REST_MS;
    else if (gap > REST_MS) this.#patience[tile] = Math.min(LONGEST_PATIENCE_MS, this.#patience[tile]! * 2);
  }

  #ended(now: number): void {
    const life = now - (this.#shownAt ?? now);
    this.#rest = life < SHORT_LIFE_MS ? Math.min(LONGEST_REST_MS, this.#rest * 2) : REST_MS;
    this.#shownAt = null;
    this.#busy = false;
  }

  #rests(tile: number, now: number): boolean {
    return now - this.#at[tile]! >= this.#patience[tile]!;
  }

  #patch(now: number): StillAction | null {
    const area = this.tiles.around((tile) => this.#outdated[tile] === 1 && this.#rests(tile, now));
    if (!area) return null;
    for (const tile of this.tiles.inside(area)) if (!this.#rests(tile, now)) return null;
    for (const tile of this.tiles.inside(area)) this.#outdated[tile] = 0;
    this.#patches++;
    this.#busy = true;
    return { type: "patch", area };
  }

  #still(now: number): StillAction | null {
    if (now - this.#largeAt < this.#rest) return null;
    const hole = this.tiles.around((tile) => !this.#rests(tile, now));
    this.#outdated.fill(0);
    if (hole) {
      for (const tile of this.tiles.inside(hole)) this.#outdated[tile] = 1;
      if (this.#count((tile) => this.#outdated[tile] === 1) > MOST * this.tiles.count) return null;
    }
    this.#shownAt = now;
    this.#patches = 0;
    this.#busy = true;
    return { type: "still", hole };
  }

  #count(chosen: (tile: number) => boolean): number {
    let count = 0;
    for (let tile = 0; tile < this.tiles.count; tile++) if (chosen(tile)) count++;
    return count;
  }
}
