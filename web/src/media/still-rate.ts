/** How fast pictures come to this page, from those that came. */

/** Bytes below which a picture tells of the delay rather than of the rate. */
const TELLING = 8_000;
export const PATIENCE_MS = 500;
/** What is given up takes its connection along. */
const CONNECT_MS = 300;

export class StillRate {
  /** Bytes per ms; null: nothing came yet. */
  #rate: number | null = null;

  took(bytes: number, ms: number): void {
    if (bytes < TELLING) return;
    const rate = bytes / Math.max(1, ms);
    // A link that has become thin is believed at once, one that has become wide by and by.
    this.#rate = this.#rate === null || rate < this.#rate ? rate : this.#rate * 0.5 + rate * 0.5;
  }

  /** Whether so many bytes would keep the viewer waiting, so that the light picture should come first. */
  isSlow(bytes: number): boolean {
    return this.#rate === null ? bytes > 2 * TELLING : bytes / this.#rate > PATIENCE_MS;
  }

  /**
   * Of `bytes`, so many were `received` in `ms`: would `rather` bytes, asked for now, be there before the rest?
   * If so, that the link is so slow is remembered.
   */
  isOvertaken(bytes: number, received: number, rather: number, ms: number): boolean {
    const rate = Math.max(1, received) / Math.max(1, ms);
    if (rather / rate + CONNECT_MS >= (bytes - received) / rate) return false;
    this.#rate = rate;
    return true;
  }
}
