import { describe, expect, it } from "vitest";
import { pairInUse, StallMeter, type Pair } from "../src/media/stall";

const pair = (requestsSent: number, responsesReceived: number, bytesReceived = 0, id = "p"): Pair => ({
  id,
  requestsSent,
  responsesReceived,
  bytesReceived,
});

describe("a stall", () => {
  it("is three checks without an answer while nothing else arrives, told once", () => {
    const meter = new StallMeter();
    const seen = [pair(5, 5), pair(6, 5), pair(7, 5), pair(8, 5), pair(9, 5), pair(30, 5), pair(31, 6), pair(34, 6)];
    expect(seen.map((each) => meter.look(each))).toEqual([false, false, false, true, false, false, false, true]);
  });

  it("is none while answers or media come", () => {
    const meter = new StallMeter();
    for (let n = 0; n < 20; n++) {
      expect(meter.look(pair(4 * n, n))).toBe(false);
    }
    for (let n = 0; n < 20; n++) {
      expect(meter.look(pair(100 + 4 * n, 20, n))).toBe(false);
    }
  });

  it("is none where nobody asks, and begins anew with another pair", () => {
    const meter = new StallMeter();
    for (let n = 0; n < 20; n++) expect(meter.look(pair(3, 3))).toBe(false);
    expect(meter.look(pair(9, 0, 0, "q"))).toBe(false);
    expect(meter.look(pair(12, 0, 0, "q"))).toBe(true);
  });

  it("is read from the pair that the transport has selected", () => {
    const stats = new Map<string, Record<string, unknown>>([
      ["T", { type: "transport", selectedCandidatePairId: "B" }],
      ["A", { type: "candidate-pair", requestsSent: 1, responsesReceived: 1 }],
      ["B", { type: "candidate-pair", requestsSent: 7, responsesReceived: 6, bytesReceived: 5 }],
    ]) as unknown as RTCStatsReport;
    expect(pairInUse(stats)).toEqual(pair(7, 6, 5, "B"));
    expect(pairInUse(new Map() as unknown as RTCStatsReport)).toBeNull();
    const silent = new Map([["T", { type: "transport", selectedCandidatePairId: "B" }], ["B", { type: "candidate-pair" }]]);
    expect(pairInUse(silent as unknown as RTCStatsReport)).toBeNull();
  });
});
