/** How fast pictures come to this page, from those that came. */

/** Bytes below which a picture tells of the delay rather than of the rate. */
const TELLING = 8_000;
const PATIENCE_MS = 500;

export class StillRate {
  /** Bytes per ms; null: nothing came yet. */
  #rate: number | null = null;

  took(bytes: number, ms: number): void {
    if (bytes < TELLING) return;
    const rate = bytes / Math.max(1, ms);
    this.#rate = this.#rate === null ? rate : this.#rate * 0.4 + rate * 0.6;
  }

  /** Whether so many bytes would keep the viewer waiting, so that the light picture should come first. */
  isSlow(bytes: number): boolean {
    return this.#rate === null ? bytes > 2 * TELLING : bytes / this.#rate > PATIENCE_MS;
  }
}
