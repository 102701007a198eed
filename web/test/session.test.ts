import { describe, expect, it, vi } from "vitest";
import type { LessonSocket } from "../src/api/socket";
import { MediaSession } from "../src/media/session";
import type { Consumer } from "../src/protocol.gen";

const consumed = vi.hoisted(() => [] as string[]);

vi.mock("mediasoup-client", () => ({
  Device: class {
    recvRtpCapabilities = {};
    sendRtpCapabilities = {};
    load = () => Promise.resolve();
    createRecvTransport = () => ({
      id: "t1",
      closed: false,
      on: () => undefined,
      close: () => undefined,
      consume: ({ id }: { id: string }) => {
        consumed.push(id);
        return Promise.resolve({ id, track: {}, resume: () => undefined, pause: () => undefined, close: () => undefined });
      },
    });
  },
}));
vi.mock("../src/media/extensions", () => ({ keepExtensionsByKind: () => undefined }));

const offer = (consumer: string): Consumer =>
  ({ type: "consumer", consumer, share: `s${consumer}`, participant: "p1", source: "screen", kind: "video", rtpParameters: {} }) as unknown as Consumer;

describe("a media session", () => {
  it("takes an open consumer that is told again for the one it has", async () => {
    const answers: Record<string, object> = {
      get_capabilities: { rtpCapabilities: {} },
      join_media: { consumers: ["c1", "c2"], publish: { screen: "video/VP9", camera: "video/VP8" } },
      open_transport: { parameters: {} },
    };
    const socket = { request: (message: { type: string }) => Promise.resolve(answers[message.type] ?? {}) } as unknown as LessonSocket;
    const session = new MediaSession("i1", socket, { onConsumers: () => undefined, onHealth: () => undefined, onBroken: () => undefined });
    await session.join();
    // Twice at once, as when the server tells all of them and one is being opened; and once more after a return.
    await Promise.all([session.receiving.offer(offer("c1")), session.receiving.offer(offer("c1")), session.receiving.offer(offer("c2"))]);
    await session.rejoin();
    await session.receiving.offer(offer("c1"));
    await session.receiving.offer(offer("c2"));
    expect(consumed).toEqual(["c1", "c2"]);
    expect([...session.receiving.received.keys()]).toEqual(["c1", "c2"]);
    session.close();
  });
});
