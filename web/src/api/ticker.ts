/** setInterval that keeps its pace while the page is hidden, so that a waiting student is not counted as gone. */
let worker: Worker | null | undefined;
let nextId = 1;
const callbacks = new Map<number, () => void>();

function clockWorker(): Worker | null {
  if (worker !== undefined) return worker;
  try {
    worker = new Worker(new URL("./ticker.worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = (event: MessageEvent<number>) => callbacks.get(event.data)?.();
  } catch {
    worker = null;
  }
  return worker;
}

/** Calls back every `ms` until the returned function is called. */
export function every(ms: number, callback: () => void): () => void {
  const clock = typeof Worker === "undefined" ? null : clockWorker();
  if (!clock) {
    const timer = setInterval(callback, ms);
    return () => clearInterval(timer);
  }
  const id = nextId++;
  callbacks.set(id, callback);
  clock.postMessage({ id, ms });
  return () => {
    callbacks.delete(id);
    clock.postMessage({ id, ms: null });
  };
}
