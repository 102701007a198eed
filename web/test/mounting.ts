/** A place in the document for what a test renders, in a browser that speaks Vietnamese. */
import { act, type ReactNode } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, vi } from "vitest";

export const gone = () => Promise.reject(new TypeError("Failed to fetch"));
/** Under fake timers. */
export const later = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));

export interface Mounted {
  readonly box: HTMLElement;
  render(what: ReactNode): Promise<void>;
  button(name: string): HTMLButtonElement | undefined;
}

/** New for each test of the block in which it is called, and gone after it, as are mocks, stubs and the address. */
export function mounting(): Mounted {
  let root: Root;
  let box: HTMLElement;

  beforeEach(() => {
    vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
    vi.spyOn(navigator, "languages", "get").mockReturnValue(["vi"]);
    box = document.body.appendChild(document.createElement("div"));
    root = createRoot(box);
  });

  afterEach(async () => {
    await act(async () => root.unmount());
    box.remove();
    history.replaceState(null, "", "/");
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
  });

  return {
    get box() {
      return box;
    },
    render: (what) => act(async () => root.render(what)),
    button: (name) => [...box.querySelectorAll("button")].find((one) => one.textContent === name),
  };
}
