/** Recording time: ms since the recording began, pauses taken out. */
import type { LessonInfo } from "../protocol.gen";

type Running = Pick<LessonInfo, "recordingSince" | "recordingPausedAt" | "recordingHeldMs">;

/** Where the running recording is at `now` (server's clock, ms); 0 while none runs. It stands while paused. */
export function recordingMs({ recordingSince, recordingPausedAt, recordingHeldMs }: Running, now: number): number {
  if (recordingSince === null) return 0;
  return Math.max(0, (recordingPausedAt ?? now) - recordingSince - recordingHeldMs);
}
