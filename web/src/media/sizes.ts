/** How large each received picture is shown, in device pixels, told to the server when it matters. */

const STEPS = [160, 240, 320, 480, 640, 960, 1280, 1920, 2560, 3840];
const TELL_AFTER_MS = 300;

/** Rounded up, so that dragging a window's edge is not a message per pixel. */
export function rounded(pixels: number): number {
  return STEPS.find((step) => step >= pixels) ?? STEPS[STEPS.length - 1]!;
}

export class SizeTeller {
  #told = new Map<string, string>();
  #now = new Map<string, [number, number]>();
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(readonly tell: (consumer: string, width: number, height: number) => void) {}

  resized(consumer: string, width: number, height: number, scale = devicePixelRatio): void {
    if (width <= 0 || height <= 0) return;
    this.#now.set(consumer, [rounded(width * scale), rounded(height * scale)]);
    this.#timer ??= setTimeout(() => this.#flush(), TELL_AFTER_MS);
  }

  forget(consumer: string): void {
    this.#now.delete(consumer);
    this.#told.delete(consumer);
  }

  /** After a lost socket, what was told may not have arrived. */
  again(): void {
    this.#told.clear();
    this.#flush();
  }

  close(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#now.clear();
  }

  #flush(): void {
    this.#timer = null;
    for (const [consumer, [width, height]] of this.#now) {
      const size = `${width}x${height}`;
      if (this.#told.get(consumer) === size) continue;
      this.#told.set(consumer, size);
      this.tell(consumer, width, height);
    }
  }
}
