/** The server's codes and the browser's troubles, in plain words. */
import type { Words } from "./vi";
import { waitingTime } from "./time";

type Key = keyof Words["errors"];

const BY_CODE: Record<string, Key> = {
  not_allowed: "notAllowed",
  forbidden: "notAllowed",
  not_found: "notFound",
  lesson_not_found: "notFound",
  no_such_recording: "notFound",
  recording_not_ready: "recordingNotReady",
  storage_unreachable: "storageUnreachable",
  not_signed_in: "notSignedIn",
  removed: "removed",
  denied: "notAdmitted",
  too_large: "invalid",
  not_ready: "timeout",
  lesson_not_live: "notLive",
  lesson_ended: "ended",
  lesson_full: "full",
  safe_mode: "safeMode",
  not_admitted: "notAdmitted",
  not_acknowledged: "notAcknowledged",
  not_recording: "notRecording",
  disk_full: "diskFull",
  no_such_participant: "gone",
  no_such_share: "media",
  no_such_still: "media",
  outdated: "timeout",
  invalid: "invalid",
  bad_request: "invalid",
  too_many: "tooMany",
  too_many_requests: "tooMany",
  rate_limited: "tooMany",
  timeout: "timeout",
  busy: "timeout",
  too_many_attempts: "tooMany",
  disconnected: "unreachable",
  unreachable: "unreachable",
};

export function errorWords(code: string, words: Words): string {
  const key = BY_CODE[code] ?? (code in words.errors ? (code as Key) : "unexpected");
  return words.errors[key];
}

export function isNotFound(code: string): boolean {
  return BY_CODE[code] === "notFound";
}

/** The same question would have the same answer. */
export function isFinal(code: string): boolean {
  return isNotFound(code) || BY_CODE[code] === "notAllowed" || BY_CODE[code] === "notSignedIn";
}

/** Signing in has its own words; `retryAfter` in seconds. */
export function signInWords(code: string, status: number, retryAfter: number | null, words: Words): string {
  if (status === 429) return words.login.tooMany(waitingTime(retryAfter ?? 60, words));
  if (status === 401 || status === 403) return words.login.wrong;
  if (status === 400 || status === 422) return words.login.wrong;
  return errorWords(code, words);
}
