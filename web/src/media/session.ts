/**
 * The browser's end of one router instance: a device, two transports, producers and consumers.
 * It lives from join to close; when the instance changes, a new one is made.
 */
import { Device, type types } from "mediasoup-client";
import type { Answer, LessonSocket, Request } from "../api/socket";
import type { Consumer as Offer, RtpCapabilities, Source, TransportParameters } from "../protocol.gen";
import { keepExtensionsByKind } from "./extensions";
import { publishOptions } from "./publishing";
import { watchStalls } from "./stall";

keepExtensionsByKind();

export interface Received {
  offer: Offer;
  consumer: types.Consumer;
}

export type Health = "connecting" | "connected" | "failed";

export interface SessionHandlers {
  onConsumers(): void;
  onHealth(health: Health): void;
  /** The transports cannot be repaired: make a new session. */
  onBroken(): void;
}

const RESTART_AFTER_MS = 300;
const GIVE_UP_AFTER_MS = 12_000;
const HIDE_AFTER_MS = 500;

export class MediaSession {
  readonly received = new Map<string, Received>();
  #device = new Device();
  #send: Promise<types.Transport> | null = null;
  #recv: Promise<types.Transport> | null = null;
  #transports: types.Transport[] = [];
  #offers = new Map<string, Offer>();
  #shown = new Map<string, number>();
  #hiding = new Set<string>();
  #closed = false;
  #loaded: Promise<void>;
  #setLoaded: () => void = () => undefined;
  #healths = new Map<string, Health>();
  #timers = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(
    readonly instance: string,
    readonly socket: LessonSocket,
    readonly handlers: SessionHandlers,
  ) {
    this.#loaded = new Promise((resolve) => (this.#setLoaded = resolve));
  }

  get closed(): boolean {
    return this.#closed;
  }

  async join(): Promise<void> {
    const { rtpCapabilities } = await this.#ask<"capabilities">({ type: "get_capabilities" });
    await this.#device.load({ routerRtpCapabilities: rtpCapabilities as types.RtpCapabilities });
    this.#setLoaded();
    await this.rejoin();
  }

  /** After the socket came back: the transports live on, the two sides only compare what is open. */
  async rejoin(): Promise<void> {
    const joined = await this.#ask<"media_joined">({
      type: "join_media",
      rtpCapabilities: this.#device.recvRtpCapabilities as RtpCapabilities,
    });
    const open = new Set(joined.consumers);
    for (const id of this.received.keys()) if (!open.has(id)) this.closeConsumer(id);
    await this.#receiving();
    for (const id of this.received.keys()) this.#tellWanted(id);
  }

  /** Somebody's share can be received. Made at once; the server sends when it is shown. */
  async offer(offer: Offer): Promise<void> {
    if (this.received.has(offer.consumer) || this.#offers.has(offer.consumer)) return;
    this.#offers.set(offer.consumer, offer);
    try {
      const transport = await this.#receiving();
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
      this.handlers.onConsumers();
      this.#tellWanted(offer.consumer);
    } finally {
      this.#offers.delete(offer.consumer);
    }
  }

  closeConsumer(id: string): void {
    this.#offers.delete(id);
    const received = this.received.get(id);
    if (!received) return;
    this.received.delete(id);
    received.consumer.close();
    this.handlers.onConsumers();
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
        if (this.#hiding.delete(id) && !this.#closed) this.#tellWanted(id);
      }, HIDE_AFTER_MS);
    }
  }

  async produce(track: MediaStreamTrack, source: Source): Promise<types.Producer> {
    const transport = await this.#sending();
    return transport.produce({
      track,
      appData: { source },
      ...publishOptions(source, this.#device.sendRtpCapabilities.codecs),
    });
  }

  async stats(): Promise<RTCStatsReport[]> {
    return Promise.all(this.#transports.filter((t) => !t.closed).map((t) => t.getStats()));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    for (const transport of this.#transports) transport.close();
    this.received.clear();
    this.handlers.onConsumers();
  }

  #tellWanted(id: string): void {
    const received = this.received.get(id);
    if (!received) return;
    const wanted = received.offer.kind === "audio" || this.#shown.has(id);
    if (wanted) received.consumer.resume();
    else received.consumer.pause();
    this.socket.request({ type: wanted ? "resume_consumer" : "pause_consumer", consumer: id }).catch(() => undefined);
  }

  #receiving(): Promise<types.Transport> {
    this.#recv ??= this.#open(false).catch((error: unknown) => {
      this.#recv = null;
      throw error;
    });
    return this.#recv;
  }

  #sending(): Promise<types.Transport> {
    this.#send ??= this.#open(true).catch((error: unknown) => {
      this.#send = null;
      throw error;
    });
    return this.#send;
  }

  async #open(send: boolean): Promise<types.Transport> {
    await this.#loaded;
    const answer = await this.#ask<"transport">({ type: "open_transport", send });
    if (this.#closed) throw new Error("closed");
    const parameters = {
      ...(answer.parameters as TransportParameters & types.TransportOptions),
      iceServers: answer.iceServers,
    };
    const transport = send
      ? this.#device.createSendTransport(parameters)
      : this.#device.createRecvTransport(parameters);
    this.#transports.push(transport);
    transport.on("connect", ({ dtlsParameters }, done, failed) => {
      this.#ask({
        type: "connect_transport",
        transport: transport.id,
        dtlsParameters: { role: dtlsParameters.role ?? "auto", fingerprints: dtlsParameters.fingerprints },
      } as Request).then(() => done(), failed);
    });
    transport.on("produce", ({ kind, rtpParameters, appData }, done, failed) => {
      this.#ask<"produced">({
        type: "produce",
        transport: transport.id,
        kind,
        source: appData["source"] as Source,
        rtpParameters,
      } as Request).then((produced) => done({ id: produced.share }), failed);
    });
    transport.on("connectionstatechange", (state) => this.#watch(transport, state));
    watchStalls(transport, () => void this.#renewIce(transport));
    return transport;
  }

  #watch(transport: types.Transport, state: types.ConnectionState): void {
    if (this.#closed) return;
    const timer = this.#timers.get(transport.id);
    if (timer) clearTimeout(timer);
    this.#timers.delete(transport.id);
    if (state === "connected") this.#setHealth(transport.id, "connected");
    else if (state === "connecting") this.#setHealth(transport.id, "connecting");
    else if (state === "disconnected") {
      this.#later(transport, RESTART_AFTER_MS, () => void this.#restart(transport));
    } else if (state === "failed") {
      this.#setHealth(transport.id, "failed");
      void this.#restart(transport);
    }
  }

  async #restart(transport: types.Transport): Promise<void> {
    this.#setHealth(transport.id, "failed");
    this.#later(transport, GIVE_UP_AFTER_MS, () => this.handlers.onBroken());
    await this.#renewIce(transport);
  }

  /** New checks over all ways there are; media goes on meanwhile where it still can. */
  async #renewIce(transport: types.Transport): Promise<void> {
    try {
      const { iceParameters, iceServers } = await this.#ask<"ice">({ type: "restart_ice", transport: transport.id });
      if (transport.closed) return;
      // What a relay was first asked with may have expired. Firefox cannot be told, and goes on with that.
      if (iceServers.length > 0) await transport.updateIceServers({ iceServers }).catch(() => undefined);
      await transport.restartIce({ iceParameters });
    } catch {
      // The socket is away, or the worker knows the transport no more: the timer of the restart decides.
    }
  }

  #later(transport: types.Transport, ms: number, action: () => void): void {
    this.#timers.set(
      transport.id,
      setTimeout(() => {
        if (!this.#closed && transport.connectionState !== "connected") action();
      }, ms),
    );
  }

  #setHealth(transport: string, health: Health): void {
    this.#healths.set(transport, health);
    const all = [...this.#healths.values()];
    this.handlers.onHealth(
      all.includes("failed") ? "failed" : all.includes("connecting") ? "connecting" : "connected",
    );
  }

  #ask<T extends Answer["type"] = "ok">(request: Request): Promise<Extract<Answer, { type: T }>> {
    return this.socket.request<T>(request);
  }
}
