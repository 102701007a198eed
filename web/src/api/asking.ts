/** One question to the server, asked again by itself until there is an answer. */
import { patience } from "./patience";

/** A network that swallows what is sent lets a request hang for minutes. */
const LIMIT_MS = 10_000;
/** For what may be long: over a thin line it takes its time. */
export const LONG_MS = 60_000;

export class Asking<T> {
  #request: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #unanswered = 0;
  #listening = false;

  /** `ask` never rejects; `heard` says whether that was an answer. What came of a try given up is not heard. */
  constructor(
    readonly ask: (signal: AbortSignal) => Promise<T>,
    readonly heard: (found: T) => boolean,
    readonly random: () => number = Math.random,
    readonly limitMs = LIMIT_MS,
  ) {}

  /** Begun, and without an answer so far. */
  get waiting(): boolean {
    return this.#listening;
  }

  /** Asks now, whatever was being waited for; settles with this first try. */
  async start(): Promise<void> {
    this.stop();
    this.#listen(true);
    await this.#try();
  }

  /** May be called twice. */
  stop(): void {
    this.#listen(false);
    this.#rest();
    this.#request?.abort();
    this.#request = null;
    this.#unanswered = 0;
  }

  async #try(): Promise<void> {
    this.#rest();
    this.#request?.abort();
    const request = new AbortController();
    this.#request = request;
    const limit = setTimeout(() => request.abort(), this.limitMs);
    const found = await this.ask(request.signal);
    clearTimeout(limit);
    if (this.#request !== request) return;
    this.#request = null;
    if (this.heard(found)) this.stop();
    else this.#timer = setTimeout(() => void this.#try(), patience(this.#unanswered++, this.random));
  }

  #rest(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #listen(wanted: boolean): void {
    if (this.#listening === wanted) return;
    this.#listening = wanted;
    if (wanted) {
      addEventListener("online", this.#online);
      document.addEventListener("visibilitychange", this.#looked);
    } else {
      removeEventListener("online", this.#online);
      document.removeEventListener("visibilitychange", this.#looked);
    }
  }

  /** What was sent into the old network is lost with it. */
  #online = (): void => {
    this.#unanswered = 0;
    void this.#try();
  };

  #looked = (): void => {
    if (document.visibilityState !== "visible" || this.#request) return;
    this.#unanswered = 0;
    void this.#try();
  };
}
