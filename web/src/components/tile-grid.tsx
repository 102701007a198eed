import { useLayoutEffect, useRef, useState, type ReactNode } from "react";
import { gridFor } from "../lesson/grid";

const GAP = 8;

/** Equal tiles as large as the space allows. */
export function TileGrid({ count, children }: { count: number; children: ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const { tileWidth, ratio } = gridFor(count, size.width, size.height, GAP);
  return (
    <div
      ref={box}
      className="grid"
      style={{ ["--tile-width" as string]: `${tileWidth}px`, ["--tile-ratio" as string]: String(ratio) }}
    >
      {children}
    </div>
  );
}
