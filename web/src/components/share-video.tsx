import { useEffect, useRef } from "react";
import type { LessonSession, RemoteShare } from "../lesson/session";

interface Props {
  session: LessonSession;
  share: RemoteShare;
  label: string;
}

/** One received picture. The server sends it only while it is on screen. */
export function ShareVideo({ session, share, label }: Props) {
  const video = useRef<HTMLVideoElement>(null);
  const { consumer, track } = share;

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
    const observer = new IntersectionObserver((entries) => set(entries.at(-1)?.isIntersecting ?? true));
    observer.observe(element);
    return () => {
      observer.disconnect();
      set(false);
    };
  }, [session, consumer]);

  return <video ref={video} aria-label={label} autoPlay playsInline muted />;
}
