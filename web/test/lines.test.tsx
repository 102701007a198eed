import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, it } from "vitest";
import { SignalBars, signalLabel } from "../src/components/signal-bars";
import { weakness } from "../src/components/connection-note";
import { en } from "../src/i18n/en";
import { vi } from "../src/i18n/vi";
import { isHeld, isVoiceOnly, linesOf, NO_LINES, ownSignal, weakestPublisher, type Lines } from "../src/lesson/lines";
import type { RemoteShare, Snapshot } from "../src/lesson/session";
import type { AnyServerMessage, Signal } from "../src/protocol.gen";

const good = { delayMs: 0, lossPercent: 0, poor: false, way: null };
const signal = (participant: string, bars: number, reason = ""): Signal => ({ participant, bars, reason });
const share = (consumer: string, participant: string, kind: "audio" | "video" = "video", next: string | null = null) =>
  ({ consumer, participant, kind, next: next && { consumer: next } }) as unknown as RemoteShare;
const after = (lines: Lines, message: object) => ({ ...lines, ...linesOf(lines, message as AnyServerMessage) });

describe("lines", () => {
  it("begin with the state, follow what changes, and end with the router", () => {
    let lines = after(NO_LINES, { type: "state", signals: [signal("a", 4), signal("b", 2, "link_up")], ownLink: null, held: ["c"], voiceOnly: true });
    expect(isVoiceOnly(lines, [share("c", "a")])).toBe(true);
    lines = after(lines, { type: "links", signals: [signal("a", 1, "link_down"), signal("n", 4)], gone: ["b"] });
    expect([...lines.signals.values()]).toEqual([signal("a", 1, "link_down"), signal("n", 4)]);
    lines = after(lines, { type: "held", consumers: [], voiceOnly: false });
    expect(isVoiceOnly(lines, [share("c", "a")])).toBe(false);
    expect(lines.signals.size).toBe(2);
    expect(after(lines, { type: "media_reset" })).toEqual(NO_LINES);
  });

  it("hold a picture only while no consumer of it is sent", () => {
    expect(isHeld(share("c", "a"), new Set(["c"]))).toBe(true);
    expect(isHeld(share("c", "a", "video", "d"), new Set(["c"]))).toBe(false);
    expect(isHeld(share("c", "a", "video", "d"), new Set(["c", "d"]))).toBe(true);
  });

  it("do not speak of voice only where there is no picture", () => {
    expect(isVoiceOnly({ held: new Set(["old"]), voiceOnly: true }, [share("c", "a"), share("v", "a", "audio")])).toBe(false);
  });
});

describe("the own signal", () => {
  const told = (bars: number, reason: string) => ({ bars, reason, delayMs: 300, lossPercent: 4 });

  it("is the server's word, with the browser's where that is worse", () => {
    expect(ownSignal(null, good)).toMatchObject({ bars: 4, fault: "" });
    expect(ownSignal(told(1, "link_down"), good)).toEqual({ bars: 1, fault: "down", delayMs: 300, lossPercent: 4 });
    expect(ownSignal(told(3, "publisher"), { ...good, poor: true, way: "up" })).toMatchObject({ bars: 2, fault: "up" });
    expect(ownSignal(told(2, "server"), { ...good, poor: true, way: "down" })).toMatchObject({ bars: 2, fault: "server" });
    expect(ownSignal(told(4, ""), { ...good, poor: true, delayMs: 700 })).toMatchObject({ bars: 2, fault: "down", delayMs: 700 });
  });

  it("finds whose picture comes from a weak line", () => {
    const signals = new Map([signal("a", 3), signal("b", 1), signal("c", 0)].map((s) => [s.participant, s]));
    expect(weakestPublisher([share("1", "a"), share("2", "b"), share("3", "c", "audio")], signals)).toBe("b");
    expect(weakestPublisher([], signals)).toBeNull();
  });

  it("is told in plain words, with whose fault it is", () => {
    const snapshot = {
      ...NO_LINES,
      quality: good,
      remote: [share("c", "t")],
      signals: new Map([["t", signal("t", 1, "link_up")]]),
      view: { people: [{ id: "t", name: "Cô Lan" }], you: { id: "s" }, shares: [], waiting: [] },
    } as unknown as Snapshot;
    const say = (part: Partial<Snapshot>, words: typeof vi = vi) => weakness(words, { ...snapshot, ...part });
    expect(say({})).toBeNull();
    expect(say({ ownLink: told(3, "link_down") })).toBeNull();
    expect(say({ ownLink: told(2, "link_down") }, en)).toBe(en.link.down);
    expect(say({ ownLink: told(1, "link_up") }, en)).toBe(en.link.up);
    expect(say({ ownLink: told(2, "server") })).toBe(vi.link.server);
    expect(say({ ownLink: told(2, "publisher") })).toContain("Cô Lan");
    expect(say({ ownLink: told(1, "link_down"), held: new Set(["c"]), voiceOnly: true })).toBe(
      "Đường truyền của bạn yếu: tạm chỉ nghe tiếng, hình sẽ tự trở lại.",
    );
  });
});

describe("signal bars", () => {
  it("have a name that says how it is and why", () => {
    expect(signalLabel(en, signal("a", 4))).toBe("Signal: good");
    expect(signalLabel(en, signal("a", 2, "link_down"))).toBe("Signal: weak; their connection is slow");
    expect(signalLabel(en, signal("a", 2, "server"))).toBe("Signal: weak; the school's server is busy");
    expect(signalLabel(vi, signal("a", 0, "link_up"))).toBe("Tín hiệu: không có; đường truyền của người này chậm");
  });

  it("are told apart by shape, not by colour alone", () => {
    for (const bars of [0, 1, 2, 3, 4]) {
      const drawn = renderToStaticMarkup(<SignalBars bars={bars} label="x" />);
      expect(drawn.match(/class="on"/g)?.length ?? 0).toBe(bars);
      expect(drawn).toContain('aria-label="x"');
      expect(drawn.includes("<path")).toBe(bars === 0);
    }
    expect(renderToStaticMarkup(<SignalBars bars={3} />)).toContain('aria-hidden="true"');
  });
});
