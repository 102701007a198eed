/** In which video codecs this browser can publish, and how each source is sent in one of them. */
import type { types } from "mediasoup-client";
import type { Source } from "../protocol.gen";

export const FLOOR = "video/VP8";
const PICTURES = ["video/AV1", "video/VP9", FLOOR];
/** AV1 is encoded by the processor nearly everywhere: a smaller one would stutter, and the page with it. */
const AV1_CORES = 4;

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

export function encodable(codecs: readonly types.RtpCodecCapability[] | undefined, cores = navigator.hardwareConcurrency): string[] {
  return PICTURES.filter((name) => (name !== "video/AV1" || cores >= AV1_CORES) && codecs?.some((codec) => same(codec.mimeType, name)));
}

type Options = Pick<types.ProducerOptions, "encodings" | "codecOptions" | "codec" | "disableTrackOnPause" | "zeroRtpOnPause" | "stopTracks">;

interface Sender {
  codecs: readonly types.RtpCodecCapability[] | undefined;
  /** Name of mediasoup-client's handler: what kind of browser this is. */
  handler: string | undefined;
}

/** Viewers take the layer that fits the size of their picture and their link. */
const CAMERA_LAYERS = [
  { scaleResolutionDownBy: 4, maxBitrate: 80_000, maxFramerate: 15, scalabilityMode: "L1T3" },
  { scaleResolutionDownBy: 2, maxBitrate: 220_000, maxFramerate: 24, scalabilityMode: "L1T3" },
  { scaleResolutionDownBy: 1, maxBitrate: 600_000, maxFramerate: 24, scalabilityMode: "L1T3" },
];
/** Text keeps its size: a thin link gets fewer of its frames (temporal layers), never fewer pixels. */
const SCREEN_LAYERS = [{ maxBitrate: 2_500_000, maxFramerate: 15, scalabilityMode: "L1T3" }];

/** `codec`: MIME type; one this browser cannot encode falls back to the floor. */
export function publishOptions(source: Source, codec: string, { codecs, handler }: Sender): Options {
  const base: Options = { stopTracks: false, disableTrackOnPause: true, zeroRtpOnPause: false };
  const chosen = codecs?.find((one) => same(one.mimeType, codec)) ?? codecs?.find((one) => same(one.mimeType, FLOOR));
  const picture = chosen ? { ...base, codec: chosen } : base;
  switch (source) {
    case "microphone":
      return { ...base, codecOptions: { opusStereo: false, opusDtx: true, opusFec: true } };
    case "screen_audio":
      return { ...base, codecOptions: { opusStereo: true, opusDtx: true, opusFec: true } };
    case "camera": {
      // Simulcast of anything but VP8 is Chromium's alone.
      const layered = !chosen || same(chosen.mimeType, FLOOR) || handler?.startsWith("Chrome");
      return {
        ...picture,
        encodings: (layered ? CAMERA_LAYERS : CAMERA_LAYERS.slice(-1)).map((layer) => ({ ...layer })),
        codecOptions: { videoGoogleStartBitrate: 400 },
      };
    }
    case "screen":
      return {
        ...picture,
        encodings: SCREEN_LAYERS.map((layer) => ({ ...layer })),
        codecOptions: { videoGoogleStartBitrate: 1200 },
      };
  }
}
