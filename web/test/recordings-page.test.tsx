import { act } from "react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { App } from "../src/app";
import { vi as words } from "../src/i18n/vi";
import type { Me, RecordingRow } from "../src/protocol.gen";
import { mounting } from "./mounting";

const HOUR = 3_600_000;
const me = { account: "a", username: "teacher", name: "Cô Lan", role: "teacher", school: "", classes: [], mayCreateLessons: true } as unknown as Me;
/** 0 is the newest; every tenth is of another class; the last is alone in its name. */
const recordings = Array.from({ length: 2000 }, (_, n) => ({
  id: `r${n}`,
  title: n === 1999 ? "Bài đầu tiên" : `Bài ${n}`,
  className: n % 10 === 0 ? "10A2" : "10A1",
  state: "ready",
  startedAt: Date.UTC(2026, 4, 1) - n * HOUR,
  durationMs: HOUR,
  bytes: 1,
  mayManage: false,
})) as unknown as RecordingRow[];

class NeverSeen {
  observe() {}
  disconnect() {}
}

describe("the page of recordings", () => {
  const page = mounting();

  beforeEach(async () => {
    vi.stubGlobal("IntersectionObserver", NeverSeen);
    vi.stubGlobal("fetch", (path: string) => Promise.resolve(Response.json(path === "/api/me" ? me : { recordings: [...recordings].reverse() })));
    history.replaceState(null, "", "/recordings");
    await page.render(<App />);
    await act(() => vi.waitFor(() => expect(cards().length).toBeGreaterThan(0)));
  });

  const cards = () => [...page.box.querySelectorAll(".recording-card h3")].map((title) => title.textContent);
  const older = () => page.box.querySelector<HTMLButtonElement>(".recording-older button");
  const press = () => act(async () => older()?.click());
  const fill = (selector: string, value: string) =>
    act(async () => {
      const field = page.box.querySelector<HTMLInputElement | HTMLSelectElement>(selector);
      if (!field) throw new Error(`no ${selector}`);
      // Past React's own setter, as typing goes.
      Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), "value")?.set?.call(field, value);
      field.dispatchEvent(new Event(field.tagName === "SELECT" ? "change" : "input", { bubbles: true }));
    });

  it("shows the newest sixty, and sixty more with each press", async () => {
    expect(cards()).toHaveLength(60);
    expect(cards()[0]).toBe("Bài 0");
    expect(cards().at(-1)).toBe("Bài 59");
    expect(older()?.textContent).toBe(words.recordings.older);
    expect(page.box.textContent).toContain(words.recordings.shownOf(60, 2000));
    await press();
    expect(cards()).toHaveLength(120);
    expect(document.activeElement?.closest(".recording-card")?.querySelector("h3")?.textContent).toBe("Bài 60");
  });

  it("searches all of them", async () => {
    await fill("input[type=search]", "dau tien");
    expect(cards()).toEqual(["Bài đầu tiên"]);
    expect(older()).toBeNull();
  });

  it("begins anew with each filter", async () => {
    await press();
    await fill("select", "10A2");
    expect(cards()).toHaveLength(60);
    expect(page.box.textContent).toContain(words.recordings.shownOf(60, 200));
    for (const count of [120, 180, 200]) {
      await press();
      expect(cards()).toHaveLength(count);
    }
    expect(older()).toBeNull();
    await fill("input[type=search]", "bai");
    expect(cards()).toHaveLength(60);
  });
});
