/**
 * One lesson's socket: requests with answers, messages that come by themselves, and coming back
 * after every loss until told not to.
 */
import type { AnyClientMessage, AnyServerMessage } from "../protocol.gen";
import { backoff } from "./backoff";
import { every } from "./ticker";

export type Link = "connecting" | "open" | "reconnecting" | "closed";

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
export type Request = Without<AnyClientMessage, "id">;
type Answered = { ok: "ok"; capabilities: "capabilities"; media_joined: "media_joined"; transport: "transport"; ice: "ice"; produced: "produced"; pong: "pong" };
export type Answer = Extract<AnyServerMessage, { type: keyof Answered }>;
export type Pushed = Exclude<AnyServerMessage, Answer>;

/** A request that the server refused, or that got no answer (`timeout`, `disconnected`). */
export class Refused extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

export interface Handlers {
  onLink(link: Link): void;
  onMessage(message: Pushed): void;
  /** Every lost attempt; true stops trying (the account may not, or the lesson is not there). */
  onFailure(attempt: number): void;
  onDelay(ms: number): void;
}

const PING_MS = 1500;
const SILENCE_MS = 4000;
/** Opening may take longer than an open socket may be silent: a slow network, a busy server. */
const OPENING_MS = 10_000;
const REQUEST_MS = 10_000;

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: Error): void;
  timer: ReturnType<typeof setTimeout>;
}

export class LessonSocket {
  #socket: WebSocket | null = null;
  #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #attempt = 0;
  #retry: ReturnType<typeof setTimeout> | null = null;
  #stopTicking: (() => void) | null = null;
  #heardAt = 0;
  #link: Link = "connecting";
  #closed = false;

  constructor(
    readonly url: string,
    readonly handlers: Handlers,
    readonly random: () => number = Math.random,
  ) {}

  open(): void {
    addEventListener("online", this.#hurry);
    addEventListener("offline", this.#suspect);
    document.addEventListener("visibilitychange", this.#hurry);
    this.#connect();
  }

  /** For good: nothing reconnects afterwards. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    removeEventListener("online", this.#hurry);
    removeEventListener("offline", this.#suspect);
    document.removeEventListener("visibilitychange", this.#hurry);
    if (this.#retry) clearTimeout(this.#retry);
    this.#drop();
    this.#setLink("closed");
  }

  /** Sends, and settles with the answer that carries the same id. */
  request<T extends Answer["type"] = "ok">(message: Request): Promise<Extract<Answer, { type: T }>> {
    return new Promise<Answer>((resolve, reject) => {
      if (this.#socket?.readyState !== WebSocket.OPEN) {
        reject(new Refused("disconnected"));
        return;
      }
      const id = this.#nextId++;
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Refused("timeout"));
      }, REQUEST_MS);
      this.#waiting.set(id, { resolve, reject, timer });
      this.#socket.send(JSON.stringify({ ...message, id }));
    }) as Promise<Extract<Answer, { type: T }>>;
  }

  #connect(): void {
    if (this.#closed) return;
    this.#retry = null;
    const socket = new WebSocket(this.url);
    this.#socket = socket;
    this.#heardAt = Date.now();
    socket.onopen = () => {
      if (this.#socket !== socket) return;
      this.#heardAt = Date.now();
    };
    socket.onmessage = (event: MessageEvent<string>) => {
      if (this.#socket === socket) this.#receive(event.data);
    };
    socket.onclose = () => {
      if (this.#socket === socket) this.#lost();
    };
    this.#stopTicking ??= every(PING_MS, () => this.#tick());
  }

  #receive(data: string): void {
    this.#heardAt = Date.now();
    const message = JSON.parse(data) as AnyServerMessage;
    if (message.type === "state") {
      this.#attempt = 0;
      this.#setLink("open");
    }
    if ("id" in message && message.id !== null) {
      this.#settle(message.id, message as Answer | Extract<AnyServerMessage, { type: "error" }>);
      return;
    }
    if (message.type === "bye" && message.reason !== "shutting_down") {
      this.handlers.onMessage(message);
      this.close();
      return;
    }
    this.handlers.onMessage(message as Pushed);
  }

  #settle(id: number, message: Answer | Extract<AnyServerMessage, { type: "error" }>): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    if (message.type === "error") waiting.reject(new Refused(message.code));
    else waiting.resolve(message);
  }

  #tick(): void {
    if (this.#socket === null || this.#retry !== null) return;
    const patience = this.#socket.readyState === WebSocket.OPEN ? SILENCE_MS : OPENING_MS;
    if (Date.now() - this.#heardAt > patience) {
      this.#lost();
      return;
    }
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    const sent = performance.now();
    this.request<"pong">({ type: "ping" }).then(
      () => this.handlers.onDelay(performance.now() - sent),
      () => undefined,
    );
  }

  #lost(): void {
    this.#drop();
    if (this.#closed) return;
    this.#setLink(this.#link === "connecting" ? "connecting" : "reconnecting");
    const attempt = this.#attempt++;
    this.#retry = setTimeout(() => this.#connect(), backoff(attempt, this.random));
    this.handlers.onFailure(attempt);
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#stopTicking?.();
    this.#stopTicking = null;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
    for (const waiting of this.#waiting.values()) {
      clearTimeout(waiting.timer);
      waiting.reject(new Refused("disconnected"));
    }
    this.#waiting.clear();
  }

  /** The network or the page is back: do not sit out the waiting time, and do not trust an old socket. */
  #hurry = (): void => {
    if (document.visibilityState === "hidden") return;
    if (this.#retry !== null) {
      clearTimeout(this.#retry);
      this.#attempt = 0;
      this.#connect();
    } else this.#tick();
  };

  #suspect = (): void => {
    if (this.#socket && this.#retry === null) this.#lost();
  };

  #setLink(link: Link): void {
    if (this.#link === link) return;
    this.#link = link;
    this.handlers.onLink(link);
  }
}
