/** What went wrong with a device, as a word the catalogues know. */
export type Trouble =
  | "micDenied"
  | "camDenied"
  | "screenDenied"
  | "micMissing"
  | "camMissing"
  | "deviceBusy"
  | "insecure"
  | "deviceLost"
  | "media"
  /** The lesson is recorded, and the person has not yet said to know of it. */
  | "notAcknowledged";

export type Wanted = "microphone" | "camera" | "screen";

export function troubleOf(error: unknown, wanted: Wanted, secure: boolean): Trouble {
  if (!secure) return "insecure";
  const name = error instanceof Error || error instanceof DOMException ? error.name : "";
  switch (name) {
    case "NotAllowedError":
    case "SecurityError":
    case "AbortError":
      return wanted === "screen" ? "screenDenied" : wanted === "camera" ? "camDenied" : "micDenied";
    case "NotFoundError":
    case "OverconstrainedError":
    case "DevicesNotFoundError":
      return wanted === "camera" ? "camMissing" : wanted === "microphone" ? "micMissing" : "screenDenied";
    case "NotReadableError":
    case "TrackStartError":
      return wanted === "screen" ? "screenDenied" : "deviceBusy";
    default:
      return "media";
  }
}

/** Carries the word to the place that shows it. */
export class DeviceTrouble extends Error {
  constructor(readonly trouble: Trouble) {
    super(trouble);
  }
}
