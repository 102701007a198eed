import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { types } from "mediasoup-client";
import type { LessonSocket } from "../src/api/socket";
import { Receiving } from "../src/media/receiving";
import { rounded, SizeTeller } from "../src/media/sizes";
import type { Consumer } from "../src/protocol.gen";

let told: string[] = [];
const page = { hidden: false, seen: () => undefined as void };

beforeEach(() => {
  vi.useFakeTimers();
  told = [];
  page.hidden = false;
  vi.stubGlobal("document", {
    get hidden() {
      return page.hidden;
    },
    addEventListener: (_: string, listener: () => void) => (page.seen = listener),
    removeEventListener: () => undefined,
  });
});
afterEach(() => vi.useRealTimers());

function receiving(): Receiving {
  const socket = {
    request: (message: { type: string; consumer: string }) => {
      told.push(`${message.type} ${message.consumer}`);
      return Promise.resolve({});
    },
  } as unknown as LessonSocket;
  const transport = {
    consume: ({ id }: { id: string }) =>
      Promise.resolve({ id, track: {}, resume: () => undefined, pause: () => undefined, close: () => undefined }),
  } as unknown as types.Transport;
  return new Receiving(socket, () => Promise.resolve(transport), () => undefined);
}

const offer = (consumer: string, share: string, kind = "video"): Consumer =>
  ({ type: "consumer", consumer, share, participant: "p1", source: "screen", kind, rtpParameters: {} }) as unknown as Consumer;

describe("a share whose codec changes", () => {
  it("keeps the older picture until the newer one is there", async () => {
    const one = receiving();
    await one.offer(offer("old", "s"));
    one.show("old");
    await one.offer(offer("new", "s"));
    one.show("new");
    expect([...one.received.keys()]).toEqual(["old", "new"]);
    expect(told.at(-1)).toBe("resume_consumer new");
    one.arrived("old");
    expect([...one.received.keys()]).toEqual(["old", "new"]);
    one.arrived("new");
    expect([...one.received.keys()]).toEqual(["new"]);
    expect(told.at(-1)).toBe("release_consumer old");
  });

  it("is changed at once where nobody looks", async () => {
    const one = receiving();
    await one.offer(offer("old", "s"));
    await one.offer(offer("new", "s"));
    expect([...one.received.keys()]).toEqual(["new"]);
    one.show("new");
    await one.offer(offer("newer", "s"));
    one.hide("new");
    vi.advanceTimersByTime(3000);
    expect([...one.received.keys()]).toEqual(["newer"]);
  });
});

describe("a page nobody looks at", () => {
  it("gets no pictures after a moment, and its voices still", async () => {
    const one = receiving();
    await one.offer(offer("picture", "s"));
    await one.offer(offer("voice", "v", "audio"));
    one.show("picture");
    told = [];
    page.hidden = true;
    page.seen();
    vi.advanceTimersByTime(1000);
    expect(told).toEqual([]);
    vi.advanceTimersByTime(5000);
    expect(told).toEqual(["pause_consumer picture"]);
    page.hidden = false;
    page.seen();
    expect(told).toEqual(["pause_consumer picture", "resume_consumer picture"]);
  });
});

describe("the size of a picture", () => {
  it("is rounded up to a step", () => {
    expect([1, 160, 161, 1300, 9000].map(rounded)).toEqual([160, 160, 240, 1920, 3840]);
  });

  it("is told once it rests, and only when it has changed", () => {
    const sizes: string[] = [];
    const teller = new SizeTeller((consumer, width, height) => sizes.push(`${consumer} ${width}x${height}`));
    teller.resized("c", 100, 50, 2);
    teller.resized("c", 300, 150, 2);
    vi.advanceTimersByTime(400);
    teller.resized("c", 310, 155, 2);
    vi.advanceTimersByTime(400);
    expect(sizes).toEqual(["c 640x320"]);
    teller.again();
    expect(sizes).toHaveLength(2);
    teller.close();
  });
});
