/** Finding a recording in the list; pure. */
import type { RecordingRow } from "../protocol.gen";

/** As people type in a hurry: "toan 10a1" finds "Toán" of "10A1". */
export function plain(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").replace(/[đĐ]/g, "d").toLowerCase();
}

/** Every word must be in the title or the class's name. `className` empty: any. */
export function found(rows: readonly RecordingRow[], text: string, className: string): RecordingRow[] {
  const words = plain(text).split(/\s+/).filter(Boolean);
  return rows.filter((row) => {
    const all = plain(`${row.title} ${row.className}`);
    return (className === "" || row.className === className) && words.every((word) => all.includes(word));
  });
}

export function classesOf(rows: readonly RecordingRow[]): string[] {
  return [...new Set(rows.map((row) => row.className))].sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
}

/** So many more with each press: a school's years are too long a page. */
export const PAGE = 60;

/** The `count` that began last, newest first. */
export function newest(rows: readonly RecordingRow[], count: number): RecordingRow[] {
  return [...rows].sort((a, b) => b.startedAt - a.startedAt).slice(0, count);
}

/** By local day, in the order given. */
export function byDay(rows: readonly RecordingRow[]): { day: number; rows: RecordingRow[] }[] {
  const days = new Map<number, RecordingRow[]>();
  for (const row of rows) {
    const day = new Date(row.startedAt).setHours(0, 0, 0, 0);
    const list = days.get(day);
    if (list) list.push(row);
    else days.set(day, [row]);
  }
  return [...days].map(([day, list]) => ({ day, rows: list }));
}
