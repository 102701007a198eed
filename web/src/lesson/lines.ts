/** How everybody's connection is, as the server tells it, and what one says of the own. */
import type { Quality } from "../media/quality";
import type { AnyServerMessage, OwnLink, Signal } from "../protocol.gen";
import type { RemoteShare } from "./media";

export interface Lines {
  /** By participant; who is missing has no picture and sound connected. */
  signals: ReadonlyMap<string, Signal>;
  ownLink: OwnLink | null;
  /** Consumers that are not sent because the own line does not carry them. */
  held: ReadonlySet<string>;
  voiceOnly: boolean;
}

export const NO_LINES: Lines = { signals: new Map(), ownLink: null, held: new Set(), voiceOnly: false };
export const FULL_BARS = 4;
/** From here on it is worth a word. */
export const WEAK_BARS = 2;

/** What a message changes of them. */
export function linesOf(old: Lines, message: AnyServerMessage): Partial<Lines> {
  switch (message.type) {
    case "state":
      return {
        signals: new Map(message.signals.map((signal) => [signal.participant, signal])),
        ownLink: message.ownLink,
        held: new Set(message.held),
        voiceOnly: message.voiceOnly,
      };
    case "links": {
      const signals = new Map(old.signals);
      for (const participant of message.gone) signals.delete(participant);
      for (const signal of message.signals) signals.set(signal.participant, signal);
      return { signals };
    }
    case "own_link":
      return { ownLink: message.link };
    case "held":
      return { held: new Set(message.consumers), voiceOnly: message.voiceOnly };
    case "media_reset":
    case "bye":
      return NO_LINES;
    default:
      return {};
  }
}

/** Whose fault it is that a connection is not as it should be. */
export type Fault = "" | "down" | "up" | "publisher" | "server";

export interface OwnSignal {
  bars: number;
  fault: Fault;
  delayMs: number;
  lossPercent: number;
}

const FAULTS: Record<string, Fault> = { link_down: "down", link_up: "up", publisher: "publisher", server: "server" };

/**
 * The server sees both ways, and who else is to blame; the browser sees its own way at once, also while
 * the server does not hear it. The worse of the two counts.
 */
export function ownSignal(link: OwnLink | null, quality: Quality): OwnSignal {
  const bars = link?.bars ?? FULL_BARS;
  const seen = quality.poor ? WEAK_BARS : FULL_BARS;
  const told = link ? (FAULTS[link.reason] ?? "") : "";
  return {
    bars: Math.min(bars, seen),
    fault: seen < bars ? (quality.way ?? "down") : told,
    delayMs: quality.delayMs || (link?.delayMs ?? 0),
    lossPercent: Math.max(quality.lossPercent, link?.lossPercent ?? 0),
  };
}

/** Of whom one receives a picture: the one with the weakest line, if any is weak. */
export function weakestPublisher(remote: readonly RemoteShare[], signals: Lines["signals"]): string | null {
  let weakest: Signal | null = null;
  for (const { participant, kind } of remote) {
    const signal = signals.get(participant);
    if (kind === "video" && signal && signal.bars < (weakest?.bars ?? FULL_BARS)) weakest = signal;
  }
  return weakest?.participant ?? null;
}

/** Nothing of it comes, by whichever consumer. */
export function isHeld(share: RemoteShare, held: Lines["held"]): boolean {
  return held.has(share.consumer) && (share.next === null || held.has(share.next.consumer));
}

/** No picture comes at all, of those there are. */
export function isVoiceOnly({ held, voiceOnly }: Pick<Lines, "held" | "voiceOnly">, remote: readonly RemoteShare[]): boolean {
  return voiceOnly && remote.some((share) => share.kind === "video" && isHeld(share, held));
}
