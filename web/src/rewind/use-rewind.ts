/** Whether this page watches the past, and whether that is to be offered. */
import { useCallback, useEffect, useRef, useState } from "react";
import { recordingMs } from "../lesson/recording-clock";
import type { LessonSession } from "../lesson/session";
import type { LessonView } from "../protocol.gen";

/** From here on something was missed that is worth a word. */
const WORTH_MS = 60_000;
const OFFER_MS = 45_000;

export interface Rewinding {
  /** The speed to begin with, while the past is watched. */
  speed: number | null;
  offerMs: number | null;
  watch(speed: number): void;
  live(why: "reached" | "gone" | "pressed"): void;
  dismiss(): void;
}

export function useRewind(session: LessonSession, view: LessonView, clockOffset: number): Rewinding {
  const { recording } = view.lesson;
  const { mustAcknowledge } = view.you;
  const [speed, setSpeed] = useState<number | null>(null);
  const [offerMs, setOfferMs] = useState<number | null>(null);

  // Who had to acknowledge has come while it ran.
  const acknowledging = useRef(mustAcknowledge);
  useEffect(() => {
    if (acknowledging.current && !mustAcknowledge && recording !== null) {
      const missed = recordingMs(view.lesson, Date.now() + clockOffset);
      if (missed >= WORTH_MS) setOfferMs(missed);
    }
    acknowledging.current = mustAcknowledge;
  }, [mustAcknowledge, recording, view.lesson, clockOffset]);

  useEffect(() => {
    if (offerMs === null) return;
    const timer = setTimeout(() => setOfferMs(null), OFFER_MS);
    return () => clearTimeout(timer);
  }, [offerMs]);

  // The recording is over: what was missed is under Recordings later.
  const watching = useRef(false);
  watching.current = speed !== null;
  useEffect(() => {
    if (recording !== null) return;
    setOfferMs(null);
    if (watching.current) session.tell("notice", "rewindGone");
    setSpeed(null);
  }, [recording, session]);

  const watch = useCallback(
    (from: number) => {
      setOfferMs(null);
      setSpeed(from);
      if (session.publisher.snapshot().microphone) {
        void session.publisher.setMicrophone(false);
        session.tell("notice", "rewindMuted");
      }
    },
    [session],
  );
  const live = useCallback(
    (why: "reached" | "gone" | "pressed") => {
      setSpeed(null);
      if (why !== "pressed") session.tell("notice", why === "reached" ? "rewindLive" : "rewindGone");
    },
    [session],
  );
  const dismiss = useCallback(() => setOfferMs(null), []);
  return { speed, offerMs, watch, live, dismiss };
}
