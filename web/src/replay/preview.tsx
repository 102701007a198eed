/** What one would see at a moment of the time line: a small picture, the time, the chapter. */
import { useEffect, useRef, useState } from "react";
import { api, ApiError, paths } from "../api/http";
import { length } from "../i18n/time";
import type { Thumbnails } from "../protocol.gen";
import { placeOf, type Part } from "./parts";
import { thumbAt } from "./thumbs";

const AGAIN_MS = 20_000;

/** They are made some time after the lesson: asked for when somebody wants to see one. */
export function useThumbnails(recording: string, wanted: boolean): Thumbnails | null {
  const [thumbs, setThumbs] = useState<Thumbnails | null>(null);
  const askedAt = useRef(-Infinity);
  useEffect(() => {
    if (!wanted || thumbs || performance.now() - askedAt.current < AGAIN_MS) return;
    askedAt.current = performance.now();
    api.thumbnails(recording).then(setThumbs, (failure: unknown) => {
      if (!(failure instanceof ApiError)) throw failure;
    });
  }, [recording, wanted, thumbs]);
  return thumbs;
}

interface Props {
  recording: string;
  thumbs: Thumbnails | null;
  parts: readonly Part[];
  path(part: Part): string;
  ms: number;
  title: string;
  /** 0 to 1, of the time line's width. */
  across: number;
}

export function Preview({ recording, thumbs, parts, path, ms, title, across }: Props) {
  const thumb = thumbs ? thumbAt(thumbs, ms) : null;
  return (
    <div className="preview-box" style={{ left: `${across * 100}%`, translate: `${-across * 100}%` }} aria-hidden>
      {thumb ? (
        <div
          className="preview-picture"
          style={{
            width: thumb.width,
            height: thumb.height,
            backgroundImage: `url("${paths.file(recording, thumb.sheet)}")`,
            backgroundPosition: `${-thumb.x}px ${-thumb.y}px`,
          }}
        />
      ) : (
        <PreviewVideo parts={parts} path={path} ms={ms} />
      )}
      {title && <span className="preview-title">{title}</span>}
      <span className="preview-time">{length(ms)}</span>
    </div>
  );
}

/** Until there are small pictures: a second, silent player of the same file. */
function PreviewVideo({ parts, path, ms }: Pick<Props, "parts" | "path" | "ms">) {
  const video = useRef<HTMLVideoElement>(null);
  const wanted = useRef(ms);
  wanted.current = ms;
  const opened = useRef(-1);
  const look = () => {
    const element = video.current;
    const place = placeOf(parts, wanted.current);
    if (!element || !place) return;
    if (place.index !== opened.current) {
      opened.current = place.index;
      const part = parts[place.index];
      if (part) element.src = path(part);
    } else if (element.readyState > 0 && !element.seeking && Math.abs(element.currentTime - place.seconds) > 0.5) {
      element.currentTime = place.seconds;
    }
  };
  useEffect(look, [ms]);
  useEffect(() => () => video.current?.removeAttribute("src"), []);
  return <video ref={video} className="preview-picture" muted playsInline preload="metadata" onLoadedMetadata={look} onSeeked={look} />;
}
