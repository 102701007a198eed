/** Stills of one lesson: the own screen's are brought, those of others are shown. */
import type { LessonSocket } from "../api/socket";
import { StillPublisher } from "../media/still-publisher";
import { StillViews } from "../media/still-views";
import type { LessonView, State, Still, StillGone } from "../protocol.gen";

export class LessonStills {
  readonly views: StillViews;
  #publisher: StillPublisher | null = null;

  constructor(
    readonly lesson: string,
    readonly socket: LessonSocket,
  ) {
    this.views = new StillViews(lesson);
  }

  /** The own screen is watched while it is a share of the lesson. */
  follow(view: LessonView | null, track: MediaStreamTrack | null): void {
    const own = view?.shares.find((share) => share.participant === view.you.id && share.source === "screen");
    const share = track && own ? own.id : null;
    if (this.#publisher?.share === share && this.#publisher?.track === track) return;
    this.#publisher?.close();
    this.#publisher = null;
    if (!share || !track) return;
    try {
      this.#publisher = new StillPublisher(this.lesson, share, track, this.socket);
    } catch {
      // A browser that cannot: viewers have the video.
    }
  }

  hear(message: Still | StillGone | State, back: boolean): void {
    if (message.type === "still") {
      if (message.shown.share !== this.#publisher?.share) this.views.tell(message.shown);
    } else if (message.type === "still_gone") {
      if (message.share === this.#publisher?.share) this.#publisher.gone(message.still);
      else this.views.gone(message.share);
    } else {
      this.views.reset(message.stills.filter((shown) => shown.share !== this.#publisher?.share));
      if (back) this.#publisher?.back();
    }
  }

  watch: StillViews["watch"] = (share, paint) => this.views.watch(share, paint);

  close(): void {
    this.#publisher?.close();
    this.#publisher = null;
    this.views.close();
  }
}
