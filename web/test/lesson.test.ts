import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LessonSession } from "../src/lesson/session";
import type { LessonView, You } from "../src/protocol.gen";

class FakeSocket {
  static all: FakeSocket[] = [];
  static readonly OPEN = 1;
  readyState = 1;
  sent: string[] = [];
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }
  send(text: string) {
    const message = JSON.parse(text) as { id: number; type: string };
    this.sent.push(message.type);
    this.say({ type: "ok", id: message.id });
  }
  close() {
    this.readyState = 3;
  }
  say(message: object) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

const you = (part: Partial<You>): You => ({
  id: "p1",
  name: "A",
  role: "student",
  admission: "none",
  place: null,
  hosts: false,
  grants: [],
  present: false,
  mustAcknowledge: false,
  ...part,
});

const view = (part: Partial<You>): LessonView =>
  ({
    you: you(part),
    lesson: { id: "l", title: "Toán", className: "10A1", phase: "live", startsAt: 0, startedAt: 0, safeMode: false, recording: null, recordingSince: null, recordingPaused: false, recordingPausedAt: null, recordingHeldMs: 0, replayAllowed: false },
    people: [],
    waiting: [],
    shares: [],
    messages: [],
  }) as LessonView;

let session: LessonSession;

function opened(wants: boolean): FakeSocket {
  session = new LessonSession("l", wants);
  session.open();
  const socket = FakeSocket.all.at(-1);
  if (!socket) throw new Error("no socket was opened");
  return socket;
}

beforeEach(() => {
  FakeSocket.all = [];
  vi.stubGlobal("WebSocket", FakeSocket);
});

afterEach(() => {
  session.close();
  vi.unstubAllGlobals();
});

const state = (part: Partial<You>) => ({ type: "state", seq: 1, serverTime: 0, media: null, view: view(part), stills: [], signals: [], ownLink: null, held: [], voiceOnly: false });
const change = (part: Partial<You>) => ({ type: "change", seq: 2, change: { you: you(part) } });

describe("a lesson's page", () => {
  it("enters by itself when a denied student is admitted after all", () => {
    const socket = opened(false);
    socket.say(state({ admission: "denied" }));
    expect(socket.sent).not.toContain("knock");
    socket.say(change({ admission: "admitted" }));
    expect(socket.sent).toContain("knock");
    expect(session.snapshot().wants).toBe(true);
  });

  it("stays outside after leaving by choice", async () => {
    const socket = opened(true);
    socket.say(state({ admission: "knocking" }));
    await session.leave();
    socket.say(change({ admission: "admitted" }));
    expect(socket.sent).not.toContain("knock");
  });

  it("does not ask where the server has let it in already", () => {
    const socket = opened(false);
    socket.say(state({ admission: "knocking" }));
    socket.say(change({ admission: "admitted", present: true, mustAcknowledge: false }));
    expect(socket.sent).not.toContain("knock");
  });

  it("names the load of the page to the server, the same for every socket of it", () => {
    const first = opened(false).url;
    session.close();
    const second = opened(false).url;
    expect(first).toMatch(/\/api\/lessons\/l\/socket\?page=[0-9a-f]{24}$/);
    expect(second).toBe(first);
  });
});
