/** The connection test's own socket: requests with answers, no coming back. */
import type { AnyTestMessage, AnyTestRequest, SelfTest } from "../protocol.gen";

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
export type TestRequest = Without<AnyTestRequest, "id">;
export type TestAnswer = Extract<AnyTestMessage, { id: number }>;

const OPENING_MS = 10_000;
const REQUEST_MS = 8_000;
const PING_MS = 5_000;

/** `code`: blocked, busy, too_often, … (why the test cannot be), or what a request was refused with. */
export class TestFailed extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

interface Waiting {
  resolve(answer: TestAnswer): void;
  reject(error: Error): void;
  timer: ReturnType<typeof setTimeout>;
}

export class TestSocket {
  #socket: WebSocket | null = null;
  #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #pings: ReturnType<typeof setInterval> | null = null;

  /** What can be tried. Rejects with TestFailed. */
  open(url: string): Promise<SelfTest> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url);
      this.#socket = socket;
      let why = "blocked";
      const timer = setTimeout(() => socket.close(), OPENING_MS);
      socket.onopen = () => {
        why = "busy";
      };
      socket.onmessage = (event: MessageEvent<string>) => {
        const message = JSON.parse(event.data) as AnyTestMessage;
        if (message.type === "over") why = message.reason;
        else if (message.type === "self_test") {
          clearTimeout(timer);
          this.#pings = setInterval(() => void this.request({ type: "ping" }).catch(() => undefined), PING_MS);
          resolve(message);
        } else this.#settle(message);
      };
      socket.onclose = () => {
        clearTimeout(timer);
        reject(new TestFailed(why));
        this.close();
      };
    });
  }

  request<T extends TestAnswer["type"] = "ok">(request: TestRequest): Promise<Extract<TestAnswer, { type: T }>> {
    return new Promise<TestAnswer>((resolve, reject) => {
      if (this.#socket?.readyState !== WebSocket.OPEN) {
        reject(new TestFailed("disconnected"));
        return;
      }
      const id = this.#nextId++;
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new TestFailed("timeout"));
      }, REQUEST_MS);
      this.#waiting.set(id, { resolve, reject, timer });
      this.#socket.send(JSON.stringify({ ...request, id }));
    }) as Promise<Extract<TestAnswer, { type: T }>>;
  }

  close(): void {
    if (this.#pings !== null) clearInterval(this.#pings);
    this.#pings = null;
    const socket = this.#socket;
    this.#socket = null;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
    for (const waiting of this.#waiting.values()) {
      clearTimeout(waiting.timer);
      waiting.reject(new TestFailed("disconnected"));
    }
    this.#waiting.clear();
  }

  #settle(message: TestAnswer | Extract<AnyTestMessage, { type: "error" }>): void {
    const waiting = message.id === null ? undefined : this.#waiting.get(message.id);
    if (!waiting || message.id === null) return;
    this.#waiting.delete(message.id);
    clearTimeout(waiting.timer);
    if (message.type === "error") waiting.reject(new TestFailed(message.code));
    else waiting.resolve(message);
  }
}
