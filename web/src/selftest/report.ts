/** The findings as a text that support staff can be sent. In the person's language, with the facts beneath. */
import { errorWords } from "../i18n/errors";
import type { Words } from "../i18n/vi";
import { fill, verdictOf, type Row } from "./rows";

const MARKS = { good: "✓", fair: "!", bad: "✗", note: "–", asks: "?", waiting: "…", running: "…" } as const;

export function reportOf(rows: readonly Row[], words: Words, where: string, at: Date): string {
  const verdict = verdictOf(rows);
  const lines = [`${words.selfTest.title} · ${where} · ${at.toISOString()}`];
  if (verdict) lines.push(words.selfTest.verdicts[verdict]);
  for (const row of rows) {
    const name = [words.selfTest.checks[row.check], row.about].filter(Boolean).join(" ");
    lines.push("", `${MARKS[row.state]} ${name}: ${says(row, words)}`);
    const advice = advises(row, words);
    if (advice) lines.push(`  → ${advice}`);
    if (row.technical) lines.push(`  (${row.technical})`);
  }
  return `${lines.join("\n")}\n`;
}

export function says(row: Row, words: Words): string {
  return row.finding ? fill(words.selfTest.findings[row.finding], row.values, words.selfTest.decimal) : words.selfTest.states[row.state];
}

export function advises(row: Row, words: Words): string | null {
  if (row.trouble) return errorWords(row.trouble, words);
  return row.advice ? fill(words.selfTest.advice[row.advice], row.values) : null;
}
