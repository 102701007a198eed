/** Captions of a recording: which there are, which are shown, their lines. */
import { useCallback, useEffect, useState } from "react";
import { api } from "../api/http";
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
  const [on, setOn] = useState(() => localStorage.getItem(KEY) === "on");

  useEffect(() => {
    let wanted = true;
    setCues([]);
    if (!languages.includes(language)) {
      setReadIn(language);
      return;
    }
    setReadIn(null);
    api.captions(recording, language).then(
      (vtt) => {
        if (!wanted) return;
        setCues(readVtt(vtt) ?? []);
        setReadIn(language);
      },
      () => undefined,
    );
    return () => {
      wanted = false;
    };
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

  return { languages, language, setLanguage, cues, read: readIn === language, on, toggle, save };
}

function firstOf(languages: readonly string[], own: Language): string {
  return languages.find((each) => each === own || each.startsWith(`${own}-`)) ?? languages[0] ?? own;
}
