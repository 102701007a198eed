import { useEffect, useRef } from "react";
import type { LessonSession } from "../lesson/session";
import { GUARD_HEIGHT, GUARD_WIDTH, StillGuard } from "../media/still-guard";
import type { StillPicture } from "../media/still-views";

interface Props {
  session: LessonSession;
  share: string;
  label: string;
}

const LOOK_MS = 250;

/** The sharp picture of a screen that rests, exactly over its video (which comes before it in the same box). */
export function Still({ session, share, label }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);

  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    let unguard: () => void = () => undefined;
    const unwatch = session.stills.watch(share, (picture) => {
      unguard();
      if (picture) draw(element, picture);
      element.hidden = picture === null;
      const video = element.parentElement?.querySelector("video");
      if (picture && video) unguard = guard(element, video);
    });
    return () => {
      unguard();
      unwatch();
    };
  }, [session, share]);

  return <canvas ref={canvas} className="still" role="img" aria-label={label} hidden />;
}

function draw(canvas: HTMLCanvasElement, { shown, base, patches }: StillPicture): void {
  if (canvas.width !== shown.width || canvas.height !== shown.height) {
    canvas.width = shown.width;
    canvas.height = shown.height;
  }
  const pen = canvas.getContext("2d")!;
  pen.drawImage(base, 0, 0, shown.width, shown.height);
  for (const { area, patch } of shown.parts) {
    const bitmap = patches.get(patch);
    if (bitmap) pen.drawImage(bitmap, area.x, area.y);
    else pen.clearRect(area.x, area.y, area.width, area.height);
  }
}

/** Takes the still away when the video has clearly moved on. */
function guard(still: HTMLCanvasElement, video: HTMLVideoElement): () => void {
  if (!("requestVideoFrameCallback" in video)) return () => undefined;
  const small = document.createElement("canvas");
  small.width = GUARD_WIDTH;
  small.height = GUARD_HEIGHT;
  const pen = small.getContext("2d", { willReadFrequently: true })!;
  const sample = (picture: CanvasImageSource) => {
    pen.clearRect(0, 0, GUARD_WIDTH, GUARD_HEIGHT);
    pen.drawImage(picture, 0, 0, GUARD_WIDTH, GUARD_HEIGHT);
    return pen.getImageData(0, 0, GUARD_WIDTH, GUARD_HEIGHT).data;
  };
  pen.imageSmoothingQuality = "medium";
  const guarded = new StillGuard(sample(still));
  let timer: ReturnType<typeof setTimeout> | null = null;
  let asked = 0;
  const look = () => {
    timer = null;
    if (guarded.departed(sample(video))) still.hidden = true;
    else asked = video.requestVideoFrameCallback(later);
  };
  const later = () => {
    timer = setTimeout(look, LOOK_MS);
  };
  later();
  return () => {
    if (timer) clearTimeout(timer);
    video.cancelVideoFrameCallback(asked);
  };
}
