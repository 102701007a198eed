import { useEffect, useRef, type Ref } from "react";
import type { LessonSession, RemoteShare } from "../lesson/session";

const HIDE_AFTER_MS = 400;

interface Props {
  session: LessonSession;
  share: RemoteShare;
  label: string;
  className?: string;
  videoRef?: Ref<HTMLVideoElement>;
}

/** One received picture. The server sends it only while it is on screen. */
export function ShareVideo({ session, share, label, className }: Props) {
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
    let timer: ReturnType<typeof setTimeout> | undefined;
    const set = (shown: boolean) => {
      clearTimeout(timer);
      if (shown) session.setShown(consumer, true);
      else timer = setTimeout(() => session.setShown(consumer, false), HIDE_AFTER_MS);
    };
    set(true);
    const observer = new IntersectionObserver((entries) => set(entries.at(-1)?.isIntersecting ?? true));
    observer.observe(element);
    return () => {
      observer.disconnect();
      set(false);
    };
  }, [session, consumer]);

  return <video ref={video} className={className} aria-label={label} autoPlay playsInline muted />;
}
