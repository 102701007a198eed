import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { backoff } from "../src/api/backoff";
import { LessonSocket, Refused, type Handlers, type Link, type Pushed } from "../src/api/socket";

class FakeSocket {
  static all: FakeSocket[] = [];
  static readonly OPEN = 1;
  readyState = 0;
  sent: { id: number; type: string }[] = [];
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }
  send(text: string) {
    this.sent.push(JSON.parse(text) as { id: number; type: string });
  }
  close() {
    this.readyState = 3;
  }
  accept() {
    this.readyState = 1;
    this.onopen?.();
  }
  say(message: object) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  break() {
    this.readyState = 3;
    this.onclose?.();
  }
}

const latest = () => {
  const socket = FakeSocket.all.at(-1);
  if (!socket) throw new Error("no socket was opened");
  return socket;
};

const STATE = { type: "state", seq: 1, serverTime: 0, view: {}, media: null };

interface Heard {
  links: Link[];
  messages: Pushed[];
  failures: number[];
}

function lessonSocket(): { socket: LessonSocket; heard: Heard } {
  const heard: Heard = { links: [], messages: [], failures: [] };
  const handlers: Handlers = {
    onLink: (link) => heard.links.push(link),
    onMessage: (message) => heard.messages.push(message),
    onFailure: (attempt) => heard.failures.push(attempt),
    onDelay: () => undefined,
  };
  const socket = new LessonSocket("ws://school/api/lessons/l/socket", handlers, () => 0);
  socket.open();
  return { socket, heard };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", FakeSocket);
  vi.stubGlobal("Worker", undefined);
  FakeSocket.all = [];
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("backoff", () => {
  it("doubles from 0.2 s to 3 s and takes off up to half at random", () => {
    expect([0, 1, 2, 3, 4, 9, 500].map((attempt) => backoff(attempt, () => 0))).toEqual([200, 400, 800, 1600, 3000, 3000, 3000]);
    expect(backoff(4, () => 0.999)).toBeGreaterThanOrEqual(1500);
  });
});

describe("a lesson's socket", () => {
  it("settles each request by its id, whatever the order", async () => {
    const { socket } = lessonSocket();
    latest().accept();
    const first = socket.request({ type: "raise_hand" });
    const second = socket.request({ type: "start_recording" });
    const [a, b] = latest().sent;
    latest().say({ type: "error", id: b?.id, code: "not_allowed", message: "" });
    latest().say({ type: "ok", id: a?.id });
    await expect(first).resolves.toMatchObject({ type: "ok" });
    await expect(second).rejects.toMatchObject({ code: "not_allowed" });
    socket.close();
  });

  it("gives a request up after a while", async () => {
    const { socket } = lessonSocket();
    latest().accept();
    const asked = socket.request({ type: "knock" });
    const settled = expect(asked).rejects.toEqual(new Refused("timeout"));
    for (let i = 0; i < 8; i++) {
      latest().say({ type: "speakers", participants: [] });
      await vi.advanceTimersByTimeAsync(1500);
    }
    await settled;
    socket.close();
  });

  it("pings while it is open, and counts silence as a loss", async () => {
    const { socket, heard } = lessonSocket();
    latest().accept();
    latest().say(STATE);
    expect(heard.links).toEqual(["open"]);
    await vi.advanceTimersByTimeAsync(1500);
    expect(latest().sent.filter((message) => message.type === "ping")).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(4500);
    expect(heard.links).toEqual(["open", "reconnecting"]);
    expect(FakeSocket.all.length).toBeGreaterThan(1);
    socket.close();
  });

  it("comes back with growing pauses, and starts small again after a state", async () => {
    const { socket, heard } = lessonSocket();
    latest().break();
    await vi.advanceTimersByTimeAsync(199);
    expect(FakeSocket.all).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(FakeSocket.all).toHaveLength(2);
    latest().break();
    await vi.advanceTimersByTimeAsync(399);
    expect(FakeSocket.all).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(FakeSocket.all).toHaveLength(3);
    expect(heard.failures).toEqual([0, 1]);
    latest().accept();
    latest().say(STATE);
    latest().break();
    await vi.advanceTimersByTimeAsync(200);
    expect(FakeSocket.all).toHaveLength(4);
    socket.close();
  });

  it("does not wait when the network is back", async () => {
    const { socket } = lessonSocket();
    for (let i = 0; i < 5; i++) {
      latest().break();
      if (i < 4) await vi.advanceTimersByTimeAsync(3000);
    }
    const before = FakeSocket.all.length;
    dispatchEvent(new Event("online"));
    expect(FakeSocket.all).toHaveLength(before + 1);
    socket.close();
  });

  it("fails what was asked when it is lost", async () => {
    const { socket } = lessonSocket();
    latest().accept();
    const asked = socket.request({ type: "knock" });
    latest().break();
    await expect(asked).rejects.toEqual(new Refused("disconnected"));
    await expect(socket.request({ type: "knock" })).rejects.toEqual(new Refused("disconnected"));
    socket.close();
  });

  it.each(["replaced", "removed", "denied", "left", "ended", "signed_out"])("stays away after %s", async (reason) => {
    const { heard } = lessonSocket();
    latest().accept();
    latest().say(STATE);
    latest().say({ type: "bye", reason });
    expect(heard.links.at(-1)).toBe("closed");
    expect(heard.messages.at(-1)).toEqual({ type: "bye", reason });
    await vi.advanceTimersByTimeAsync(60_000);
    dispatchEvent(new Event("online"));
    expect(FakeSocket.all).toHaveLength(1);
  });

  it("comes back after the server was shut down", async () => {
    const { socket } = lessonSocket();
    latest().accept();
    latest().say(STATE);
    latest().say({ type: "bye", reason: "shutting_down" });
    latest().break();
    await vi.advanceTimersByTimeAsync(300);
    expect(FakeSocket.all).toHaveLength(2);
    socket.close();
  });
});
