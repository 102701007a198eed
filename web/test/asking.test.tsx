import { act } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { App } from "../src/app";
import { Asking } from "../src/api/asking";
import { patience } from "../src/api/patience";
import { vi as vietnamese } from "../src/i18n/vi";
import { gone, later, mounting } from "./mounting";

let visibility: DocumentVisibilityState = "visible";

beforeEach(() => {
  vi.useFakeTimers();
  visibility = "visible";
  vi.spyOn(document, "visibilityState", "get").mockImplementation(() => visibility);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const look = (how: DocumentVisibilityState) => {
  visibility = how;
  document.dispatchEvent(new Event("visibilitychange"));
};

describe("the pauses between questions without an answer", () => {
  it("grow from one second to fifteen, and stay there", () => {
    expect([0, 1, 2, 3, 4, 5, 5000].map((n) => patience(n, () => 0))).toEqual([1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
  });

  it("are shorter by chance, by half at most", () => {
    expect(patience(2, () => 0.5)).toBe(3000);
    for (const n of [0, 1, 2, 3, 4, 9]) expect(patience(n, () => 1)).toBe(patience(n, () => 0) / 2);
  });
});

describe("asking", () => {
  const all: Asking<boolean>[] = [];
  afterEach(() => all.splice(0).forEach((asking) => asking.stop()));

  /** Answers by hand; what is not answered hangs until it is given up. */
  function question() {
    const asked: { answer(answered: boolean): Promise<void>; signal: AbortSignal }[] = [];
    const heard: boolean[] = [];
    const ask = (signal: AbortSignal) =>
      new Promise<boolean>((resolve) => {
        signal.addEventListener("abort", () => resolve(false));
        asked.push({
          signal,
          answer: async (answered) => {
            resolve(answered);
            await vi.advanceTimersByTimeAsync(0);
          },
        });
      });
    const asking = new Asking(
      ask,
      (found) => {
        heard.push(found);
        return found;
      },
      () => 0,
    );
    all.push(asking);
    return { asking, asked, heard };
  }

  it("goes on after longer and longer pauses, until there is an answer", async () => {
    const { asking, asked, heard } = question();
    void asking.start();
    for (const [n, pause] of [1000, 2000, 4000, 8000, 15_000, 15_000].entries()) {
      await asked[n]?.answer(false);
      await vi.advanceTimersByTimeAsync(pause - 1);
      expect(asked).toHaveLength(n + 1);
      await vi.advanceTimersByTimeAsync(1);
      expect(asked).toHaveLength(n + 2);
    }
    await asked[6]?.answer(true);
    expect(heard).toEqual([false, false, false, false, false, false, true]);
    await vi.advanceTimersByTimeAsync(3_600_000);
    dispatchEvent(new Event("online"));
    look("visible");
    expect(asked).toHaveLength(7);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("gives up a request that hangs", async () => {
    const { asking, asked } = question();
    void asking.start();
    await vi.advanceTimersByTimeAsync(11_000);
    expect(asked.map(({ signal }) => signal.aborted)).toEqual([true, false]);
  });

  it("does not wait when the page is looked at again, nor ask twice for it", async () => {
    const { asking, asked } = question();
    void asking.start();
    await asked[0]?.answer(false);
    look("hidden");
    expect(asked).toHaveLength(1);
    look("visible");
    look("visible");
    expect(asked).toHaveLength(2);
    await asked[1]?.answer(false);
    await vi.advanceTimersByTimeAsync(1000);
    expect(asked).toHaveLength(3);
  });

  it("does not wait when the network is back, nor for what was sent before", async () => {
    const { asking, asked, heard } = question();
    void asking.start();
    dispatchEvent(new Event("online"));
    expect(asked.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    await asked[1]?.answer(true);
    expect(heard).toEqual([true]);
  });

  it("stops when it is told to", async () => {
    const { asking, asked, heard } = question();
    void asking.start();
    asking.stop();
    asking.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    dispatchEvent(new Event("online"));
    expect(asked).toHaveLength(1);
    expect(heard).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("a page that reaches no server", () => {
  const page = mounting();
  const server = vi.fn<() => Promise<Response>>();
  const status = (code: number) => () => Promise.resolve(new Response("", { status: code }));
  const button = () => page.button(vietnamese.app.retry);

  beforeEach(() => {
    vi.stubGlobal("fetch", server);
    server.mockReset();
  });

  it.each([
    ["no network", gone],
    ["502", status(502)],
    ["503", status(503)],
    ["504", status(504)],
    ["a page that is not ours", () => Promise.resolve(new Response("<html>"))],
  ])("opens by itself after %s", async (_, broken) => {
    server.mockImplementation(broken);
    await page.render(<App />);
    await later(10);
    expect(button()).toBeTruthy();
    expect(page.box.textContent).toContain(vietnamese.app.retriesItself);
    expect(server).toHaveBeenCalledTimes(1);
    await later(10_000);
    expect(server.mock.calls.length).toBeGreaterThan(3);
    expect(button()).toBeTruthy();
    server.mockImplementation(status(401));
    await later(16_000);
    expect(page.box.querySelector("input[name=username]")).toBeTruthy();
    const asked = server.mock.calls.length;
    await later(60_000);
    expect(server).toHaveBeenCalledTimes(asked);
  });

  it("asks at once when the button is pressed", async () => {
    server.mockImplementation(gone);
    await page.render(<App />);
    await later(10);
    server.mockImplementation(status(401));
    await act(async () => button()?.click());
    await later(10);
    expect(page.box.querySelector("input[name=username]")).toBeTruthy();
  });

  it("leaves it to the button where the server answers with a fault of its own", async () => {
    server.mockImplementation(status(500));
    await page.render(<App />);
    await later(60_000);
    expect(server).toHaveBeenCalledTimes(1);
    expect(button()).toBeTruthy();
    expect(page.box.textContent).toContain(vietnamese.errors.unexpected);
  });
});
