/**
 * Stills of others' screens: what the server tells of them, and the pictures that are on the page.
 * Pictures are got only while some element shows the share and the page is visible.
 */
import { stillPath } from "../api/http";
import type { StillShown } from "../protocol.gen";
import { BANDS_TYPE, decode } from "./still-bands";
import { PATIENCE_MS, StillRate } from "./still-rate";

export interface StillPicture {
  shown: StillShown;
  base: ImageBitmap;
  patches: ReadonlyMap<number, ImageBitmap>;
}

type Paint = (picture: StillPicture | null) => void;

interface Of {
  shown: StillShown | null;
  /** `still`: whose picture it is. `held`: kept back, since the lossless one will be there at once. */
  base: { still: number; light: boolean; held: boolean; bitmap: ImageBitmap } | null;
  patches: Map<number, ImageBitmap>;
  paints: Set<Paint>;
  /** The still whose pictures are being got. What is on its way of an older one is not waited for. */
  loading: number | null;
  /** Pictures that could not be had, until something new is told. */
  missed: Set<string>;
  /** The lossless picture did not come soon after the light one. */
  waited: boolean;
}

interface Wanted {
  part: string;
  bytes: number;
}

const SOON_MS = 400;
/** A lossless picture of a page of text, in light ones. */
const FULL_OF_LIGHT = 10;

export class StillViews {
  #of = new Map<string, Of>();
  #rate = new StillRate();
  #closed = false;

  constructor(readonly lesson: string) {
    document.addEventListener("visibilitychange", this.#visible);
  }

  /** Calls `paint` with each new picture (null: none) until the returned function is called. */
  watch(share: string, paint: Paint): () => void {
    const of = this.#get(share);
    of.paints.add(paint);
    paint(pictureOf(of));
    void this.#load(share, of);
    return () => {
      of.paints.delete(paint);
      if (of.paints.size === 0) this.#forget(of);
    };
  }

  tell(shown: StillShown): void {
    const of = this.#get(shown.share);
    if (of.shown?.still !== shown.still) this.#await(of, shown);
    of.shown = shown;
    of.missed.clear();
    // A new still replaces what is seen when it is there; until then that is right, as long as nothing moves.
    if (of.base && of.base.still !== shown.still && shown.parts.length > 0) {
      this.#forget(of);
      this.#paint(of);
    }
    for (const [patch, bitmap] of of.patches) {
      if (of.base?.still !== shown.still || shown.parts.some((part) => part.patch === patch)) continue;
      of.patches.delete(patch);
      bitmap.close();
    }
    if (of.base?.still === shown.still) this.#paint(of);
    void this.#load(shown.share, of);
  }

  gone(share: string): void {
    const of = this.#of.get(share);
    if (!of) return;
    of.shown = null;
    this.#forget(of);
    this.#paint(of);
  }

  /** All there are; others are gone. */
  reset(stills: readonly StillShown[]): void {
    const told = new Set(stills.map((shown) => shown.share));
    for (const share of this.#of.keys()) if (!told.has(share)) this.gone(share);
    for (const shown of stills) this.tell(shown);
  }

  close(): void {
    this.#closed = true;
    document.removeEventListener("visibilitychange", this.#visible);
    for (const share of [...this.#of.keys()]) this.gone(share);
  }

  #visible = (): void => {
    for (const [share, of] of this.#of) void this.#load(share, of);
  };

  #await(of: Of, shown: StillShown): void {
    of.waited = false;
    setTimeout(() => {
      if (of.shown?.still !== shown.still) return;
      of.waited = true;
      if (of.base?.held) {
        of.base.held = false;
        this.#paint(of);
      }
      void this.#load(shown.share, of);
    }, SOON_MS);
  }

  #get(share: string): Of {
    let of = this.#of.get(share);
    if (!of) {
      of = { shown: null, base: null, patches: new Map(), paints: new Set(), loading: null, missed: new Set(), waited: false };
      this.#of.set(share, of);
    }
    return of;
  }

  #forget(of: Of): void {
    of.base?.bitmap.close();
    of.base = null;
    for (const bitmap of of.patches.values()) bitmap.close();
    of.patches.clear();
  }

  #paint(of: Of): void {
    const picture = pictureOf(of);
    for (const paint of of.paints) paint(picture);
  }

  /** One picture after the other, the most wanted first, until all are there. */
  async #load(share: string, of: Of): Promise<void> {
    const still = of.shown?.still ?? null;
    if (still === null || of.loading === still) return;
    of.loading = still;
    try {
      while (!this.#closed && of.paints.size > 0 && document.visibilityState === "visible" && of.shown?.still === still) {
        const wanted = this.#next(of);
        if (!wanted) return;
        // Nobody waits for a lossless picture that comes slowly while the light one could be there.
        const rather = wanted.part === "full" && of.base?.still !== still ? (of.shown?.lightBytes ?? 0) : 0;
        const bitmap = await this.#fetch(share, still, wanted, rather);
        if (bitmap === "slow") continue;
        if (!bitmap) of.missed.add(`${still}/${wanted.part}`);
        else if (of.shown?.still !== still || of.paints.size === 0) bitmap.close();
        else this.#keep(of, still, wanted.part, bitmap);
      }
    } finally {
      if (of.loading === still) of.loading = null;
    }
  }

  #keep(of: Of, still: number, part: string, bitmap: ImageBitmap): void {
    if (part === "full" || part === "light") {
      if (of.base?.still !== still) this.#forget(of);
      else of.base.bitmap.close();
      const light = part === "light";
      of.base = { still, light, held: light && !of.waited && !this.#slow(of.shown!), bitmap };
    } else if (of.shown?.parts.some((one) => String(one.patch) === part)) of.patches.set(Number(part), bitmap);
    else bitmap.close();
    this.#paint(of);
  }

  #next(of: Of): Wanted | null {
    const { shown, base } = of;
    if (!shown) return null;
    const missing = (part: string | number) => !of.missed.has(`${shown.still}/${part}`);
    const have = base?.still === shown.still ? base : null;
    if (!have && shown.lightBytes > 0 && missing("light") && (of.waited || this.#slow(shown))) {
      return { part: "light", bytes: shown.lightBytes };
    }
    if (have) {
      const patch = shown.parts.find((part) => part.patch > 0 && !of.patches.has(part.patch) && missing(part.patch));
      if (patch) return { part: String(patch.patch), bytes: patch.bytes };
    }
    if ((!have || have.light) && shown.fullBytes > 0 && missing("full")) return { part: "full", bytes: shown.fullBytes };
    return null;
  }

  /** Where the lossless picture is not there yet, it is guessed from the light one. */
  #slow(shown: StillShown): boolean {
    return this.#rate.isSlow(shown.fullBytes || shown.lightBytes * FULL_OF_LIGHT);
  }

  /** Null: it could not be had. `slow`: given up, since `rather` bytes of another would be there sooner. */
  async #fetch(share: string, still: number, { part, bytes }: Wanted, rather: number): Promise<ImageBitmap | "slow" | null> {
    const begun = performance.now();
    const stop = new AbortController();
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    let received = 0;
    let answered = begun;
    const look = setTimeout(() => {
      if (rather > 0 && this.#rate.isOvertaken(bytes, received, rather, performance.now() - begun)) stop.abort();
    }, PATIENCE_MS);
    try {
      const response = await fetch(stillPath(this.lesson, share, still, part, null), { credentials: "same-origin", signal: stop.signal });
      if (!response.ok || !response.body) return null;
      answered = performance.now();
      for (const reader = response.body.getReader(); ; ) {
        const { done, value } = await reader.read();
        if (done) break;
        received += value.length;
        chunks.push(value);
      }
      // Shorter: it was outdated on the way.
      if (received !== bytes) return null;
      this.#rate.took(bytes, performance.now() - answered);
      const picture = new Blob(chunks, { type: response.headers.get("content-type") ?? "" });
      return await createImageBitmap(picture.type === BANDS_TYPE ? await decode(new Uint8Array(await picture.arrayBuffer())) : picture);
    } catch {
      return stop.signal.aborted ? "slow" : null;
    } finally {
      clearTimeout(look);
    }
  }
}

function pictureOf(of: Of): StillPicture | null {
  if (!of.shown || !of.base || of.base.held) return null;
  return { shown: of.shown, base: of.base.bitmap, patches: of.patches };
}
