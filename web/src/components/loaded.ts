/** Data that a page loads: asked for until there is an answer, and again while it is looked at. */
import { useCallback, useEffect, useRef, useState } from "react";
import { Asking, LONG_MS } from "../api/asking";
import { found, isAnswer, type Found, type Missed } from "../api/found";

export interface Loaded<T> {
  data: T | null;
  /** The code of the last failure; null after a success. */
  error: string | null;
  /** Whether it is asked for again by itself: nobody has answered yet. */
  retries: boolean;
  reload(): Promise<void>;
}

export function useLoaded<T>(load: (signal: AbortSignal) => Promise<T>, everyMs: number | null): Loaded<T> {
  const [data, setData] = useState<T | null>(null);
  const [missed, setMissed] = useState<Missed | null>(null);
  const latest = useRef(load);
  latest.current = load;

  const [asking] = useState(
    () =>
      new Asking<Found<T>>(
        (signal) => found(latest.current(signal)),
        (came) => {
          if ("data" in came) setData(came.data);
          setMissed("data" in came ? null : came);
          return isAnswer(came);
        },
        Math.random,
        LONG_MS,
      ),
  );
  const reload = useCallback(() => asking.start(), [asking]);

  useEffect(() => {
    void asking.start();
    return () => asking.stop();
  }, [asking]);

  useEffect(() => {
    if (everyMs === null) return;
    const look = () => {
      // Whoever waits for an answer asks at a pace of its own.
      if (document.visibilityState === "visible" && !asking.waiting) void asking.start();
    };
    const timer = setInterval(look, everyMs);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [asking, everyMs]);

  return { data, error: missed?.error ?? null, retries: missed?.unanswered ?? false, reload };
}
