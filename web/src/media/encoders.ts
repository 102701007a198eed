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

/** Of the picture as it is captured. */
export type Size = Pick<MediaTrackSettings, "width" | "height">;

interface Sender {
  codecs: readonly types.RtpCodecCapability[] | undefined;
  /** Name of mediasoup-client's handler: what kind of browser this is. */
  handler: string | undefined;
}

/** Of the largest layer; the next ones have half of each. */
const CAMERA = { width: 640, height: 360 };
/** Smaller pictures than this Chromium sends in two layers at most, and it is the largest that it leaves out. */
const THREE_LAYERS_FROM = 960 * 540;
const CAMERA_LAYERS = [
  { smaller: 4, maxBitrate: 80_000, maxFramerate: 15 },
  { smaller: 2, maxBitrate: 220_000, maxFramerate: 24 },
  { smaller: 1, maxBitrate: 600_000, maxFramerate: 24 },
];

/** Viewers take the layer that fits the size of their picture and their link. `count`: at most. */
function cameraLayers({ width = CAMERA.width, height = CAMERA.height }: Size, count: number): types.RtpEncodingParameters[] {
  const scale = Math.max(1, Math.min(width / CAMERA.width, height / CAMERA.height));
  const layers = CAMERA_LAYERS.slice(-Math.min(count, width * height >= THREE_LAYERS_FROM ? 3 : 2));
  return layers.map(({ smaller, maxBitrate, maxFramerate }) => ({
    scaleResolutionDownBy: scale * smaller,
    maxBitrate,
    maxFramerate,
    scalabilityMode: "L1T3",
  }));
}

/** Text keeps its size: a thin link gets fewer of its frames (temporal layers), never fewer pixels. */
const SCREEN_LAYERS = [{ maxBitrate: 2_500_000, maxFramerate: 15, scalabilityMode: "L1T3" }];

/** `codec`: MIME type; one this browser cannot encode falls back to the floor. */
export function publishOptions(source: Source, codec: string, size: Size, { codecs, handler }: Sender): Options {
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
        encodings: cameraLayers(size, layered ? 3 : 1),
        // Enough for the largest layer: while less is sent, the browser's estimate does not grow.
        codecOptions: { videoGoogleStartBitrate: 1000 },
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
