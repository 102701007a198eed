/**
 * Does the video under a still show something else? Pure. A still says so itself when it is outdated; this
 * is for the case that the word does not come. A video that is late (a thin link) is not taken for
 * one that moves: only who has shown what the still shows can move away from it.
 */

export const GUARD_WIDTH = 48;
export const GUARD_HEIGHT = 27;

const CELL = 20;
const SAME = 0.03;
const OTHER = 0.15;
const TWICE = 2;

export class StillGuard {
  #armed = false;
  #others = 0;

  /** RGBA of the still, holes transparent. */
  constructor(readonly still: Uint8ClampedArray) {}

  /** RGBA of the video now; true: it shows something else. */
  departed(video: Uint8ClampedArray): boolean {
    let seen = 0;
    let different = 0;
    for (let at = 0; at < this.still.length; at += 4) {
      if (this.still[at + 3]! < 255) continue;
      seen++;
      if (Math.abs(luma(this.still, at) - luma(video, at)) > CELL) different++;
    }
    const share = seen === 0 ? 0 : different / seen;
    if (share < SAME) {
      this.#armed = true;
      this.#others = 0;
    } else if (this.#armed && share > OTHER) this.#others++;
    return this.#others >= TWICE;
  }
}

function luma(pixels: Uint8ClampedArray, at: number): number {
  return (pixels[at]! * 77 + pixels[at + 1]! * 150 + pixels[at + 2]! * 29) >> 8;
}
