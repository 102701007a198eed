/** The whole router: the address is the state. */
import { createElement, useSyncExternalStore, type AnchorHTMLAttributes, type MouseEvent } from "react";

const listeners = new Set<() => void>();

function announce() {
  for (const listener of listeners) listener();
}

addEventListener("popstate", announce);

/** `ask`: the person pressed "Ask to enter"; kept in the history entry so that a reload keeps the wish. */
export interface Travel {
  ask?: boolean;
  replace?: boolean;
}

export function navigate(to: string, { ask = false, replace = false }: Travel = {}): void {
  if (replace) history.replaceState({ ask }, "", to);
  else history.pushState({ ask }, "", to);
  scrollTo(0, 0);
  announce();
}

export function cameToAsk(): boolean {
  return (history.state as { ask?: boolean } | null)?.ask === true;
}

export function forgetAsk(): void {
  history.replaceState({ ask: false }, "");
}

export function usePath(): string {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => location.pathname,
  );
}

/** The parts of `path` where `pattern` has `:name`, or null when it does not fit. */
export function match(pattern: string, path: string): Record<string, string> | null {
  const want = pattern.split("/").filter(Boolean);
  const have = path.split("/").filter(Boolean);
  if (want.length !== have.length) return null;
  const found: Record<string, string> = {};
  for (const [index, part] of want.entries()) {
    const actual = have[index] ?? "";
    if (part.startsWith(":")) found[part.slice(1)] = decodeURIComponent(actual);
    else if (part !== actual) return null;
  }
  return found;
}

export function Link({ href, onClick, ...rest }: AnchorHTMLAttributes<HTMLAnchorElement> & { href: string }) {
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) {
      return;
    }
    event.preventDefault();
    navigate(href);
  };
  return createElement("a", { ...rest, href, onClick: follow });
}
