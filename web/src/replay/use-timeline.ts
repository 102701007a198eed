import { useEffect, useState } from "react";
import { api } from "../api/http";
import type { Timeline } from "../protocol.gen";
import { EMPTY } from "./lesson";

const AGAIN_MS = 3000;

/** The picture does not wait for it. */
export function useTimeline(recording: string): Timeline {
  const [timeline, setTimeline] = useState(EMPTY);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let left = 5;
    const load = () => {
      api.timeline(recording).then(setTimeline, () => {
        if (left-- > 0) timer = setTimeout(load, AGAIN_MS);
      });
    };
    load();
    return () => {
      left = 0;
      clearTimeout(timer);
    };
  }, [recording]);
  return timeline;
}
