/** How each source is sent. */
import type { types } from "mediasoup-client";
import type { Source } from "../protocol.gen";

type Options = Pick<types.ProducerOptions, "encodings" | "codecOptions" | "codec" | "disableTrackOnPause" | "zeroRtpOnPause" | "stopTracks">;

/** VP8 is what every browser that is admitted can decode. */
const vp8 = (codecs: readonly types.RtpCodecCapability[] | undefined) =>
  codecs?.find((codec) => codec.mimeType.toLowerCase() === "video/vp8");

export function publishOptions(source: Source, codecs: readonly types.RtpCodecCapability[] | undefined): Options {
  const base: Options = { stopTracks: false, disableTrackOnPause: true, zeroRtpOnPause: false };
  const codec = vp8(codecs);
  const picture = codec ? { ...base, codec } : base;
  switch (source) {
    case "microphone":
      return { ...base, codecOptions: { opusStereo: false, opusDtx: true, opusFec: true } };
    case "screen_audio":
      return { ...base, codecOptions: { opusStereo: true, opusDtx: true, opusFec: true } };
    case "camera":
      return {
        ...picture,
        encodings: [{ maxBitrate: 600_000, maxFramerate: 24 }],
        codecOptions: { videoGoogleStartBitrate: 400 },
      };
    case "screen":
      return {
        ...picture,
        encodings: [{ maxBitrate: 2_500_000, maxFramerate: 15 }],
        codecOptions: { videoGoogleStartBitrate: 1200 },
      };
  }
}
