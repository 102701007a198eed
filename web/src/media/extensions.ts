/**
 * mediasoup-client keeps header extensions in a map by id, so in an offer with both kinds the later
 * section takes them all and the earlier kind loses mid, abs-send-time and transport-cc. Here each
 * kind keeps its own. Must run before the first Device is made.
 */
import { Chrome111 } from "mediasoup-client/handlers/Chrome111";
import { Chrome74 } from "mediasoup-client/handlers/Chrome74";
import { Firefox120 } from "mediasoup-client/handlers/Firefox120";
import { Safari12 } from "mediasoup-client/handlers/Safari12";

interface Extension {
  kind: "audio" | "video";
  uri: string;
  preferredId: number;
}

/** The little of a parsed SDP that matters here. */
export interface Sections {
  media: readonly { type: string; ext?: readonly { value: number; uri: string; "encrypt-uri"?: string }[] | undefined }[];
}

/** Each extension once per kind, in the order of the offer. */
export function extensionsByKind(sdp: Sections): Extension[] {
  const found = new Map<string, Extension>();
  for (const section of sdp.media) {
    const kind = section.type;
    if (kind !== "audio" && kind !== "video") continue;
    for (const extension of section.ext ?? []) {
      if (extension["encrypt-uri"]) continue;
      const key = `${kind} ${extension.value} ${extension.uri}`;
      found.set(key, { kind, uri: extension.uri, preferredId: extension.value });
    }
  }
  return [...found.values()];
}

interface Patchable {
  getLocalRtpCapabilities(sdp: Sections, ...rest: unknown[]): { headerExtensions?: unknown };
}

let patched = false;

export function keepExtensionsByKind(): void {
  if (patched) return;
  patched = true;
  for (const handler of [Chrome111, Chrome74, Firefox120, Safari12] as unknown as Patchable[]) {
    const original = handler.getLocalRtpCapabilities.bind(handler);
    handler.getLocalRtpCapabilities = (sdp, ...rest) => ({
      ...original(sdp, ...rest),
      headerExtensions: extensionsByKind(sdp),
    });
  }
}
