/** What a way carries: noise out and back by the media worker, as a lesson's video would go. */
import type { Device, types } from "mediasoup-client";
import type { RtpCapabilities } from "../protocol.gen";
import { pattern } from "./pattern";
import type { TestSocket } from "./socket";
import { openWay, type Way } from "./ways";

const BEGINNING_MS = 2_000;
const WINDOW_MS = 3_000;
const WINDOWS = 7;
/** kbit/s both ways: more would change nothing in what is said. */
const ENOUGH = 1_200;
const RISE = 1.08;
const WIDTH = 960;
const CONNECT_MS = 9_000;
const MOST = 2_500_000;

/** kbit/s, ms, per cent. `shrunk`: the browser made the picture smaller, and so sent less than it could. */
export interface Carried {
  shrunk?: boolean;
  up: number;
  down: number;
  delay: number;
  jitter: number;
  loss: number;
}

export interface Counters {
  at: number;
  sent: number;
  received: number;
  packets: number;
  lost: number;
  delay: number;
  jitter: number;
  shrunk?: boolean;
}

export function carried(from: Counters, to: Counters): Carried {
  const seconds = Math.max(0.001, (to.at - from.at) / 1000);
  const rate = (bytes: number) => Math.round((Math.max(0, bytes) * 8) / 1000 / seconds);
  const lost = Math.max(0, to.lost - from.lost);
  const all = lost + Math.max(0, to.packets - from.packets);
  return {
    up: rate(to.sent - from.sent),
    down: rate(to.received - from.received),
    delay: Math.round(to.delay * 1000),
    jitter: Math.round(to.jitter * 1000),
    loss: all > 0 ? Math.round((lost / all) * 1000) / 10 : 0,
    shrunk: to.shrunk ?? false,
  };
}

const narrow = (found: Carried) => Math.min(found.up, found.down);

/**
 * Whether it makes sense to stop: browsers begin low and rise, Firefox by a few per cent a second, so
 * that a short look would call a wide network narrow.
 */
export function settled(windows: readonly Carried[]): boolean {
  if (windows.length >= WINDOWS) return true;
  const last = windows.at(-1);
  const before = windows.at(-2);
  if (!last || !before) return false;
  return narrow(last) >= ENOUGH || narrow(last) < narrow(before) * RISE;
}

/** The widest window's rates, with the delay and loss of the last. */
export function best(windows: readonly Carried[]): Carried {
  const last = windows.at(-1) ?? { up: 0, down: 0, delay: 0, jitter: 0, loss: 0 };
  return { ...last, up: Math.max(...windows.map((each) => each.up), 0), down: Math.max(...windows.map((each) => each.down), 0) };
}

/** Rejects when the way does not come about. */
export async function measure(socket: TestSocket, device: Device, way: Way): Promise<Carried> {
  const picture = pattern(WIDTH, 540, 24);
  const transports: types.Transport[] = [];
  try {
    const { transport: out } = await openWay(socket, device, way, true);
    transports.push(out);
    const { transport: back } = await openWay(socket, device, way, false);
    transports.push(back);
    out.on("produce", ({ kind, rtpParameters }, done, failed) => {
      socket
        .request<"produced">({
          type: "test_produce",
          transport: out.id,
          kind,
          rtpParameters: rtpParameters as never,
        })
        .then((produced) => done({ id: produced.share }), failed);
    });
    const producer = await out.produce({
      track: picture.track,
      stopTracks: false,
      encodings: [{ maxBitrate: MOST }],
      codecOptions: { videoGoogleStartBitrate: 800 },
    });
    const looped = await socket.request<"looped">({
      type: "loop_back",
      transport: back.id,
      producer: producer.id,
      rtpCapabilities: device.recvRtpCapabilities as RtpCapabilities,
    });
    const consumer = await back.consume({
      id: looped.consumer,
      producerId: producer.id,
      kind: looped.kind,
      rtpParameters: looped.rtpParameters as types.RtpParameters,
    });
    await Promise.all(transports.map(connected));
    consumer.resume();
    await socket.request({ type: "resume_consumer", consumer: consumer.id });
    await pause(BEGINNING_MS);
    const windows: Carried[] = [];
    let from = await read(out, back);
    while (!settled(windows)) {
      await pause(WINDOW_MS);
      const to = await read(out, back);
      windows.push(carried(from, to));
      from = to;
    }
    return best(windows);
  } finally {
    for (const transport of transports) transport.close();
    picture.stop();
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function connected(transport: types.Transport): Promise<void> {
  if (transport.connectionState === "connected") return Promise.resolve();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("timeout")), CONNECT_MS);
    transport.on("connectionstatechange", (state) => {
      if (state !== "connected") return;
      clearTimeout(timer);
      resolve();
    });
  });
}

async function read(out: types.Transport, back: types.Transport): Promise<Counters> {
  const counters: Counters = { at: performance.now(), sent: 0, received: 0, packets: 0, lost: 0, delay: 0, jitter: 0 };
  for (const stats of await Promise.all([out.getStats(), back.getStats()])) {
    stats.forEach((entry: Record<string, unknown>) => {
      const number = (name: string) => Number(entry[name] ?? 0);
      if (entry["type"] === "outbound-rtp") {
        counters.sent += number("bytesSent") + number("headerBytesSent");
        if (entry["frameWidth"] !== undefined) counters.shrunk = number("frameWidth") < WIDTH;
      } else if (entry["type"] === "inbound-rtp") {
        counters.received += number("bytesReceived") + number("headerBytesReceived");
        counters.packets += number("packetsReceived");
        counters.lost += number("packetsLost");
        counters.jitter = Math.max(counters.jitter, number("jitter"));
      } else if (entry["type"] === "candidate-pair" && entry["nominated"] === true) {
        counters.delay = Math.max(counters.delay, number("currentRoundTripTime"));
      }
    });
  }
  return counters;
}
