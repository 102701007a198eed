import { describe, expect, it } from "vitest";
import { en } from "../src/i18n/en";
import { vi } from "../src/i18n/vi";
import type { TransportParameters } from "../src/protocol.gen";
import { best, carried, settled } from "../src/selftest/rate";
import { advises, reportOf, says } from "../src/selftest/report";
import { fill, judgeQuality, judgeWays, verdictOf, type Row, type WayResult } from "../src/selftest/rows";
import { onlyThisWay, relayState } from "../src/selftest/ways";

const way = (kind: WayResult["kind"], state: WayResult["state"], about = "40000"): WayResult => ({ kind, state, about, ms: 90, technical: "t" });
const GOOD = { up: 2000, down: 2000, delay: 20, jitter: 1, loss: 0 };
const basis: Row[] = [
  { id: "browser", check: "browser", state: "good", finding: "browserGood" },
  { id: "socket", check: "socket", state: "good", finding: "socketGood", values: { ms: 9 } },
];
const all = (ways: WayResult[], quality = GOOD) => [...basis, ...judgeWays(ways, "h"), ...judgeQuality(quality)];
const states = (rows: Row[]) => rows.map((row) => `${row.check} ${row.state} ${row.finding ?? ""}`);

describe("the ways together", () => {
  it("are all good where nothing is blocked", () => {
    const rows = judgeWays([way("udp", "open"), way("tcp", "open"), way("relay", "open", "turn:r")], "h");
    expect(states(rows)).toEqual(["udp good udpOpen", "tcp good tcpOpen", "relay good relayOpen"]);
  });

  it("make a blocked one less bad when another is open", () => {
    expect(states(judgeWays([way("udp", "blocked"), way("tcp", "open")], "h"))).toEqual([
      "udp fair udpBlocked",
      "tcp good tcpOpen",
      "relay note relayNone",
    ]);
    const rows = judgeWays([way("udp", "blocked"), way("tcp", "blocked")], "h");
    expect(rows.map((row) => row.state)).toEqual(["bad", "bad", "note"]);
    expect(rows[2]?.advice).toBe("relayNone");
  });

  it("tell what is wrong with each relay", () => {
    const rows = judgeWays([way("udp", "open"), way("relay", "refused", "a"), way("relay", "unreachable", "b"), way("relay", "deadEnd", "c")], "h");
    expect(rows.slice(1).map((row) => [row.about, row.finding])).toEqual([
      ["a", "relayRefused"],
      ["b", "relayUnreachable"],
      ["c", "relayDeadEnd"],
    ]);
    expect(relayState([401], false)).toBe("refused");
    expect(relayState([701, 701], false)).toBe("unreachable");
    expect(relayState([], false)).toBe("unreachable");
    expect(relayState([701], true)).toBe("deadEnd");
  });

  it("are tried one by one: no other candidate, no other relay", () => {
    const candidate = (protocol: "udp" | "tcp") => ({ foundation: protocol, priority: 1, ip: "192.0.2.1", address: "192.0.2.1", port: 40000, protocol, type: "host" as const });
    const parameters = { id: "t", iceParameters: {}, iceCandidates: [candidate("udp"), candidate("tcp")], dtlsParameters: {} } as unknown as TransportParameters;
    const server = { urls: ["turn:r"], username: "u", credential: "c" };
    const protocols = (options: ReturnType<typeof onlyThisWay>) => options.iceCandidates.map((c) => c.protocol);
    expect(protocols(onlyThisWay({ kind: "udp", worker: 0 }, parameters))).toEqual(["udp"]);
    expect(onlyThisWay({ kind: "tcp", worker: 0 }, parameters)).toMatchObject({ iceServers: [], iceTransportPolicy: "all" });
    expect(protocols(onlyThisWay({ kind: "tcp", worker: 0 }, parameters))).toEqual(["tcp"]);
    expect(onlyThisWay({ kind: "relay", worker: 0, server }, parameters)).toMatchObject({ iceServers: [server], iceTransportPolicy: "relay" });
  });
});

describe("the verdict", () => {
  it("is one sentence for all of it", () => {
    const udp = way("udp", "open");
    const tcp = way("tcp", "open");
    expect(verdictOf(all([udp, tcp]))).toBe("ready");
    expect(verdictOf(all([way("udp", "blocked"), tcp]))).toBe("overTcp");
    expect(verdictOf(all([way("udp", "blocked"), way("tcp", "blocked"), way("relay", "open")]))).toBe("overRelay");
    expect(verdictOf(all([way("udp", "blocked"), way("tcp", "blocked")]))).toBe("noMedia");
    expect(verdictOf(all([udp, tcp], { ...GOOD, down: 100 }))).toBe("slow");
    expect(verdictOf(all([udp, tcp], { ...GOOD, delay: 300 }))).toBe("middling");
    expect(verdictOf([{ id: "browser", check: "browser", state: "bad" }])).toBe("browser");
    expect(verdictOf([{ id: "socket", check: "socket", state: "bad" }])).toBe("socket");
  });

  it("waits until enough is known", () => {
    expect(verdictOf(basis)).toBeNull();
    expect(verdictOf([...basis, { id: "udp", check: "udp", state: "running" }])).toBeNull();
    expect(verdictOf([...basis, ...judgeWays([way("udp", "open")], "h"), { id: "rate", check: "rate", state: "running" }])).toBeNull();
    expect(verdictOf([...basis, ...judgeWays([way("udp", "failed")], "h")])).toBeNull();
  });
});

describe("what a way carries", () => {
  it("is the difference of two looks", () => {
    const zero = { at: 1000, sent: 1000, received: 1000, packets: 100, lost: 1, delay: 0, jitter: 0 };
    const later = { at: 3000, sent: 251_000, received: 126_000, packets: 198, lost: 3, delay: 0.0512, jitter: 0.004 };
    expect(carried(zero, later)).toEqual({ up: 1000, down: 500, delay: 51, jitter: 4, loss: 2, shrunk: false });
    const slow = { ...GOOD, up: 500, down: 500 };
    expect(judgeQuality(slow)[1]?.finding).toBe("rateFair");
    expect(judgeQuality({ ...slow, shrunk: true })[1]).toMatchObject({ state: "note", finding: "rateAtLeast" });
    expect(judgeQuality({ ...slow, shrunk: true, loss: 5 })[1]?.finding).toBe("rateFair");
    expect(carried(later, later)).toMatchObject({ up: 0, down: 0, loss: 0 });
  });

  it("is looked at until it rises no more, is enough, or it has been long", () => {
    const at = (rate: number) => ({ ...GOOD, up: rate, down: rate });
    expect(settled([])).toBe(false);
    expect(settled([at(2000)])).toBe(false);
    expect(settled([at(1100), at(1300)])).toBe(true);
    expect(settled([at(300), at(400)])).toBe(false);
    expect(settled([at(300), at(310)])).toBe(true);
    expect(settled(Array.from({ length: 7 }, (_, n) => at(100 * (n + 1))))).toBe(true);
    expect(best([{ ...at(500), loss: 9 }, at(400)])).toEqual({ ...GOOD, up: 500, down: 500 });
  });

  it("is told with numbers", () => {
    const rows = judgeQuality({ up: 2345, down: 1234, delay: 42, jitter: 3, loss: 0.4 });
    expect(rows.map((row) => says(row, en))).toEqual([
      "42 ms, 0.4% of packets lost: good.",
      "About 1.2 Mbit/s down, 2.3 Mbit/s up: enough for picture and sound.",
    ]);
    expect(rows.map((row) => says(row, vi)).join()).toMatch(/mất 0,4%.*1,2 Mbit\/s xuống/);
  });
});

describe("the words of a finding", () => {
  it("leave no gap open", () => {
    const rows = [
      ...all([way("udp", "blocked"), way("tcp", "blocked"), way("relay", "unreachable", "turn:r")]),
      ...all([way("udp", "open")], { ...GOOD, delay: 900, down: 10 }),
    ];
    for (const row of rows) {
      for (const words of [vi, en]) {
        expect(says(row, words)).not.toMatch(/[{}]/);
        expect(advises(row, words) ?? "").not.toMatch(/[{}]/);
      }
    }
    expect(fill("{a} and {b}", { a: 1 })).toBe("1 and {b}");
  });

  it("are all copied for support, with the facts", () => {
    const rows = all([way("udp", "blocked"), way("tcp", "open")]);
    const text = reportOf([...rows, { id: "camera", check: "camera", state: "bad", finding: "cameraNot", trouble: "camDenied" }], vi, "school.example", new Date(0));
    expect(text).toContain("Kiểm tra kết nối · school.example · 1970-01-01T00:00:00.000Z");
    expect(text).toContain("✗ Camera: Camera chưa dùng được.");
    expect(text).toContain(vi.errors.camDenied);
    expect(text).toContain("! Hình và tiếng qua UDP 40000: Mạng của bạn chặn UDP.");
    expect(text).toContain("mở UDP tới h, cổng 40000");
    expect(text).toContain("(t)");
  });
});
