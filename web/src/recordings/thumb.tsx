/** A small picture of a recording, where one was made. Decoration: the title stands beside it. */
import { useEffect, useRef, useState } from "react";
import { api, paths } from "../api/http";
import type { Thumbnails } from "../protocol.gen";

/** So far into the lesson there is more to see than a greeting. */
const SHARE = 0.25;

export function Thumb({ recording }: { recording: string }) {
  const box = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState(false);
  const [thumbs, setThumbs] = useState<Thumbnails | null>(null);

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const watch = new IntersectionObserver(([entry]) => entry?.isIntersecting && setSeen(true), { rootMargin: "200px" });
    watch.observe(element);
    return () => watch.disconnect();
  }, []);

  useEffect(() => {
    if (!seen) return;
    let here = true;
    // None yet, or none ever: then there is no picture.
    api.thumbnails(recording).then((found) => here && setThumbs(found), () => undefined);
    return () => {
      here = false;
    };
  }, [seen, recording]);

  const at = thumbs && place(thumbs);
  return (
    <div
      ref={box}
      aria-hidden
      className={at ? "thumb" : "thumb none"}
      style={thumbs && at ? { aspectRatio: `${thumbs.width} / ${thumbs.height}` } : undefined}
    >
      {thumbs && at && (
        <img
          alt=""
          src={paths.file(recording, at.sheet)}
          // The last sheet may be smaller than the others: one picture is as wide as the box.
          onLoad={({ currentTarget }) => (currentTarget.style.width = `${(100 * currentTarget.naturalWidth) / thumbs.width}%`)}
          style={{ left: `${-100 * at.column}%`, top: `${-100 * at.row}%` }}
        />
      )}
    </div>
  );
}

function place({ columns, rows, atMs, sheets }: Thumbnails): { sheet: string; column: number; row: number } | null {
  const index = Math.floor(atMs.length * SHARE);
  const sheet = sheets[Math.floor(index / (columns * rows))];
  const on = index % (columns * rows);
  return sheet === undefined ? null : { sheet, column: on % columns, row: Math.floor(on / columns) };
}
