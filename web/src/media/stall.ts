/**
 * Notices that nothing comes back any more, seconds before the browser says "disconnected": it asks
 * more and more often (RFC 8445 checks) and gets no answer. A network that began to block UDP looks so.
 */
import type { types } from "mediasoup-client";

const LOOK_MS = 1000;
const UNANSWERED = 3;

/** Of the pair of candidates in use. Firefox does not count requests: there only its own verdict counts. */
export interface Pair {
  id: string;
  requestsSent: number;
  responsesReceived: number;
  bytesReceived: number;
}

export class StallMeter {
  #heard: Pair | null = null;
  #told = false;

  /** Whether the last few checks and everything else went unanswered. Once per silence: a second restart
   * would undo the first, which the browser takes a second to trust. */
  look(pair: Pair): boolean {
    const heard = this.#heard;
    if (
      heard === null ||
      heard.id !== pair.id ||
      pair.bytesReceived !== heard.bytesReceived ||
      pair.responsesReceived !== heard.responsesReceived
    ) {
      this.#heard = pair;
      this.#told = false;
      return false;
    }
    if (this.#told || pair.requestsSent - heard.requestsSent < UNANSWERED) return false;
    this.#told = true;
    return true;
  }
}

/** The pair in use, from the browser's statistics; null where they do not tell. */
export function pairInUse(stats: RTCStatsReport): Pair | null {
  let id: unknown;
  stats.forEach((entry: Record<string, unknown>) => {
    if (entry["type"] === "transport") id = entry["selectedCandidatePairId"] ?? id;
  });
  const pair = typeof id === "string" ? (stats.get(id) as Record<string, unknown> | undefined) : undefined;
  if (!pair || typeof pair["requestsSent"] !== "number" || typeof pair["responsesReceived"] !== "number") return null;
  return {
    id: String(id),
    requestsSent: pair["requestsSent"],
    responsesReceived: pair["responsesReceived"],
    bytesReceived: Number(pair["bytesReceived"] ?? 0),
  };
}

/** Looks until the transport closes. */
export function watchStalls(transport: types.Transport, stalled: () => void): void {
  const meter = new StallMeter();
  const timer = setInterval(() => {
    if (transport.closed) clearInterval(timer);
    else if (transport.connectionState === "connected") {
      void transport.getStats().then(
        (stats) => {
          const pair = pairInUse(stats);
          if (pair && meter.look(pair) && !transport.closed && transport.connectionState === "connected") stalled();
        },
        () => undefined,
      );
    }
  }, LOOK_MS);
}
