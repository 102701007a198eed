/**
 * The browser's end of one router instance: a device, two transports, producers and consumers.
 * It lives from join to close; when the instance changes, a new one is made.
 */
import { Device, type types } from "mediasoup-client";
import type { Answer, LessonSocket, Request } from "../api/socket";
import type { PublishCodecs, RtpCapabilities, Source, TransportParameters } from "../protocol.gen";
import { keepExtensionsByKind } from "./extensions";
import { encodable, FLOOR, publishOptions } from "./encoders";
import { Receiving } from "./receiving";
import { watchStalls } from "./stall";

keepExtensionsByKind();

export interface Published {
  producer: types.Producer;
  share: string;
  /** MIME type; empty for sounds. */
  codec: string;
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

export class MediaSession {
  readonly receiving: Receiving;
  /** What the server wants this person's pictures in. */
  publish: PublishCodecs = { screen: FLOOR, camera: FLOOR };
  #device = new Device();
  #send: Promise<types.Transport> | null = null;
  #recv: Promise<types.Transport> | null = null;
  #transports: types.Transport[] = [];
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
    this.receiving = new Receiving(socket, () => this.#receiving(), () => handlers.onConsumers());
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
      encodes: encodable(this.#device.sendRtpCapabilities.codecs),
    });
    this.publish = joined.publish;
    this.receiving.compare(new Set(joined.consumers));
    await this.#receiving();
    this.receiving.tellAll();
  }

  /** In which codec a source is to be published now, as a MIME type; null: sound. */
  codecOf(source: Source): string | null {
    return source === "screen" || source === "camera" ? this.publish[source] : null;
  }

  /** `replaces`: an own share that goes on in the codec wanted now. */
  async produce(track: MediaStreamTrack, source: Source, replaces?: string): Promise<Published> {
    const transport = await this.#sending();
    const codec = this.codecOf(source);
    const appData: Record<string, unknown> = { source, replaces };
    const producer = await transport.produce({
      track,
      appData,
      ...publishOptions(source, codec ?? "", track.getSettings(), { codecs: this.#device.sendRtpCapabilities.codecs, handler: this.#device.handlerName }),
    });
    if (source === "screen") keepResolution(producer.rtpSender);
    return { producer, share: String(appData["share"]), codec: codec ?? "" };
  }

  async stats(): Promise<RTCStatsReport[]> {
    return Promise.all(this.#transports.filter((t) => !t.closed).map((t) => t.getStats()));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    for (const transport of this.#transports) transport.close();
    this.receiving.close();
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
        replaces: (appData["replaces"] as string | undefined) ?? null,
      } as Request).then((produced) => {
        appData["share"] = produced.share;
        done({ id: produced.producer });
      }, failed);
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

/** Text stays sharp when the link or the processor is short of something: the frame rate falls. */
function keepResolution(sender: RTCRtpSender | undefined): void {
  if (!sender) return;
  const parameters = sender.getParameters() as RTCRtpSendParameters & { degradationPreference?: string };
  parameters.degradationPreference = "maintain-resolution";
  sender.setParameters(parameters).catch(() => undefined);
}
