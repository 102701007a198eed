/** Captions of a recording: which there are, which are shown, their lines. */
import { useCallback, useEffect, useRef, useState } from "react";
import { Asking, LONG_MS } from "../api/asking";
import { found, isAnswer, type Found } from "../api/found";
import { api, ApiError } from "../api/http";
import { useLanguage, type Language } from "../i18n/language";
import type { RecordingDetail } from "../protocol.gen";
import { readVtt, writeVtt, type Cue } from "./vtt";

const KEY = "classroom.captions";

export interface CaptionsState {
  languages: readonly string[];
  language: string;
  setLanguage(language: string): void;
  cues: readonly Cue[];
  /** Whether `cues` is all there is in this language. Until then, what is saved would take the place of lines not seen. */
  read: boolean;
  /** The code of why they are not read, while that is so. */
  failed: string | null;
  again(): void;
  on: boolean;
  toggle(): void;
  /** Rejects with ApiError. No lines: the captions in this language go. */
  save(cues: readonly Cue[]): Promise<void>;
}

export function useCaptions(detail: RecordingDetail): CaptionsState {
  const recording = detail.recording.id;
  const own = useLanguage().language;
  const [languages, setLanguages] = useState(() => detail.captions.map((row) => row.language));
  const [language, setLanguage] = useState<string>(() => firstOf(languages, own));
  const [cues, setCues] = useState<readonly Cue[]>([]);
  const [readIn, setReadIn] = useState<string | null>(null);
  const [failed, setFailed] = useState<string | null>(null);
  const reading = useRef<Asking<Found<Cue[]>> | null>(null);
  const [on, setOn] = useState(() => localStorage.getItem(KEY) === "on");

  useEffect(() => {
    setCues([]);
    setFailed(null);
    if (!languages.includes(language)) {
      setReadIn(language);
      return;
    }
    setReadIn(null);
    const asking = new Asking<Found<Cue[]>>(
      (signal) => found(readCaptions(recording, language, signal)),
      (came) => {
        if ("data" in came) {
          setCues(came.data);
          setReadIn(language);
        }
        setFailed("data" in came ? null : came.error);
        return isAnswer(came);
      },
      Math.random,
      LONG_MS,
    );
    reading.current = asking;
    void asking.start();
    return () => asking.stop();
    // Not when the list of languages changes: saving knows its own lines.
  }, [recording, language]);

  const toggle = useCallback(() => {
    setOn((old) => {
      localStorage.setItem(KEY, old ? "off" : "on");
      return !old;
    });
  }, []);

  const save = async (next: readonly Cue[]) => {
    if (next.length > 0) await api.putCaptions(recording, language, writeVtt(next));
    else if (languages.includes(language)) await api.removeCaptions(recording, language);
    setCues(next);
    setLanguages((old) => [...old.filter((each) => each !== language), ...(next.length > 0 ? [language] : [])]);
  };

  return {
    languages,
    language,
    setLanguage,
    cues,
    read: readIn === language,
    failed,
    again: () => void reading.current?.start(),
    on,
    toggle,
    save,
  };
}

async function readCaptions(recording: string, language: string, signal: AbortSignal): Promise<Cue[]> {
  const cues = readVtt(await api.captions(recording, language, signal));
  // The page of a network that wants a sign-in of its own first.
  if (!cues) throw new ApiError("unreachable", 0);
  return cues;
}

function firstOf(languages: readonly string[], own: Language): string {
  return languages.find((each) => each === own || each.startsWith(`${own}-`)) ?? languages[0] ?? own;
}
