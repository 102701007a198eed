/** One search over everything in a lesson that can be read. Pure. */
import { fold, type Folded } from "./fold";

export type FoundKind = "chapter" | "chat" | "share" | "still" | "caption";

export interface Searchable {
  kind: FoundKind;
  atMs: number;
  /** Who said it, or what it is; is searched too. */
  name: string;
  text: string;
}

export interface Hit extends Searchable {
  before: string;
  match: string;
  after: string;
}

export interface Index {
  entry: Searchable;
  folded: Folded;
  name: string;
}

const AROUND = 48;
export const MOST_HITS = 200;

export function index(entries: readonly Searchable[]): Index[] {
  return entries.map((entry) => ({ entry, folded: fold(entry.text), name: fold(entry.name).text }));
}

/** Entries that have every word of the query, by time. */
export function search(entries: readonly Index[], query: string): Hit[] {
  const phrase = fold(query).text.trim();
  if (phrase === "") return [];
  const terms = phrase.split(" ");
  const hits: Hit[] = [];
  for (const { entry, folded, name } of entries) {
    if (!terms.every((term) => folded.text.includes(term) || name.includes(term))) continue;
    hits.push({ ...entry, ...snippet(entry.text, folded, phrase, terms) });
  }
  return hits.sort((a, b) => a.atMs - b.atMs).slice(0, MOST_HITS);
}

function snippet(text: string, folded: Folded, phrase: string, terms: readonly string[]) {
  const wanted = [phrase, ...terms].find((candidate) => folded.text.includes(candidate));
  if (wanted === undefined) return { before: shortened(text, 2 * AROUND), match: "", after: "" };
  const first = folded.text.indexOf(wanted);
  const start = folded.from[first] ?? 0;
  // Accents that stand as letters of their own belong to what they stand on.
  const end = folded.from[first + wanted.length] ?? text.length;
  const left = Math.max(0, start - AROUND);
  return {
    before: (left > 0 ? "…" : "") + text.slice(left, start),
    match: text.slice(start, end),
    after: shortened(text.slice(end), AROUND),
  };
}

function shortened(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
