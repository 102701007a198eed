import type { types } from "mediasoup-client";
import { describe, expect, it } from "vitest";
import { afterLogin } from "../src/app";
import { gridFor } from "../src/lesson/grid";
import { FIT, moved, zoomed } from "../src/lesson/zoom";
import { extensionsByKind } from "../src/media/extensions";
import { encodable, publishOptions } from "../src/media/encoders";
import { QualityMeter } from "../src/media/quality";
import { troubleOf } from "../src/media/trouble";
import { match } from "../src/router";

const MID = "urn:ietf:params:rtp-hdrext:sdes:mid";
const TWCC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

describe("header extensions", () => {
  it("are kept for each kind where both sections use the same id", () => {
    const found = extensionsByKind({
      media: [
        { type: "video", ext: [{ value: 4, uri: MID }, { value: 3, uri: TWCC }] },
        { type: "audio", ext: [{ value: 4, uri: MID }, { value: 3, uri: TWCC }] },
        { type: "audio", ext: [{ value: 4, uri: MID }] },
        { type: "application" },
      ],
    });
    expect(found.filter((extension) => extension.kind === "video").map((extension) => extension.uri)).toEqual([MID, TWCC]);
    expect(found.filter((extension) => extension.kind === "audio").map((extension) => extension.uri)).toEqual([MID, TWCC]);
  });

  it("leave encrypted ones out", () => {
    expect(extensionsByKind({ media: [{ type: "audio", ext: [{ value: 1, uri: "x", "encrypt-uri": MID }] }] })).toEqual([]);
  });
});

describe("publishing", () => {
  const codecs = [
    { kind: "video" as const, mimeType: "video/VP9", preferredPayloadType: 103, clockRate: 90_000 },
    { kind: "video" as const, mimeType: "video/VP8", preferredPayloadType: 101, clockRate: 90_000 },
  ];

  const chromium = { codecs, handler: "Chrome111" };

  it("never scales a screen down, and lets it lose frames before pixels", () => {
    const screen = publishOptions("screen", "video/VP9", {}, chromium);
    expect(screen.codec?.mimeType).toBe("video/VP9");
    expect(screen.encodings).toEqual([{ maxBitrate: 2_500_000, maxFramerate: 15, scalabilityMode: "L1T3" }]);
  });

  it("falls back to VP8 where it cannot encode what is wanted", () => {
    expect(publishOptions("screen", "video/AV1", {}, chromium).codec?.mimeType).toBe("video/VP8");
  });

  it("sends a camera in three sizes, and in one where only Chromium could", () => {
    const scales = (codec: string, handler: string, width = 1280, height = 720) =>
      publishOptions("camera", codec, { width, height }, { codecs, handler }).encodings?.map((encoding) => encoding.scaleResolutionDownBy);
    expect(scales("video/VP8", "Firefox120")).toEqual([8, 4, 2]);
    expect(scales("video/VP9", "Chrome111")).toEqual([8, 4, 2]);
    expect(scales("video/VP9", "Firefox120")).toEqual([2]);
    expect(scales("video/VP8", "Chrome111", 960, 540)).toEqual([6, 3, 1.5]);
    expect(scales("video/VP8", "Chrome111", 640, 480)).toEqual([2, 1]);
    expect(scales("video/VP8", "Chrome111", 320, 240)).toEqual([2, 1]);
  });

  it("does not offer to encode AV1 on a small computer", () => {
    const all = ["video/VP8", "video/VP9", "video/av1", "video/H264"].map((mimeType) => ({ mimeType })) as types.RtpCodecCapability[];
    expect(encodable(all, 8)).toEqual(["video/AV1", "video/VP9", "video/VP8"]);
    expect(encodable(all, 2)).toEqual(["video/VP9", "video/VP8"]);
    expect(encodable(codecs, 8)).toEqual(["video/VP9", "video/VP8"]);
  });

  it("sends speech with silence suppressed and repaired from the next packet", () => {
    expect(publishOptions("microphone", "", {}, chromium).codecOptions).toMatchObject({ opusDtx: true, opusFec: true });
  });
});

describe("device troubles", () => {
  const named = (name: string) => new DOMException("", name);
  it.each([
    ["NotAllowedError", "microphone", "micDenied"],
    ["NotAllowedError", "camera", "camDenied"],
    ["NotAllowedError", "screen", "screenDenied"],
    ["NotFoundError", "camera", "camMissing"],
    ["NotFoundError", "microphone", "micMissing"],
    ["NotReadableError", "camera", "deviceBusy"],
    ["TypeError", "microphone", "media"],
  ] as const)("%s of the %s is %s", (name, wanted, trouble) => {
    expect(troubleOf(named(name), wanted, true)).toBe(trouble);
  });

  it("names an insecure page first", () => {
    expect(troubleOf(named("NotAllowedError"), "camera", false)).toBe("insecure");
  });
});

describe("zoom", () => {
  it("keeps the point under the pointer and never leaves the picture", () => {
    const twice = zoomed(FIT, 2, 100, 50, 800, 450);
    expect(twice).toEqual({ scale: 2, x: -100, y: -50 });
    expect(moved(twice, 9000, -9000, 800, 450)).toEqual({ scale: 2, x: 400, y: -225 });
    expect(zoomed(twice, 0.1, 0, 0, 800, 450)).toEqual(FIT);
    expect(zoomed(FIT, 100, 0, 0, 800, 450).scale).toBe(6);
  });
});

describe("quality", () => {
  const report = (lost: number, received: number) =>
    new Map([["a", { type: "inbound-rtp", packetsLost: lost, packetsReceived: received }]]) as unknown as RTCStatsReport;

  it("judges only what happened since the last look", () => {
    const meter = new QualityMeter();
    expect(meter.read([report(100, 900)], 20)).toMatchObject({ poor: true, way: "down" });
    expect(meter.read([report(100, 1900)], 20)).toEqual({ delayMs: 20, lossPercent: 0, poor: false, way: null });
    expect(meter.read([report(100, 1901)], 900).poor).toBe(true);
  });
});

describe("addresses", () => {
  it("are matched part by part", () => {
    expect(match("/lessons/:id", "/lessons/a%20b")).toEqual({ id: "a b" });
    expect(match("/lessons/:id", "/lessons/a/attendance")).toBeNull();
    expect(match("/", "/")).toEqual({});
  });

  it("never leads away from the site after signing in", () => {
    expect(afterLogin("?next=%2Flessons%2Fx")).toBe("/lessons/x");
    for (const evil of ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/login"]) {
      expect(afterLogin(`?next=${encodeURIComponent(evil)}`)).toBe("/");
    }
  });
});

describe("the grid of cameras", () => {
  it("makes tiles as large as they can be without leaving the space", () => {
    for (const count of [1, 2, 3, 5, 9, 24]) {
      for (const [width, height] of [[1040, 740], [720, 540], [344, 560]] as const) {
        const { columns, tileWidth, ratio } = gridFor(count, width, height, 8);
        const rows = Math.ceil(count / columns);
        expect(columns * tileWidth + (columns - 1) * 8).toBeLessThanOrEqual(width);
        expect((rows * tileWidth) / ratio + (rows - 1) * 8).toBeLessThanOrEqual(height + 1);
        expect(tileWidth).toBeGreaterThan(40);
      }
    }
    expect(gridFor(2, 1600, 450, 8).columns).toBe(2);
  });
});
