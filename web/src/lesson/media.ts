/**
 * Picture and sound of one open lesson: at most one media session at a time, made anew when the
 * router behind it changes or it cannot be repaired.
 */
import { Refused, type LessonSocket } from "../api/socket";
import type { Publisher } from "../media/publisher";
import { QualityMeter, type Quality } from "../media/quality";
import type { Received } from "../media/receiving";
import { MediaSession, type Health } from "../media/session";
import type { Consumer, PublishPolicy } from "../protocol.gen";

export interface RemoteShare {
  consumer: string;
  share: string;
  participant: string;
  source: Received["offer"]["source"];
  kind: "audio" | "video";
  track: MediaStreamTrack;
  /** While its codec changes: the same picture by a newer consumer, to be shown once it is there. */
  next: { consumer: string; track: MediaStreamTrack } | null;
}

export interface MediaSnapshot {
  remote: readonly RemoteShare[];
  health: Health | "none" | "unsupported";
  quality: Quality;
}

export const NO_MEDIA: MediaSnapshot = {
  remote: [],
  health: "none",
  quality: { delayMs: 0, lossPercent: 0, poor: false, way: null },
};

const REBUILD_MS = 1000;

export interface MediaHandlers {
  onChange(part: Partial<MediaSnapshot>): void;
  /** Whether the lesson's socket is open: without it there is nothing to try again for. */
  isOpen(): boolean;
}

export class LessonMedia {
  #instance: string | null = null;
  #session: MediaSession | null = null;
  #building: Promise<void> = Promise.resolve();
  #meter = new QualityMeter();
  #quality = NO_MEDIA.quality;

  constructor(
    readonly socket: LessonSocket,
    readonly publisher: Publisher,
    readonly handlers: MediaHandlers,
  ) {}

  /**
   * What a state says: no media, another router, or (`back`: the socket was lost meanwhile) the same
   * router, whose transports are kept and only compared with what the server has.
   */
  follow(instance: string | null, back: boolean, shares: ReadonlySet<string>): void {
    if (instance === null) {
      this.#instance = null;
      this.drop();
    } else if (instance !== this.#instance || !this.#session || this.#session.closed) this.rebuild(instance);
    else if (back) this.#compare(this.#session, shares);
  }

  rebuild(instance: string): void {
    this.#instance = instance;
    this.drop();
    const session = new MediaSession(instance, this.socket, {
      onConsumers: () => this.#session === session && this.handlers.onChange({ remote: list(session) }),
      onHealth: (health) => this.#session === session && this.handlers.onChange({ health }),
      onBroken: () => this.#session === session && this.rebuild(instance),
    });
    this.#session = session;
    this.handlers.onChange({ health: "connecting" });
    this.#chain(() => this.#join(session));
  }

  drop(): void {
    const session = this.#session;
    this.#session = null;
    this.publisher.detach();
    session?.close();
    this.handlers.onChange({ remote: [], health: "none" });
  }

  offer(offer: Consumer): void {
    this.#session?.receiving.offer(offer).catch(() => undefined);
  }

  closeConsumer(consumer: string): void {
    this.#session?.receiving.closeConsumer(consumer);
  }

  /** The first picture of `RemoteShare.next` is on screen. */
  arrived(consumer: string): void {
    this.#session?.receiving.arrived(consumer);
  }

  /** In CSS pixels. */
  resized(consumer: string, width: number, height: number): void {
    this.#session?.receiving.resized(consumer, width, height);
  }

  /** Others came or went: what is on is to be published in other codecs. */
  policy({ screen, camera }: PublishPolicy): void {
    if (!this.#session) return;
    this.#session.publish = { screen, camera };
    this.publisher.adapt();
  }

  /** Some element shows the picture until the returned function is called. */
  show(consumer: string): () => void {
    const session = this.#session;
    session?.receiving.show(consumer);
    return () => session?.receiving.hide(consumer);
  }

  async measure(socketDelay: number): Promise<void> {
    if (!this.#session || this.#session.closed) return;
    const reports = await this.#session.stats().catch(() => []);
    const quality = this.#meter.read(reports, socketDelay);
    const old = this.#quality;
    const same = quality.delayMs === old.delayMs && quality.lossPercent === old.lossPercent;
    if (same && quality.poor === old.poor && quality.way === old.way) return;
    this.#quality = quality;
    this.handlers.onChange({ quality });
  }

  async #join(session: MediaSession): Promise<void> {
    if (this.#session !== session) return;
    try {
      await session.join();
      await this.publisher.attach(session);
    } catch (error) {
      if (this.#session !== session) return;
      if (error instanceof Error && error.name === "UnsupportedError") {
        this.handlers.onChange({ health: "unsupported" });
        return;
      }
      this.handlers.onChange({ health: "failed" });
      session.close();
      // A lost socket brings a new state, which rebuilds; anything else is tried again here.
      if (error instanceof Refused && error.code === "disconnected") return;
      setTimeout(() => {
        if (this.#session === session && this.handlers.isOpen()) this.rebuild(session.instance);
      }, REBUILD_MS);
    }
  }

  #compare(session: MediaSession, shares: ReadonlySet<string>): void {
    this.#chain(async () => {
      await session.rejoin();
      await this.publisher.reconcile(shares);
      this.publisher.adapt();
    });
  }

  /** One thing at a time with the transports. */
  #chain(action: () => Promise<void>): void {
    this.#building = this.#building.then(action).catch(() => undefined);
  }
}

/** A share whose codec changes is listed once: by its oldest consumer, and the newest as what comes next. */
function list(session: MediaSession): RemoteShare[] {
  const shares = new Map<string, RemoteShare>();
  for (const { offer, consumer } of session.receiving.received.values()) {
    const known = shares.get(offer.share);
    if (known) known.next = { consumer: offer.consumer, track: consumer.track };
    else shares.set(offer.share, remote({ offer, consumer }));
  }
  return [...shares.values()];
}

function remote({ offer, consumer }: Received): RemoteShare {
  const { share, participant, source, kind } = offer;
  return { consumer: offer.consumer, share, participant, source, kind, track: consumer.track, next: null };
}
