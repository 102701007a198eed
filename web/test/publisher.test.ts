import { beforeEach, describe, expect, it, vi } from "vitest";
import type { LessonSocket } from "../src/api/socket";
import { Publisher } from "../src/media/publisher";
import type { MediaSession } from "../src/media/session";

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

const asked: string[] = [];
const socket = {
  request: (message: { type: string }) => {
    asked.push(message.type);
    return Promise.resolve({ type: "ok" });
  },
} as unknown as LessonSocket;

function session(): MediaSession {
  return {
    closed: false,
    produce: () => Promise.resolve({ id: `share${asked.length}`, pause: () => undefined, resume: () => undefined, close: () => undefined }),
  } as unknown as MediaSession;
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
