/** Recordings under their days, the newest first; older ones when they are asked for. */
import { useEffect, useRef } from "react";
import { Button } from "../components/ui";
import { useLanguage } from "../i18n/language";
import { day } from "../i18n/time";
import type { RecordingRow } from "../protocol.gen";
import { RecordingCard } from "./card";
import { byDay, newest } from "./list";

interface Props {
  rows: readonly RecordingRow[];
  count: number;
  onOlder(): void;
  onErase(row: RecordingRow): void;
}

export function RecordingDays({ rows, count, onOlder, onErase }: Props) {
  const { words, language } = useLanguage();
  const box = useRef<HTMLDivElement>(null);
  const first = useRef<number | null>(null);
  const shown = newest(rows, count);

  // Who goes on by keyboard goes on with what has come; the button may be gone.
  useEffect(() => {
    if (first.current === null) return;
    const card = box.current?.querySelectorAll(".recording-card")[first.current];
    first.current = null;
    card?.querySelector<HTMLElement>("a, button")?.focus();
  }, [count]);

  return (
    <div ref={box}>
      {byDay(shown).map((group) => (
        <section key={group.day} className="recording-day">
          <h2>{day(group.day, Date.now(), language, words)}</h2>
          <ul className="recording-list">
            {group.rows.map((row) => (
              <RecordingCard key={row.id} row={row} onErase={() => onErase(row)} />
            ))}
          </ul>
        </section>
      ))}
      {shown.length < rows.length && (
        <div className="recording-older">
          <p className="soft">{words.recordings.shownOf(shown.length, rows.length)}</p>
          <Button
            onPress={() => {
              first.current = shown.length;
              onOlder();
            }}
          >
            {words.recordings.older}
          </Button>
        </div>
      )}
    </div>
  );
}
