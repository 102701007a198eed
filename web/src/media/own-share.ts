/** One track this person publishes, and what it is sent by: one producer, or two while its codec changes. */
import type { types } from "mediasoup-client";
import type { Source } from "../protocol.gen";
import type { MediaSession } from "./session";

/** The server says sooner when everybody has the new picture. */
const OLDER_LASTS_MS = 15_000;

export class OwnShare {
  share: string | null = null;
  paused = false;
  #producer: types.Producer | null = null;
  #codec = "";
  #older = new Map<string, types.Producer>();
  #changing: Promise<void> = Promise.resolve();

  constructor(
    readonly source: Source,
    public track: MediaStreamTrack,
  ) {}

  get published(): boolean {
    return this.#producer !== null;
  }

  async publish(session: MediaSession): Promise<void> {
    const { producer, share, codec } = await session.produce(this.track, this.source);
    this.share = share;
    this.#producer = producer;
    this.#codec = codec;
    if (this.paused) producer.pause();
  }

  /**
   * Go on in the codec that the session asks for now. The older producer sends on until the server
   * says that everybody has the new picture. `stays`: whether this is still to be published there.
   */
  adapt(session: MediaSession, stays: () => boolean): Promise<void> {
    this.#changing = this.#changing.then(async () => {
      const older = this.#producer;
      const wanted = session.codecOf(this.source);
      if (!older || !this.share || older.closed || wanted === null || wanted === this.#codec || !stays()) return;
      try {
        const { producer, codec } = await session.produce(this.track, this.source, this.share);
        if (!stays() || this.#producer !== older) {
          producer.close();
          return;
        }
        if (producer.track !== this.track) await producer.replaceTrack({ track: this.track });
        if (this.paused) producer.pause();
        this.#producer = producer;
        this.#codec = codec;
        this.#older.set(older.id, older);
        setTimeout(() => this.closed(older.id), OLDER_LASTS_MS);
      } catch {
        // Refused, or the session is going: it stays as it is until the next word about codecs.
      }
    });
    return this.#changing;
  }

  /** The server has closed a producer: everybody sees the newer one. */
  closed(producer: string): void {
    this.#older.get(producer)?.close();
    this.#older.delete(producer);
  }

  /** The session is gone, and the producers with it. */
  forget(): void {
    this.share = null;
    this.#producer = null;
    this.#older.clear();
  }

  /** Nothing of it is sent any more; the track stays. */
  unpublish(): void {
    this.#producer?.close();
    for (const older of this.#older.values()) older.close();
    this.forget();
  }

  setPaused(paused: boolean): void {
    this.paused = paused;
    this.track.enabled = !paused;
    for (const producer of this.#producers()) {
      if (paused) producer.pause();
      else producer.resume();
    }
  }

  async replaceTrack(track: MediaStreamTrack): Promise<void> {
    track.enabled = !this.paused;
    for (const producer of this.#producers()) await producer.replaceTrack({ track });
    this.track.onended = null;
    this.track.stop();
    this.track = track;
  }

  /** Only those layers are encoded and sent that anybody takes. */
  setLayers(id: string, wanted: readonly boolean[]): void {
    const sender = [...this.#producers()].find((producer) => producer.id === id)?.rtpSender;
    if (!sender) return;
    this.#changing = this.#changing.then(async () => {
      const parameters = sender.getParameters();
      parameters.encodings.forEach((encoding, index) => (encoding.active = wanted[index] ?? true));
      await sender.setParameters(parameters).catch(() => undefined);
    });
  }

  *#producers(): Iterable<types.Producer> {
    if (this.#producer) yield this.#producer;
    yield* this.#older.values();
  }
}
