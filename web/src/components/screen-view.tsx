/** A shared screen that each viewer may enlarge for himself: wheel, pinch, keys, double click. */
import { useEffect, useRef, useState, type KeyboardEvent, type PointerEvent, type ReactNode } from "react";
import { Maximize, Minimize, Minus, Plus, Scan } from "lucide-react";
import { useWords } from "../i18n/language";
import { FIT, moved, zoomed, type Zoom } from "../lesson/zoom";
import { IconButton } from "./ui";

interface Props {
  name: string;
  children: ReactNode;
  /** Lies over what is enlarged, and is not enlarged. */
  over?: ReactNode;
}

export function ScreenView({ name, children, over }: Props) {
  const words = useWords();
  const box = useRef<HTMLDivElement>(null);
  const [zoom, setZoom] = useState<Zoom>(FIT);
  const [full, setFull] = useState(false);
  const pointers = useRef(new Map<number, { x: number; y: number }>());

  const around = (factor: number, clientX?: number, clientY?: number) => {
    const rect = box.current?.getBoundingClientRect();
    if (!rect) return;
    const x = clientX === undefined ? 0 : clientX - rect.left - rect.width / 2;
    const y = clientY === undefined ? 0 : clientY - rect.top - rect.height / 2;
    setZoom((old) => zoomed(old, factor, x, y, rect.width, rect.height));
  };

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    // Not through React: its wheel listeners are passive, and the page must not scroll.
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      around(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0025)), event.clientX, event.clientY);
    };
    element.addEventListener("wheel", wheel, { passive: false });
    const changed = () => setFull(document.fullscreenElement === element);
    document.addEventListener("fullscreenchange", changed);
    return () => {
      element.removeEventListener("wheel", wheel);
      document.removeEventListener("fullscreenchange", changed);
    };
  }, []);

  const move = (event: PointerEvent) => {
    const before = pointers.current.get(event.pointerId);
    const rect = box.current?.getBoundingClientRect();
    if (!before || !rect) return;
    const now = { x: event.clientX, y: event.clientY };
    const other = [...pointers.current].find(([id]) => id !== event.pointerId)?.[1];
    pointers.current.set(event.pointerId, now);
    if (other) {
      const gap = (a: { x: number; y: number }) => Math.hypot(a.x - other.x, a.y - other.y) || 1;
      around(gap(now) / gap(before), (now.x + other.x) / 2, (now.y + other.y) / 2);
    } else setZoom((old) => moved(old, now.x - before.x, now.y - before.y, rect.width, rect.height));
  };
  const up = (event: PointerEvent) => pointers.current.delete(event.pointerId);

  const keys = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const rect = box.current?.getBoundingClientRect();
    if (!rect) return;
    const pan = (x: number, y: number) => setZoom((old) => moved(old, x, y, rect.width, rect.height));
    const actions: Record<string, () => void> = {
      "+": () => around(1.25),
      "=": () => around(1.25),
      "-": () => around(0.8),
      "0": () => setZoom(FIT),
      ArrowLeft: () => pan(60, 0),
      ArrowRight: () => pan(-60, 0),
      ArrowUp: () => pan(0, 60),
      ArrowDown: () => pan(0, -60),
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  };

  const toggleFull = () => {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void box.current?.requestFullscreen?.().catch(() => undefined);
  };

  return (
    <div
      ref={box}
      className={`screen ${zoom.scale > 1 ? "zoomed" : ""}`}
      role="group"
      aria-label={words.room.screenOf(name)}
      tabIndex={0}
      onKeyDown={keys}
      onDoubleClick={() => setZoom(zoom.scale > 1 ? FIT : { scale: 2, x: 0, y: 0 })}
      onPointerDown={(event) => {
        if ((event.target as HTMLElement).closest("button")) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        pointers.current.set(event.pointerId, { x: event.clientX, y: event.clientY });
      }}
      onPointerMove={move}
      onPointerUp={up}
      onPointerCancel={up}
    >
      <div className="screen-content" style={{ transform: `translate(${zoom.x}px, ${zoom.y}px) scale(${zoom.scale})` }}>
        {children}
      </div>
      {over}
      <span className="screen-name">{words.room.screenOf(name)}</span>
      <div className="screen-tools" onDoubleClick={(event) => event.stopPropagation()}>
        <IconButton label={words.room.zoomOut} className="by-pointer" isDisabled={zoom.scale <= 1} onPress={() => around(0.8)}>
          <Minus aria-hidden />
        </IconButton>
        <IconButton label={words.room.zoomReset} className={zoom.scale <= 1 ? "by-pointer" : ""} isDisabled={zoom.scale <= 1} onPress={() => setZoom(FIT)}>
          <Scan aria-hidden />
        </IconButton>
        <IconButton label={words.room.zoomIn} className="by-pointer" onPress={() => around(1.25)}>
          <Plus aria-hidden />
        </IconButton>
        <IconButton label={full ? words.room.exitFullscreen : words.room.fullscreen} onPress={toggleFull}>
          {full ? <Minimize aria-hidden /> : <Maximize aria-hidden />}
        </IconButton>
      </div>
    </div>
  );
}
