/** What the network does to us, from the browser's own counters. */
export interface Quality {
  delayMs: number;
  lossPercent: number;
  poor: boolean;
  /** Which way loses, where it is known: what we receive or what we send. */
  way: "down" | "up" | null;
}

interface Counted {
  lost: number;
  received: number;
}

const MOST_LOSS = 0.06;
const MOST_DELAY_MS = 450;

/** Remembers the counters of the last look, since only what happened since then matters. */
export class QualityMeter {
  #before: Counted = { lost: 0, received: 0 };

  read(reports: readonly RTCStatsReport[], socketDelayMs: number): Quality {
    const now: Counted = { lost: 0, received: 0 };
    let delayMs = socketDelayMs;
    let remoteLoss = 0;
    for (const report of reports) {
      report.forEach((entry: Record<string, unknown>) => {
        if (entry["type"] === "inbound-rtp") {
          now.lost += Number(entry["packetsLost"] ?? 0);
          now.received += Number(entry["packetsReceived"] ?? 0);
        } else if (entry["type"] === "remote-inbound-rtp") {
          remoteLoss = Math.max(remoteLoss, Number(entry["fractionLost"] ?? 0));
        } else if (entry["type"] === "candidate-pair" && entry["nominated"] === true) {
          const rtt = Number(entry["currentRoundTripTime"] ?? 0) * 1000;
          if (rtt > 0) delayMs = rtt;
        }
      });
    }
    const lost = Math.max(0, now.lost - this.#before.lost);
    const received = Math.max(0, now.received - this.#before.received);
    this.#before = now;
    const inbound = lost + received > 20 ? lost / (lost + received) : 0;
    const loss = Math.max(inbound, remoteLoss);
    return {
      delayMs: Math.round(delayMs),
      lossPercent: Math.round(loss * 100),
      poor: loss > MOST_LOSS || delayMs > MOST_DELAY_MS,
      way: loss <= MOST_LOSS ? null : remoteLoss > inbound ? "up" : "down",
    };
  }
}
