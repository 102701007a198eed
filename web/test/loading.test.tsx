import { act } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { App } from "../src/app";
import { useLoaded, type Loaded } from "../src/components/loaded";
import { LanguageProvider } from "../src/i18n/language";
import { vi as words } from "../src/i18n/vi";
import type { Attendance, Me, RecordingDetail } from "../src/protocol.gen";
import { CaptionsFailed } from "../src/replay/captions-failed";
import { useCaptions, type CaptionsState } from "../src/replay/use-captions";
import { gone, later, mounting } from "./mounting";

const me = { account: "a", username: "teacher", name: "Cô Lan", role: "teacher", school: "", classes: [], mayCreateLessons: true } as unknown as Me;
const attendance = { title: "Toán", className: "10A1", rows: [] } as unknown as Attendance;
const detail = (state: string) =>
  ({
    recording: { id: "r", title: "Parabol", className: "10A1", state, startedAt: 0, durationMs: 0, bytes: 0, mayManage: false, mayDownload: false },
    files: [],
    captions: [],
    views: [],
  }) as unknown as RecordingDetail;

const server = vi.fn<(path: string, init?: RequestInit) => Promise<Response>>();
const asked = () => server.mock.calls.length;
const status = (code: number, error = "unexpected") => () => Promise.resolve(Response.json({ error: { code: error } }, { status: code }));

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(document, "visibilityState", "get").mockReturnValue("visible");
  server.mockReset();
});
afterEach(() => void vi.useRealTimers());
const page = mounting();

describe.each([
  ["a recording", "/recordings/r", () => Promise.resolve(Response.json(detail("closing"))), "Parabol"],
  ["attendance", "/lessons/l/attendance", () => Promise.resolve(Response.json(attendance)), "10A1"],
])("the page of %s", (_, path, answer, shown) => {
  beforeEach(() => {
    vi.stubGlobal("fetch", (asked: string, init?: RequestInit) => (asked === "/api/me" ? Promise.resolve(Response.json(me)) : server(asked, init)));
    history.replaceState(null, "", path);
  });

  it.each([
    ["no network", gone],
    ["503", status(503)],
    ["half an answer", () => Promise.resolve(new Response("<html>"))],
  ])("opens by itself after %s", async (__, broken) => {
    server.mockImplementation(broken);
    await page.render(<App />);
    await later(50);
    expect(page.box.textContent).toContain(words.app.retriesItself);
    expect(page.button(words.app.retry)).toBeTruthy();
    await later(40_000);
    // Slower and slower: a school that lost its server does not come back all at once.
    expect(asked()).toBeGreaterThan(3);
    expect(asked()).toBeLessThan(12);
    server.mockImplementation(answer);
    await later(16_000);
    expect(page.box.textContent).toContain(shown);
  });

  it("opens at once when the network is back, or when it is told to", async () => {
    server.mockImplementation(gone);
    await page.render(<App />);
    await later(50);
    await act(async () => page.button(words.app.retry)?.click());
    expect(page.box.textContent).toContain(words.app.retriesItself);
    server.mockImplementation(answer);
    await act(async () => void dispatchEvent(new Event("online")));
    await later(10);
    expect(page.box.textContent).toContain(shown);
  });
});

describe("the page of a recording", () => {
  it("says what it may mean that there is none, and does not ask again", async () => {
    vi.stubGlobal("fetch", (path: string) => (path === "/api/me" ? Promise.resolve(Response.json(me)) : server(path)));
    history.replaceState(null, "", "/recordings/r");
    server.mockImplementation(status(404, "not_found"));
    await page.render(<App />);
    await later(60_000);
    expect(page.box.textContent).toContain(words.recordings.notFound);
    expect(page.button(words.app.retry)).toBeUndefined();
    expect(asked()).toBe(1);
  });
});

describe("what is loaded again and again", () => {
  it("waits for an answer that is slower than that", async () => {
    const signals: AbortSignal[] = [];
    let loaded: Loaded<number> | null = null;
    const load = (signal: AbortSignal) =>
      new Promise<number>((resolve) => {
        signals.push(signal);
        setTimeout(() => resolve(signals.length), 2500);
      });
    function Page() {
      loaded = useLoaded(load, 1000);
      return null;
    }
    await page.render(<Page />);
    await later(2600);
    expect(loaded).toMatchObject({ data: 1, error: null });
    expect(signals).toHaveLength(1);
    await later(3000);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
  });
});

describe("captions that are not read", () => {
  let captions: CaptionsState;
  const recording = { ...detail("ready"), captions: [{ language: "vi" }] };
  const vtt = "WEBVTT\n\n00:01.000 --> 00:02.000\nXin chào\n";

  function Page() {
    captions = useCaptions(recording);
    return <CaptionsFailed captions={captions} mayEdit />;
  }

  const open = async (broken: () => Promise<Response>) => {
    vi.stubGlobal("fetch", server);
    server.mockImplementation(broken);
    await page.render(<LanguageProvider><Page /></LanguageProvider>);
    await later(10);
  };

  it.each([
    ["no network", gone, words.errors.unreachable],
    ["a page that is not ours", () => Promise.resolve(new Response("<html>")), words.errors.unreachable],
    ["a fault of the server's", status(500, "unexpected"), words.errors.unexpected],
  ])("say why and can be asked for again after %s", async (_, broken, why) => {
    await open(broken);
    expect(captions.read).toBe(false);
    expect(page.box.querySelector("[role=alert]")?.textContent).toContain(why);
    expect(page.box.textContent).toContain(words.replay.captionsNotEdited);
    server.mockImplementation(() => Promise.resolve(new Response(vtt)));
    await act(async () => page.button(words.app.retry)?.click());
    await later(10);
    expect(captions).toMatchObject({ read: true, failed: null });
    expect(captions.cues.map((cue) => cue.text)).toEqual(["Xin chào"]);
    expect(page.box.textContent).toBe("");
  });

  it("come by themselves once the server answers", async () => {
    await open(gone);
    server.mockImplementation(() => Promise.resolve(new Response(vtt)));
    await later(1100);
    expect(captions).toMatchObject({ read: true, failed: null });
  });
});
