/** Microphone, camera, speakers, screen, and the browser itself. */
import { detectDeviceAsync } from "mediasoup-client";
import { canShareScreen, openCamera, openMicrophone } from "../media/devices";
import { watchLevel } from "../media/level";
import { DeviceTrouble, type Trouble } from "../media/trouble";
import type { Row } from "./rows";

const LISTEN_MS = 6_000;
const LOUD = 0.1;
const PICTURE_MS = 6_000;
const DARK = 14;

export async function tryBrowser(): Promise<Row> {
  const base = { id: "browser", check: "browser", technical: navigator.userAgent } as const;
  if (!isSecureContext) return { ...base, state: "bad", finding: "browserInsecure", advice: "browserInsecure" };
  const handler = typeof RTCPeerConnection === "function" ? await detectDeviceAsync().catch(() => undefined) : undefined;
  return handler
    ? { ...base, state: "good", finding: "browserGood" }
    : { ...base, state: "bad", finding: "browserOld", advice: "browserOld" };
}

function troubled(id: "microphone" | "camera", error: unknown): Row {
  const trouble: Trouble = error instanceof DeviceTrouble ? error.trouble : "media";
  return { id, check: id, state: "bad", finding: id === "camera" ? "cameraNot" : "microphoneNot", trouble };
}

/** `opened` gets the track while it is listened to, and null when that is over. */
export async function tryMicrophone(opened: (track: MediaStreamTrack | null) => void, stop: AbortSignal): Promise<Row> {
  const base = { id: "microphone", check: "microphone" } as const;
  let track: MediaStreamTrack;
  try {
    track = await openMicrophone();
  } catch (error) {
    return troubled("microphone", error);
  }
  opened(track);
  const loudest = await listen(track, stop);
  opened(null);
  const technical = `${track.label} · ${loudest.toFixed(2)}`;
  track.stop();
  return loudest >= LOUD
    ? { ...base, state: "good", finding: "microphoneGood", technical }
    : { ...base, state: "fair", finding: "microphoneSilent", advice: "microphoneSilent", technical };
}

/** The loudest moment, 0 to 1; over as soon as something was heard. */
function listen(track: MediaStreamTrack, stop: AbortSignal): Promise<number> {
  return new Promise((resolve) => {
    let loudest = 0;
    const done = () => {
      end();
      clearTimeout(timer);
      resolve(loudest);
    };
    const end = watchLevel(track, (level) => {
      loudest = Math.max(loudest, level);
      if (loudest >= LOUD) done();
    });
    const timer = setTimeout(done, LISTEN_MS);
    stop.addEventListener("abort", done, { once: true });
  });
}

export async function tryCamera(opened: (track: MediaStreamTrack | null) => void): Promise<Row> {
  const base = { id: "camera", check: "camera" } as const;
  let track: MediaStreamTrack;
  try {
    track = await openCamera();
  } catch (error) {
    return troubled("camera", error);
  }
  opened(track);
  const light = await firstPicture(track);
  const { width = 0, height = 0 } = track.getSettings();
  const technical = `${track.label} · ${width}×${height}`;
  opened(null);
  track.stop();
  if (light === null) return { ...base, state: "fair", finding: "cameraNoPicture", advice: "cameraNoPicture", technical };
  return light < DARK
    ? { ...base, state: "fair", finding: "cameraDark", advice: "cameraDark", technical }
    : { ...base, state: "good", finding: "cameraGood", technical };
}

/** How light the lightest spot is (0 to 255) once pictures come; null: none came. */
async function firstPicture(track: MediaStreamTrack): Promise<number | null> {
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.srcObject = new MediaStream([track]);
  try {
    await video.play();
    const until = performance.now() + PICTURE_MS;
    let light: number | null = null;
    // Cameras begin dark: give them a moment.
    while (performance.now() < until && (light === null || light < DARK)) {
      await new Promise((resolve) => setTimeout(resolve, 250));
      if (video.videoWidth > 0) light = lightest(video);
    }
    return light;
  } catch {
    return null;
  } finally {
    video.srcObject = null;
  }
}

function lightest(video: HTMLVideoElement): number {
  const canvas = document.createElement("canvas");
  canvas.width = 32;
  canvas.height = 18;
  const pen = canvas.getContext("2d");
  if (!pen) return 255;
  pen.drawImage(video, 0, 0, 32, 18);
  return pen.getImageData(0, 0, 32, 18).data.reduce((most, value, i) => (i % 4 === 3 ? most : Math.max(most, value)), 0);
}

export function tryScreen(): Row {
  const base = { id: "screen", check: "screen" } as const;
  return canShareScreen()
    ? { ...base, state: "good", finding: "screenGood" }
    : { ...base, state: "note", finding: "screenNot", advice: "screenNot" };
}
