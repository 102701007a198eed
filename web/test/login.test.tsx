import { act } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { App } from "../src/app";
import { en } from "../src/i18n/en";
import { vi as vietnamese } from "../src/i18n/vi";
import { mounting } from "./mounting";

describe("the page for signing in", () => {
  const page = mounting();

  beforeEach(async () => {
    vi.stubGlobal("fetch", () => Promise.resolve(new Response("", { status: 401 })));
    localStorage.clear();
    await page.render(<App />);
    await act(() => vi.waitFor(() => expect(field("username")).toBeTruthy()));
  });

  afterEach(() => localStorage.clear());

  const field = (name: string) => page.box.querySelector<HTMLInputElement>(`input[name=${name}]`);
  const told = () => page.box.querySelector("[role=alert]")?.textContent;
  const submit = () =>
    act(async () => {
      page.box.querySelector("form")?.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
    });
  const otherLanguage = () => act(async () => page.box.querySelector<HTMLButtonElement>("button.language")?.click());

  it("says in the other language too why it did not work", async () => {
    await submit();
    expect(told()).toBe(vietnamese.login.missing);
    await otherLanguage();
    expect(told()).toBe(en.login.missing);
    for (const name of ["username", "password"]) {
      const input = field(name);
      if (input) input.value = "x";
    }
    await submit();
    await act(() => vi.waitFor(() => expect(told()).toBe(en.login.wrong)));
    await otherLanguage();
    expect(told()).toBe(vietnamese.login.wrong);
  });
});
