import type { Language } from "./language";
import type { Words } from "./vi";

const locale = (language: Language) => (language === "vi" ? "vi-VN" : "en-GB");

export function clock(at: number, language: Language): string {
  return new Intl.DateTimeFormat(locale(language), { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(at);
}

/** "Today", "Yesterday", or the date. */
export function day(at: number, now: number, language: Language, words: Words): string {
  const days = Math.round((startOfDay(at) - startOfDay(now)) / 86_400_000);
  if (days === 0) return words.time.today;
  if (days === 1) return words.time.tomorrow;
  if (days === -1) return words.time.yesterday;
  return new Intl.DateTimeFormat(locale(language), { weekday: "short", day: "numeric", month: "numeric" }).format(at);
}

function startOfDay(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}

/** A length as h:mm:ss or m:ss. */
export function length(ms: number): string {
  const total = Math.max(0, Math.round(ms / 1000));
  const [h, m, s] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  const two = (n: number) => String(n).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

export function waitingTime(seconds: number, words: Words): string {
  return seconds < 60 ? words.time.seconds(Math.ceil(seconds)) : words.time.minutes(Math.ceil(seconds / 60));
}

export function size(bytes: number, language: Language): string {
  const format = new Intl.NumberFormat(locale(language), { maximumFractionDigits: 1 });
  if (bytes >= 1e9) return `${format.format(bytes / 1e9)} GB`;
  if (bytes >= 1e6) return `${format.format(bytes / 1e6)} MB`;
  return `${format.format(Math.ceil(bytes / 1e3))} kB`;
}
