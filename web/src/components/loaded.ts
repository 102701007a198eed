/** Data that a page loads, and loads again by itself while it is looked at. */
import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError } from "../api/http";

export interface Loaded<T> {
  data: T | null;
  /** The code of the last failure; null after a success. */
  error: string | null;
  reload(): Promise<void>;
}

export function useLoaded<T>(load: () => Promise<T>, everyMs: number | null): Loaded<T> {
  const [data, setData] = useState<T | null>(null);
  const [error, setError] = useState<string | null>(null);
  const latest = useRef(load);
  latest.current = load;

  const reload = useCallback(async () => {
    try {
      setData(await latest.current());
      setError(null);
    } catch (failure) {
      setError(failure instanceof ApiError ? failure.code : "unexpected");
    }
  }, []);

  useEffect(() => {
    void reload();
    if (everyMs === null) return;
    const look = () => {
      if (document.visibilityState === "visible") void reload();
    };
    const timer = setInterval(look, everyMs);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [reload, everyMs]);

  return { data, error, reload };
}
