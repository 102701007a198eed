import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import { I18nProvider } from "react-aria-components";
import { en } from "./en";
import { vi, type Words } from "./vi";

export type Language = "vi" | "en";
export const catalogues: Record<Language, Words> = { vi, en };

const KEY = "classroom.language";

/** `?lang=` first (and remembered), then what was chosen before, then the browser's own; Vietnamese otherwise. */
export function chooseLanguage(search: string, stored: string | null, browser: readonly string[]): Language {
  const asked = new URLSearchParams(search).get("lang");
  for (const candidate of [asked, stored]) {
    if (candidate === "vi" || candidate === "en") return candidate;
  }
  const known = browser.map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => tag === "vi" || tag === "en");
  return known === "en" ? "en" : "vi";
}

interface Chosen {
  language: Language;
  words: Words;
  setLanguage(language: Language): void;
}

const Context = createContext<Chosen>({ language: "vi", words: vi, setLanguage: () => undefined });

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState(() =>
    chooseLanguage(location.search, localStorage.getItem(KEY), navigator.languages),
  );
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const value = useMemo<Chosen>(
    () => ({
      language,
      words: catalogues[language],
      setLanguage: (next) => {
        localStorage.setItem(KEY, next);
        setLanguage(next);
      },
    }),
    [language],
  );
  useEffect(() => {
    if (new URLSearchParams(location.search).has("lang")) localStorage.setItem(KEY, language);
  }, [language]);
  return (
    <Context.Provider value={value}>
      <I18nProvider locale={language === "vi" ? "vi-VN" : "en-GB"}>{children}</I18nProvider>
    </Context.Provider>
  );
}

export const useLanguage = () => useContext(Context);
export const useWords = (): Words => useContext(Context).words;
