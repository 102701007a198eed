import { useEffect, useRef } from "react";
import type { LessonSession, RemoteShare } from "../lesson/session";

interface Props {
  session: LessonSession;
  share: RemoteShare;
  label: string;
}

/**
 * One received share. While its codec changes, the newer picture gathers unseen behind the older one and
 * takes its place, as the same element, when it has something to show.
 */
export function ShareVideo({ session, share, label }: Props) {
  const { consumer, track, next } = share;
  return (
    <>
      <Picture key={consumer} session={session} consumer={consumer} track={track} label={label} />
      {next && <Picture key={next.consumer} session={session} consumer={next.consumer} track={next.track} label={null} />}
    </>
  );
}

interface PictureProps {
  session: LessonSession;
  consumer: string;
  track: MediaStreamTrack;
  /** null: not to be seen yet. */
  label: string | null;
}

/** The server sends it only while it is on screen, and no larger than it is shown. */
function Picture({ session, consumer, track, label }: PictureProps) {
  const video = useRef<HTMLVideoElement>(null);
  const coming = label === null;

  useEffect(() => {
    const element = video.current;
    if (!element) return;
    element.srcObject = new MediaStream([track]);
    element.play().catch(() => undefined);
    return () => {
      element.srcObject = null;
    };
  }, [track]);

  useEffect(() => {
    const element = video.current;
    if (!element || !coming) return;
    return onFirstPicture(element, () => session.arrived(consumer));
  }, [session, consumer, coming]);

  useEffect(() => {
    const element = video.current;
    if (!element) return;
    let hide: (() => void) | null = null;
    const set = (shown: boolean) => {
      if (shown) hide ??= session.show(consumer);
      else {
        hide?.();
        hide = null;
      }
    };
    set(true);
    const seen = new IntersectionObserver((entries) => set(entries.at(-1)?.isIntersecting ?? true));
    seen.observe(element);
    const size = new ResizeObserver(() => session.resized(consumer, element.clientWidth, element.clientHeight));
    size.observe(element);
    return () => {
      seen.disconnect();
      size.disconnect();
      set(false);
    };
  }, [session, consumer]);

  return coming ? (
    <video ref={video} className="coming" aria-hidden autoPlay playsInline muted />
  ) : (
    <video ref={video} aria-label={label} autoPlay playsInline muted />
  );
}

function onFirstPicture(element: HTMLVideoElement, callback: () => void): () => void {
  if (!("requestVideoFrameCallback" in element)) {
    (element as HTMLVideoElement).addEventListener("loadeddata", callback);
    return () => (element as HTMLVideoElement).removeEventListener("loadeddata", callback);
  }
  const asked = element.requestVideoFrameCallback(callback);
  return () => element.cancelVideoFrameCallback(asked);
}
