import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { App } from "../src/app";
import { en } from "../src/i18n/en";
import { vi as vietnamese } from "../src/i18n/vi";

describe("the page for signing in", () => {
  let root: Root;
  let box: HTMLElement;

  beforeEach(async () => {
    vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
    vi.stubGlobal("fetch", () => Promise.resolve(new Response("", { status: 401 })));
    vi.spyOn(navigator, "languages", "get").mockReturnValue(["vi"]);
    localStorage.clear();
    box = document.body.appendChild(document.createElement("div"));
    root = createRoot(box);
    await act(async () => root.render(<App />));
    await act(() => vi.waitFor(() => expect(field("username")).toBeTruthy()));
  });

  afterEach(async () => {
    await act(async () => root.unmount());
    box.remove();
    localStorage.clear();
    history.replaceState(null, "", "/");
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
  });

  const field = (name: string) => box.querySelector<HTMLInputElement>(`input[name=${name}]`);
  const told = () => box.querySelector("[role=alert]")?.textContent;
  const submit = () =>
    act(async () => {
      box.querySelector("form")?.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
    });
  const otherLanguage = () => act(async () => box.querySelector<HTMLButtonElement>("button.language")?.click());

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
