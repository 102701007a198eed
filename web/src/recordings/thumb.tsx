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

  return (
    <div ref={box} aria-hidden className={thumbs ? "thumb" : "thumb none"} style={thumbs ? picture(recording, thumbs) : undefined} />
  );
}

function picture(recording: string, { columns, rows, atMs, sheets }: Thumbnails): React.CSSProperties {
  const index = Math.floor(atMs.length * SHARE);
  const sheet = sheets[Math.floor(index / (columns * rows))];
  if (sheet === undefined) return {};
  const on = index % (columns * rows);
  const place = (at: number, of: number) => (of > 1 ? `${(100 * at) / (of - 1)}%` : "0%");
  return {
    backgroundImage: `url("${paths.file(recording, sheet)}")`,
    backgroundSize: `${columns * 100}% ${rows * 100}%`,
    backgroundPosition: `${place(on % columns, columns)} ${place(Math.floor(on / columns), rows)}`,
  };
}
