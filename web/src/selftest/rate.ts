/** What a way carries: noise out and back by the media worker, as a lesson's video would go. */
import type { Device, types } from "mediasoup-client";
import type { RtpCapabilities } from "../protocol.gen";
import { pattern } from "./pattern";
import type { TestSocket } from "./socket";
import { openWay, type Way } from "./ways";

const RISING_MS = 4_000;
const MEASURED_MS = 3_000;
const CONNECT_MS = 9_000;
const MOST = 2_500_000;

/** kbit/s, ms, per cent. */
export interface Carried {
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
  };
}

/** Rejects when the way does not come about. */
export async function measure(socket: TestSocket, device: Device, way: Way): Promise<Carried> {
  const picture = pattern(960, 540, 24);
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
    await pause(RISING_MS);
    const from = await read(out, back);
    await pause(MEASURED_MS);
    return carried(from, await read(out, back));
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
      if (entry["type"] === "outbound-rtp") counters.sent += number("bytesSent") + number("headerBytesSent");
      else if (entry["type"] === "inbound-rtp") {
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
