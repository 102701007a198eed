/** A list in step with the time: what is current is marked and in sight, a click goes there. */
import { useEffect, useRef, type ReactNode } from "react";
import { length } from "../i18n/time";
import { come } from "./parts";
import type { Player } from "./player";
import { usePlaying } from "./use-playing";

export interface TimedItem {
  atMs: number;
  key: string;
  content: ReactNode;
}

/** Who scrolls himself is left alone for so long. */
const ALONE_MS = 6000;

interface Props {
  items: readonly TimedItem[];
  player: Player;
  label: string;
  empty: string;
  className?: string;
}

export function TimedList({ items, player, label, empty, className = "" }: Props) {
  const list = useRef<HTMLOListElement>(null);
  const scrolledAt = useRef(-Infinity);
  const times = items.map((item) => item.atMs);
  const count = usePlaying(player, (now) => come(times, now.ms + 50));

  useEffect(() => {
    const box = list.current;
    const row = box?.children[count - 1];
    if (!box || !(row instanceof HTMLElement) || performance.now() - scrolledAt.current < ALONE_MS) return;
    // Not scrollIntoView, which would move the page too.
    const top = row.offsetTop - box.offsetTop - box.clientHeight / 2 + row.clientHeight / 2;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    box.scrollTo({ top, behavior: calm ? "auto" : "smooth" });
  }, [count, items]);

  if (items.length === 0) return <p className="soft panel-empty">{empty}</p>;
  const byHand = () => {
    scrolledAt.current = performance.now();
  };
  return (
    <ol ref={list} className={`timed ${className}`} aria-label={label} onWheel={byHand} onTouchMove={byHand}>
      {items.map((item, i) => (
        <li key={item.key} className={i < count ? "" : "to-come"} aria-current={i === count - 1 ? "true" : undefined}>
          <button type="button" onClick={() => player.seek(item.atMs)}>
            <time>{length(item.atMs)}</time>
            <span className="timed-what">{item.content}</span>
          </button>
        </li>
      ))}
    </ol>
  );
}
