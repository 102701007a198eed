import { beforeEach, describe, expect, it, vi } from "vitest";
import type { LessonSocket } from "../src/api/socket";
import { Publisher } from "../src/media/publisher";
import type { MediaSession } from "../src/media/session";
import type { Source } from "../src/protocol.gen";

const opened = vi.hoisted(() => ({ waiting: [] as ((track: unknown) => void)[] }));
const open = vi.hoisted(() => () => new Promise((resolve) => opened.waiting.push(resolve)));
vi.mock("../src/media/devices", () => ({ openMicrophone: open, openCamera: open, openScreen: open }));

class FakeTrack {
  enabled = true;
  readyState = "live";
  onended: (() => void) | null = null;
  stop() {
    this.readyState = "ended";
  }
}

class FakeProducer {
  closed = false;
  paused = false;
  encodings: { active?: boolean }[] = [{}, {}, {}];
  rtpSender = {
    getParameters: () => ({ encodings: this.encodings.map((encoding) => ({ ...encoding })) }),
    setParameters: (parameters: { encodings: { active?: boolean }[] }) => {
      this.encodings = parameters.encodings;
      return Promise.resolve();
    },
  };
  constructor(
    readonly id: string,
    public track: FakeTrack,
  ) {}
  pause() {
    this.paused = true;
  }
  resume() {
    this.paused = false;
  }
  close() {
    this.closed = true;
  }
  replaceTrack({ track }: { track: FakeTrack }) {
    this.track = track;
    return Promise.resolve();
  }
}

const produced: { producer: FakeProducer; replaces: string | undefined; codec: string | null }[] = [];
const asked: string[] = [];
const socket = {
  request: (message: { type: string }) => {
    asked.push(message.type);
    return Promise.resolve({ type: "ok" });
  },
} as unknown as LessonSocket;

function session(): MediaSession {
  const fake = {
    closed: false,
    publish: { screen: "video/AV1", camera: "video/VP8" },
    codecOf(source: Source) {
      return source === "screen" || source === "camera" ? fake.publish[source] : null;
    },
    produce(track: FakeTrack, source: Source, replaces?: string) {
      const id = `producer${produced.length}`;
      const producer = new FakeProducer(id, track);
      produced.push({ producer, replaces, codec: fake.codecOf(source) });
      return Promise.resolve({ producer, share: replaces ?? `share of ${id}`, codec: fake.codecOf(source) ?? "" });
    },
  };
  return fake as unknown as MediaSession;
}

async function publisher(): Promise<Publisher> {
  const made = new Publisher(socket, { onChange: () => undefined, onTrouble: () => undefined });
  await made.attach(session());
  return made;
}

function answer(): FakeTrack {
  const track = new FakeTrack();
  const next = opened.waiting.shift();
  if (!next) throw new Error("no device was asked for");
  next(track);
  return track;
}

beforeEach(() => {
  opened.waiting = [];
  asked.length = 0;
  produced.length = 0;
});

const settled = () => new Promise((resolve) => setTimeout(resolve));

describe("another codec", () => {
  async function sharing() {
    const made = new Publisher(socket, { onChange: () => undefined, onTrouble: () => undefined });
    const here = session();
    await made.attach(here);
    const done = made.setScreen(true);
    opened.waiting.shift()?.({ video: new FakeTrack(), audio: null });
    await done;
    return { made, here };
  }

  it("is a second producer of the same track and share, until the server closes the first", async () => {
    const { made, here } = await sharing();
    here.publish = { screen: "video/VP8", camera: "video/VP8" };
    made.adapt();
    made.adapt();
    await settled();
    expect(produced.map(({ codec, replaces }) => [codec, replaces])).toEqual([
      ["video/AV1", undefined],
      ["video/VP8", "share of producer0"],
    ]);
    const [first, second] = produced.map(({ producer }) => producer);
    expect(second?.track).toBe(first?.track);
    expect([first?.closed, second?.closed]).toEqual([false, false]);
    made.producerClosed("producer0");
    expect([first?.closed, second?.closed]).toEqual([true, false]);
    expect(made.snapshot().screen).toBe(true);
    await made.setScreen(false);
    expect(second?.closed).toBe(true);
  });

  it("changes again while it changes", async () => {
    const { made, here } = await sharing();
    for (const screen of ["video/VP9", "video/VP8", "video/AV1"]) {
      here.publish = { screen, camera: "video/VP8" };
      made.adapt();
    }
    await settled();
    expect(produced.at(-1)?.codec).toBe("video/AV1");
    made.close();
    expect(produced.every(({ producer }) => producer.closed)).toBe(true);
  });
});

describe("layers nobody takes", () => {
  it("are not sent", async () => {
    const one = await publisher();
    const done = one.setCamera(true);
    answer();
    await done;
    one.layersWanted("producer0", [true, false, false]);
    one.layersWanted("producer0", [false, false, true]);
    one.layersWanted("another", [false, false, false]);
    await settled();
    expect(produced[0]?.producer.encodings.map(({ active }) => active)).toEqual([false, false, true]);
  });
});

describe("switching a device", () => {
  it("off while it is still being opened ends off", async () => {
    const one = await publisher();
    const done = one.toggle("microphone");
    void one.toggle("microphone");
    const track = answer();
    await done;
    expect(one.snapshot().microphone).toBe(false);
    expect(track.enabled).toBe(false);
  });

  it("off and on again while it is being opened ends on, with one device opened", async () => {
    const one = await publisher();
    const done = one.setCamera(true);
    void one.setCamera(false);
    void one.setCamera(true);
    answer();
    await done;
    expect(one.snapshot().camera).toBe(true);
    expect(opened.waiting).toHaveLength(0);
  });

  it("is told as busy until the last wish is fulfilled, and works again afterwards", async () => {
    const one = await publisher();
    const done = one.setCamera(true);
    expect(one.snapshot().busy.has("camera")).toBe(true);
    answer();
    await done;
    expect(one.snapshot().busy.size).toBe(0);
    await one.toggle("camera");
    expect(one.snapshot().camera).toBe(false);
    expect(asked).toContain("stop_share");
  });

  it("leaves no device on that opens after the page has left", async () => {
    const one = await publisher();
    const done = one.setMicrophone(true);
    one.close();
    const track = answer();
    await done;
    expect(track.readyState).toBe("ended");
    expect(one.snapshot().microphone).toBe(false);
  });
});

describe("a recorded lesson that was not acknowledged", () => {
  it("lets nothing be turned on, and says why", async () => {
    const troubles: string[] = [];
    const made = new Publisher(socket, { onChange: () => undefined, onTrouble: (trouble) => troubles.push(trouble) });
    await made.attach(session());
    made.hold(true);
    await made.setMicrophone(true);
    await made.toggle("camera");
    expect(opened.waiting).toHaveLength(0);
    expect(troubles).toEqual(["notAcknowledged", "notAcknowledged"]);
    made.hold(false);
    const done = made.setMicrophone(true);
    answer();
    await done;
    expect(produced).toHaveLength(1);
  });

  it("takes what was on before only from then on", async () => {
    const made = await publisher();
    const done = made.setCamera(true);
    answer();
    await done;
    made.detach();
    made.hold(true);
    await made.attach(session());
    expect(produced).toHaveLength(1);
    made.hold(false);
    await settled();
    expect(produced).toHaveLength(2);
  });
});
