/**
 * What is received: one consumer per share, or two while its codec changes; then the older one's picture
 * stays until the newer one's first picture is there. Pictures are sent only while they are on screen.
 */
import type { types } from "mediasoup-client";
import type { LessonSocket } from "../api/socket";
import type { Consumer as Offer } from "../protocol.gen";
import { SizeTeller } from "./sizes";

export interface Received {
  offer: Offer;
  consumer: types.Consumer;
}

/** To come back costs the publisher a key frame: who scrolls by, or looks into the chat, changes nothing. */
const HIDE_AFTER_MS = 2000;
/** A look at another tab for a moment changes nothing. */
const AWAY_AFTER_MS = 3000;

export class Receiving {
  readonly received = new Map<string, Received>();
  #offers = new Map<string, Offer>();
  #shown = new Map<string, number>();
  #hiding = new Set<string>();
  #sizes: SizeTeller;
  #away = document.hidden;
  #leaving: ReturnType<typeof setTimeout> | null = null;
  #closed = false;

  constructor(
    readonly socket: LessonSocket,
    readonly transport: () => Promise<types.Transport>,
    readonly onConsumers: () => void,
  ) {
    this.#sizes = new SizeTeller((consumer, width, height) => this.#tell({ type: "consumer_size", consumer, width, height }));
    document.addEventListener("visibilitychange", this.#seenOrNot);
  }

  /** Somebody's share can be received. Made at once; the server sends when it is shown. */
  async offer(offer: Offer): Promise<void> {
    if (this.received.has(offer.consumer) || this.#offers.has(offer.consumer)) return;
    this.#offers.set(offer.consumer, offer);
    try {
      const transport = await this.transport();
      if (this.#closed || !this.#offers.has(offer.consumer)) return;
      const consumer = await transport.consume({
        id: offer.consumer,
        producerId: offer.share,
        kind: offer.kind,
        rtpParameters: offer.rtpParameters as types.RtpParameters,
        streamId: offer.participant,
      });
      if (this.#closed || !this.#offers.has(offer.consumer)) {
        consumer.close();
        return;
      }
      this.received.set(offer.consumer, { offer, consumer });
      this.#settle(offer.share);
      this.onConsumers();
      this.#tellWanted(offer.consumer);
    } finally {
      this.#offers.delete(offer.consumer);
    }
  }

  closeConsumer(id: string): void {
    this.#offers.delete(id);
    this.#sizes.forget(id);
    const received = this.received.get(id);
    if (!received) return;
    this.received.delete(id);
    received.consumer.close();
    this.onConsumers();
  }

  /** The first picture of the newest consumer is on screen: the older ones of its share are needed no more. */
  arrived(id: string): void {
    const share = this.received.get(id)?.offer.share;
    if (share === undefined || this.#of(share).at(-1) !== id) return;
    this.#release(share);
    this.onConsumers();
  }

  /** After the socket came back: the two sides compare what is open. */
  compare(open: ReadonlySet<string>): void {
    for (const id of [...this.received.keys()]) if (!open.has(id)) this.closeConsumer(id);
  }

  tellAll(): void {
    this.#sizes.again();
    for (const id of this.received.keys()) this.#tellWanted(id);
  }

  /**
   * Pictures are sent only while some element shows them; sound always. Counted, since a picture
   * that moves on the page is shown at its new place before it is gone from the old one.
   */
  show(id: string): void {
    const before = this.#shown.get(id) ?? 0;
    this.#shown.set(id, before + 1);
    if (before === 0 && !this.#hiding.delete(id)) this.#tellWanted(id);
  }

  hide(id: string): void {
    const left = (this.#shown.get(id) ?? 0) - 1;
    if (left > 0) this.#shown.set(id, left);
    else {
      this.#shown.delete(id);
      this.#hiding.add(id);
      setTimeout(() => {
        if (!this.#hiding.delete(id) || this.#closed) return;
        this.#tellWanted(id);
        this.#settleAll();
      }, HIDE_AFTER_MS);
    }
  }

  /** In CSS pixels. */
  resized(id: string, width: number, height: number): void {
    if (this.received.has(id)) this.#sizes.resized(id, width, height);
  }

  close(): void {
    this.#closed = true;
    document.removeEventListener("visibilitychange", this.#seenOrNot);
    if (this.#leaving) clearTimeout(this.#leaving);
    this.#sizes.close();
    this.received.clear();
    this.onConsumers();
  }

  /** Consumers of a share, oldest first. */
  #of(share: string): string[] {
    return [...this.received.values()].filter(({ offer }) => offer.share === share).map(({ offer }) => offer.consumer);
  }

  /** Nobody looks: there is no picture to keep until the newer one is there. */
  #settle(share: string): void {
    const all = this.#of(share);
    if (all.length > 1 && !all.some((id) => this.#isWanted(id))) this.#release(share);
  }

  #settleAll(): void {
    const before = this.received.size;
    for (const share of new Set([...this.received.values()].map(({ offer }) => offer.share))) this.#settle(share);
    if (this.received.size !== before) this.onConsumers();
  }

  #release(share: string): void {
    for (const id of this.#of(share).slice(0, -1)) {
      this.received.get(id)?.consumer.close();
      this.received.delete(id);
      this.#sizes.forget(id);
      this.#tell({ type: "release_consumer", consumer: id });
    }
  }

  #isWanted(id: string): boolean {
    if (this.received.get(id)?.offer.kind === "audio") return true;
    return !this.#away && (this.#shown.has(id) || this.#hiding.has(id));
  }

  #tellWanted(id: string): void {
    const received = this.received.get(id);
    if (!received) return;
    const wanted = this.#isWanted(id);
    if (wanted) received.consumer.resume();
    else received.consumer.pause();
    this.#tell({ type: wanted ? "resume_consumer" : "pause_consumer", consumer: id });
  }

  #seenOrNot = (): void => {
    if (this.#leaving) clearTimeout(this.#leaving);
    this.#leaving = null;
    if (document.hidden) this.#leaving = setTimeout(() => this.#setAway(true), AWAY_AFTER_MS);
    else this.#setAway(false);
  };

  /** Voices go on. */
  #setAway(away: boolean): void {
    if (this.#closed || this.#away === away) return;
    this.#away = away;
    for (const { offer } of this.received.values()) if (offer.kind === "video") this.#tellWanted(offer.consumer);
    if (away) this.#settleAll();
  }

  #tell(request: Parameters<LessonSocket["request"]>[0]): void {
    this.socket.request(request).catch(() => undefined);
  }
}
