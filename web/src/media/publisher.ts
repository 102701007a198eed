/**
 * What this person has turned on: tracks live here, so that they survive a new media session and
 * are published again into it.
 */
import { Refused, type LessonSocket } from "../api/socket";
import type { Source } from "../protocol.gen";
import { openCamera, openMicrophone, openScreen } from "./devices";
import { OwnShare } from "./own-share";
import type { MediaSession } from "./session";
import { DeviceTrouble, type Trouble } from "./trouble";

export interface Publishing {
  microphone: boolean;
  camera: boolean;
  screen: boolean;
  microphoneTrack: MediaStreamTrack | null;
  cameraTrack: MediaStreamTrack | null;
  screenTrack: MediaStreamTrack | null;
  busy: ReadonlySet<Source>;
}

export interface PublisherHandlers {
  onChange(): void;
  onTrouble(trouble: Trouble): void;
}

export class Publisher {
  #own = new Map<Source, OwnShare>();
  /** What was asked for last, for each source that is being switched. */
  #wishes = new Map<Source, boolean>();
  #working = new Map<Source, Promise<void>>();
  #closed = false;
  #session: MediaSession | null = null;
  #held = false;

  constructor(
    readonly socket: LessonSocket,
    readonly handlers: PublisherHandlers,
  ) {}

  snapshot(): Publishing {
    const track = (source: Source) => this.#own.get(source)?.track ?? null;
    const microphone = this.#own.get("microphone");
    return {
      microphone: microphone !== undefined && !microphone.paused,
      camera: this.#own.has("camera"),
      screen: this.#own.has("screen"),
      microphoneTrack: track("microphone"),
      cameraTrack: track("camera"),
      screenTrack: track("screen"),
      busy: new Set(this.#working.keys()),
    };
  }

  /** A new session: everything that is on goes into it. */
  async attach(session: MediaSession): Promise<void> {
    this.#session = session;
    for (const own of this.#own.values()) own.forget();
    for (const own of [...this.#own.values()]) await this.#publish(own);
  }

  /**
   * The person must first acknowledge that the lesson is recorded: nothing can be turned on meanwhile, and
   * what is on (from before a lost network) is sent from then on.
   */
  hold(held: boolean): void {
    if (held === this.#held) return;
    this.#held = held;
    if (!held) for (const own of [...this.#own.values()]) void this.#publish(own);
  }

  detach(): void {
    this.#session = null;
    for (const own of this.#own.values()) own.forget();
  }

  /** After the socket came back: publish again what the server has let go meanwhile. */
  async reconcile(known: ReadonlySet<string>): Promise<void> {
    for (const own of [...this.#own.values()]) {
      if (own.share === null || known.has(own.share)) continue;
      own.unpublish();
      await this.#publish(own);
    }
  }

  /** The server ended shares (muted, forbidden): the devices go off here too. Returns which. */
  ended(shares: readonly string[]): Source[] {
    const sources: Source[] = [];
    for (const own of [...this.#own.values()]) {
      if (own.share === null || !shares.includes(own.share)) continue;
      sources.push(own.source);
      this.#discard(own.source);
    }
    return sources;
  }

  /** The session wants other codecs: what is on goes on in them, without a break. */
  adapt(): void {
    const session = this.#session;
    if (!session) return;
    for (const own of this.#own.values()) {
      void own.adapt(session, () => this.#session === session && this.#own.get(own.source) === own);
    }
  }

  producerClosed(producer: string): void {
    for (const own of this.#own.values()) own.closed(producer);
  }

  layersWanted(producer: string, layers: readonly boolean[]): void {
    for (const own of this.#own.values()) own.setLayers(producer, layers);
  }

  setMicrophone(on: boolean): Promise<void> {
    return this.#wish("microphone", on, async (on) => {
      const own = this.#own.get("microphone");
      if (!on) {
        if (own) await this.#setPaused(own, true);
      } else if (own && own.track.readyState === "live") await this.#setPaused(own, false);
      else await this.#start("microphone", await openMicrophone());
    });
  }

  /** The other of what it is, or of what it is about to become. */
  toggle(source: "microphone" | "camera"): Promise<void> {
    const on = this.#wishes.get(source) ?? this.snapshot()[source];
    return source === "microphone" ? this.setMicrophone(!on) : this.setCamera(!on);
  }

  setCamera(on: boolean): Promise<void> {
    return this.#wish("camera", on, async (on) => {
      if (!on) await this.#stop("camera");
      else if (!this.#own.has("camera")) await this.#start("camera", await openCamera());
    });
  }

  setScreen(on: boolean): Promise<void> {
    return this.#wish("screen", on, async (on) => {
      if (!on) {
        await this.#stop("screen_audio");
        await this.#stop("screen");
        return;
      }
      if (this.#own.has("screen")) return;
      const screen = await openScreen();
      await this.#start("screen", screen.video);
      if (screen.audio && this.#own.has("screen")) await this.#start("screen_audio", screen.audio);
    });
  }

  /** Another device was chosen while on: the receivers notice nothing but the new picture or voice. */
  async changeDevice(kind: "microphone" | "camera"): Promise<void> {
    const own = this.#own.get(kind);
    if (!own) return;
    try {
      const track = kind === "microphone" ? await openMicrophone() : await openCamera();
      await own.replaceTrack(track);
      this.#watchTrack(own);
    } catch (error) {
      this.#complain(error);
    }
    this.handlers.onChange();
  }

  close(): void {
    this.#closed = true;
    for (const source of [...this.#own.keys()]) this.#discard(source);
  }

  /** One switch of a source at a time; what was wished for meanwhile comes next, the last wish wins. */
  #wish(source: Source, on: boolean, act: (on: boolean) => Promise<void>): Promise<void> {
    if (on && this.#held) {
      this.handlers.onTrouble("notAcknowledged");
      return Promise.resolve();
    }
    this.#wishes.set(source, on);
    const working = this.#working.get(source) ?? this.#work(source, act);
    this.#working.set(source, working);
    this.handlers.onChange();
    return working;
  }

  async #work(source: Source, act: (on: boolean) => Promise<void>): Promise<void> {
    let done: boolean | undefined;
    for (let wanted = this.#wishes.get(source); wanted !== undefined && wanted !== done; wanted = this.#wishes.get(source)) {
      done = wanted;
      try {
        await act(wanted);
      } catch (error) {
        this.#complain(error);
      }
    }
    this.#wishes.delete(source);
    this.#working.delete(source);
    this.handlers.onChange();
  }

  async #start(source: Source, track: MediaStreamTrack): Promise<void> {
    this.#discard(source);
    if (this.#closed) {
      track.stop();
      return;
    }
    const own = new OwnShare(source, track);
    this.#own.set(source, own);
    this.#watchTrack(own);
    this.handlers.onChange();
    await this.#publish(own);
  }

  #watchTrack(own: OwnShare): void {
    own.track.onended = () => {
      if (own.source === "screen") void this.setScreen(false);
      else {
        if (own.source !== "screen_audio") this.handlers.onTrouble("deviceLost");
        void this.#stop(own.source);
      }
    };
  }

  async #publish(own: OwnShare): Promise<void> {
    const session = this.#session;
    if (!session || own.published || this.#held) return;
    try {
      await own.publish(session);
      if (this.#own.get(own.source) !== own || this.#session !== session) {
        const { share } = own;
        own.unpublish();
        if (share !== null) this.#tellStopped(share);
        return;
      }
      if (own.paused) await this.#setPaused(own, true);
      this.adapt();
    } catch (error) {
      // A session that is going away takes its producers along; the next one publishes again.
      if (session.closed || this.#session !== session) return;
      this.#discard(own.source);
      this.#complain(error);
    }
  }

  async #setPaused(own: OwnShare, paused: boolean): Promise<void> {
    own.setPaused(paused);
    this.handlers.onChange();
    if (own.share === null) return;
    try {
      await this.socket.request({ type: paused ? "pause_share" : "resume_share", share: own.share });
    } catch (error) {
      if (paused) return; // Nothing is sent any more in any case.
      own.setPaused(true);
      throw error;
    }
  }

  async #stop(source: Source): Promise<void> {
    const share = this.#own.get(source)?.share ?? null;
    this.#discard(source);
    if (share !== null) this.#tellStopped(share);
  }

  #tellStopped(share: string): void {
    this.socket.request({ type: "stop_share", share }).catch(() => undefined);
  }

  #discard(source: Source): void {
    const own = this.#own.get(source);
    if (!own) return;
    this.#own.delete(source);
    own.track.onended = null;
    own.unpublish();
    own.track.stop();
    this.handlers.onChange();
  }

  #complain(error: unknown): void {
    if (error instanceof DeviceTrouble) this.handlers.onTrouble(error.trouble);
    else this.handlers.onTrouble(error instanceof Refused && error.code === "not_acknowledged" ? "notAcknowledged" : "media");
  }
}
