import type { Words } from "../i18n/vi";
import type { RecordingFile } from "../protocol.gen";

/** What a recorded file shows, in words. */
export function fileName(file: RecordingFile, words: Words): string {
  const { recordings } = words;
  if (file.role === "programme") return recordings.programme;
  if (file.source === "screen" || file.source === "screen_audio") return recordings.screenOf(file.participantName);
  if (file.source === "camera") return recordings.cameraOf(file.participantName);
  return recordings.voiceOf(file.participantName);
}
