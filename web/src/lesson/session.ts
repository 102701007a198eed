/**
 * Everything one open lesson page holds: the socket, the view, the media. A store for React:
 * `subscribe` and `snapshot`; snapshots are immutable.
 */
import { api, ApiError, paths } from "../api/http";
import { LessonSocket, Refused, type Link, type Pushed, type Request } from "../api/socket";
import { chime } from "../media/chime";
import { Publisher, type Publishing } from "../media/publisher";
import type { Bye, LessonView, Notice } from "../protocol.gen";
import { LessonStills } from "./stills";
import { LessonMedia, NO_MEDIA, type MediaSnapshot, type RemoteShare } from "./media";
import { linesOf, NO_LINES, type Lines } from "./lines";
import { receive, recordingNews, type Seen } from "./view";

export type { RemoteShare };

/** Something to tell for a few seconds. */
export interface Told {
  key: number;
  kind: "error" | "trouble" | "notice";
  code: string;
}

export interface Snapshot extends MediaSnapshot, Lines {
  link: Link;
  view: LessonView | null;
  /** Whether the person wants to be in; without it the page only looks. */
  wants: boolean;
  bye: Bye["reason"] | null;
  /** Why there is no lesson to show: not_found, not_allowed, signed_out, lesson_full. */
  fatal: string | null;
  speakers: readonly string[];
  publishing: Publishing;
  told: readonly Told[];
  /** Server's clock minus ours, ms. */
  clockOffset: number;
}

const TELL_MS = 6000;
/** Told to everybody, and worth being read to its end. */
const TELL_RECORDING_MS = 14_000;
const QUALITY_MS = 3000;
const CHIME_MS = 8000;

export class LessonSession {
  readonly socket: LessonSocket;
  readonly publisher: Publisher;
  readonly stills: LessonStills;
  #listeners = new Set<() => void>();
  #snapshot: Snapshot;
  #seen: Seen | null = null;
  #firstState = true;
  #pressed: boolean;
  #left = false;
  #chimedAt = 0;
  #media: LessonMedia;
  #socketDelay = 0;
  #timer: ReturnType<typeof setInterval> | null = null;
  #toldKey = 1;
  #closed = false;

  constructor(
    readonly lesson: string,
    wants: boolean,
  ) {
    this.#pressed = wants;
    this.socket = new LessonSocket(paths.socket(lesson), {
      onLink: (link) => this.#linkChanged(link),
      onMessage: (message) => this.#message(message),
      onFailure: (attempt) => void this.#failure(attempt),
      onDelay: (ms) => (this.#socketDelay = ms),
    });
    this.publisher = new Publisher(this.socket, {
      onChange: () => this.#set({ publishing: this.publisher.snapshot() }),
      onTrouble: (trouble) => this.tell("trouble", trouble),
    });
    this.stills = new LessonStills(lesson, this.socket);
    this.#media = new LessonMedia(this.socket, this.publisher, {
      onChange: (part) => this.#set(part),
      isOpen: () => this.#snapshot.link === "open",
    });
    this.#snapshot = {
      ...NO_MEDIA,
      ...NO_LINES,
      link: "connecting",
      view: null,
      wants,
      bye: null,
      fatal: null,
      speakers: [],
      publishing: this.publisher.snapshot(),
      told: [],
      clockOffset: 0,
    };
  }

  open(): void {
    this.socket.open();
    this.#timer = setInterval(() => void this.#media.measure(this.#socketDelay), QUALITY_MS);
  }

  close(): void {
    this.#closed = true;
    if (this.#timer) clearInterval(this.#timer);
    this.#media.drop();
    this.stills.close();
    this.publisher.close();
    this.socket.close();
    this.#listeners.clear();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  snapshot = (): Snapshot => this.#snapshot;

  /** Sends a request; a refusal is told in plain words and answered by false. */
  async ask(request: Request): Promise<boolean> {
    try {
      await this.socket.request(request);
      return true;
    } catch (error) {
      const code = error instanceof Refused ? error.code : "unexpected";
      if (code !== "already") this.tell("error", code);
      return false;
    }
  }

  /** By choice: nobody lets this page in again before it asks. */
  async leave(): Promise<void> {
    this.#left = true;
    await this.ask({ type: "leave" });
  }

  enter(): void {
    this.#left = false;
    this.#set({ wants: true });
    void this.#knock();
  }

  async #knock(): Promise<void> {
    try {
      await this.socket.request({ type: "knock" });
    } catch (error) {
      const code = error instanceof Refused ? error.code : "unexpected";
      // A lost socket knocks again when it is back.
      if (code === "already" || code === "disconnected") return;
      if (code === "lesson_full") this.#set({ fatal: code });
      else this.tell("error", code);
      this.#set({ wants: false });
    }
  }

  stopAsking(): void {
    this.#set({ wants: false });
    void this.ask({ type: "withdraw" });
  }

  /** Some element shows the picture until the returned function is called. */
  show(consumer: string): () => void {
    return this.#media.show(consumer);
  }

  /** How large an element shows the picture, in CSS pixels. */
  resized(consumer: string, width: number, height: number): void {
    this.#media.resized(consumer, width, height);
  }

  /** The picture that comes next for a share is there. */
  arrived(consumer: string): void {
    this.#media.arrived(consumer);
  }

  tell(kind: Told["kind"], code: string): void {
    const told: Told = { key: this.#toldKey++, kind, code };
    // What was said of the recording before holds no longer.
    const ofRecording = /^recording[A-Z]/;
    const outdated = (old: string) => old === code || (ofRecording.test(code) && ofRecording.test(old));
    this.#set({ told: [...this.#snapshot.told.filter((old) => !outdated(old.code)), told].slice(-3) });
    const lasts = /^recording(Started|_disk_)/.test(code) ? TELL_RECORDING_MS : TELL_MS + (kind === "trouble" ? 4000 : 0);
    setTimeout(() => this.dismiss(told.key), lasts);
  }

  dismiss(key: number): void {
    this.#set({ told: this.#snapshot.told.filter((told) => told.key !== key) });
  }

  #set(part: Partial<Snapshot>): void {
    if (this.#closed) return;
    this.#snapshot = { ...this.#snapshot, ...part };
    if (part.view || part.publishing) this.stills.follow(this.#snapshot.view, this.#snapshot.publishing.screenTrack);
    for (const listener of this.#listeners) listener();
  }

  #linkChanged(link: Link): void {
    if (link !== "open") this.#firstState = true;
    this.#set({ link });
  }

  /** The socket does not open: ask over HTTP whether there is any use in trying on. */
  async #failure(attempt: number): Promise<void> {
    if (attempt % 5 !== 1) return;
    try {
      const row = await api.lesson(this.lesson);
      if (!row.mayEnter) this.#giveUp("not_allowed");
    } catch (error) {
      if (!(error instanceof ApiError)) return;
      if (error.status === 404) this.#giveUp("lesson_not_found");
      else if (error.status === 403) this.#giveUp("not_allowed");
      else if (error.status === 401) this.#giveUp("signed_out");
    }
  }

  #giveUp(code: string): void {
    this.socket.close();
    this.#set({ fatal: code });
  }

  #message(message: Pushed): void {
    switch (message.type) {
      case "state":
      case "change":
        this.#viewChanged(message);
        return;
      case "consumer":
        this.#media.offer(message);
        return;
      case "consumer_closed":
        this.#media.closeConsumer(message.consumer);
        return;
      case "producer_closed":
        this.publisher.producerClosed(message.producer);
        return;
      case "publish_policy":
        this.#media.policy(message);
        return;
      case "layers_wanted":
        this.publisher.layersWanted(message.producer, message.layers);
        return;
      case "media_reset":
        this.#set(linesOf(this.#snapshot, message));
        this.#media.rebuild(message.instance);
        return;
      case "still":
      case "still_gone":
        this.stills.hear(message, false);
        return;
      case "links":
      case "own_link":
      case "held":
        this.#set(linesOf(this.#snapshot, message));
        return;
      case "speakers":
        this.#set({ speakers: message.participants });
        return;
      case "notice":
        this.tell("notice", (message as Notice).code);
        return;
      case "bye":
        this.#bye(message);
        return;
      case "transport_state":
      case "error":
        return;
    }
  }

  #viewChanged(message: Extract<Pushed, { type: "state" | "change" }>): void {
    const before = this.#seen?.view ?? null;
    const seen = receive(this.#seen, message);
    if (!seen || seen === this.#seen) return;
    this.#seen = seen;
    const view = seen.view;
    this.publisher.hold(view.you.mustAcknowledge);
    const part: Partial<Snapshot> = { view };
    if (message.type === "state") {
      part.clockOffset = message.serverTime - Date.now();
      Object.assign(part, linesOf(this.#snapshot, message));
    }
    this.#set(part);
    if (message.type === "state") {
      this.stills.hear(message, this.#firstState);
      this.#stateCame(view, message.media);
    }
    else if (message.change.sharesGone?.length) this.#sharesGone(message.change.sharesGone);
    if (before) this.#letIn(before, view);
    if (before) this.#notice(before, view);
    else if (view.waiting.length > 0) this.#chime();
  }

  #stateCame(view: LessonView, instance: string | null): void {
    const first = this.#firstState;
    this.#firstState = false;
    const { admission, present } = view.you;
    if (present || admission === "knocking") this.#set({ wants: true });
    // Whoever was denied asks again only by pressing the button, not by reloading.
    const mayAsk = admission === "none" || admission === "admitted" || (admission === "denied" && this.#pressed);
    if (first) this.#pressed = false;
    if (first && this.#snapshot.wants && !present && mayAsk && view.lesson.phase !== "ended") void this.#knock();
    this.#media.follow(instance, first, new Set(view.shares.map((share) => share.id)));
  }

  /** Admitted after all (after a denial, or while the network was away): enter without a press. */
  #letIn(before: LessonView, view: LessonView): void {
    const { admission, present } = view.you;
    if (admission !== "admitted" || before.you.admission === "admitted" || present) return;
    if (this.#left || view.lesson.phase === "ended") return;
    this.enter();
  }

  #sharesGone(gone: readonly string[]): void {
    for (const source of this.publisher.ended(gone)) {
      if (source === "microphone") this.tell("notice", "muted");
      else if (source === "screen") this.tell("notice", "shareStopped");
    }
  }

  #notice(before: LessonView, view: LessonView): void {
    const known = new Set(before.waiting.map((person) => person.id));
    if (view.waiting.some((person) => !known.has(person.id))) this.#chime();
    const may = (of: LessonView) => of.you.grants.includes("share_screen");
    if (!view.you.hosts && !may(before) && may(view) && !before.lesson.safeMode && before.you.admission === "admitted") {
      this.tell("notice", "mayShare");
    }
    if (view.you.present) {
      const news = recordingNews(before.lesson, view.lesson);
      // Who must acknowledge is told by the dialog.
      if (news && !(news === "recordingStarted" && view.you.mustAcknowledge)) this.tell("notice", news);
    }
  }

  /** One for all who come within a few seconds. */
  #chime(): void {
    if (Date.now() - this.#chimedAt < CHIME_MS) return;
    this.#chimedAt = Date.now();
    chime();
  }

  #bye(message: Bye): void {
    if (message.reason === "shutting_down") return;
    this.#media.drop();
    this.stills.close();
    this.publisher.close();
    this.#set({ bye: message.reason, speakers: [], ...linesOf(this.#snapshot, message) });
  }
}
