/** Cameras, microphones and screens of this computer, and which of them the person chose. */
import { DeviceTrouble, troubleOf, type Wanted } from "./trouble";

export interface Chosen {
  microphone: string | null;
  camera: string | null;
}

const KEY = "classroom.devices";

export function chosenDevices(): Chosen {
  try {
    const stored = JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Chosen>;
    return { microphone: stored.microphone ?? null, camera: stored.camera ?? null };
  } catch {
    return { microphone: null, camera: null };
  }
}

export function chooseDevice(kind: keyof Chosen, id: string | null): void {
  localStorage.setItem(KEY, JSON.stringify({ ...chosenDevices(), [kind]: id }));
}

export interface Devices {
  microphones: MediaDeviceInfo[];
  cameras: MediaDeviceInfo[];
}

export async function listDevices(): Promise<Devices> {
  const all = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
  return {
    microphones: all.filter((device) => device.kind === "audioinput" && device.deviceId),
    cameras: all.filter((device) => device.kind === "videoinput" && device.deviceId),
  };
}

export function whenDevicesChange(callback: () => void): () => void {
  navigator.mediaDevices?.addEventListener("devicechange", callback);
  return () => navigator.mediaDevices?.removeEventListener("devicechange", callback);
}

async function ask(wanted: Wanted, get: () => Promise<MediaStream>): Promise<MediaStream> {
  if (!navigator.mediaDevices) throw new DeviceTrouble(troubleOf(null, wanted, isSecureContext));
  try {
    return await get();
  } catch (error) {
    throw new DeviceTrouble(troubleOf(error, wanted, isSecureContext));
  }
}

function only(stream: MediaStream, kind: "audio" | "video"): MediaStreamTrack {
  const track = stream.getTracks().find((candidate) => candidate.kind === kind);
  if (!track) throw new DeviceTrouble("media");
  return track;
}

export async function openMicrophone(id = chosenDevices().microphone): Promise<MediaStreamTrack> {
  const audio: MediaTrackConstraints = {
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
    ...(id ? { deviceId: { ideal: id } } : {}),
  };
  return only(await ask("microphone", () => navigator.mediaDevices.getUserMedia({ audio })), "audio");
}

export async function openCamera(id = chosenDevices().camera): Promise<MediaStreamTrack> {
  const video: MediaTrackConstraints = {
    // More than is ever sent: Chromium makes three layers of large pictures only.
    width: { ideal: 1280 },
    height: { ideal: 720 },
    frameRate: { ideal: 24, max: 30 },
    ...(id ? { deviceId: { ideal: id } } : {}),
  };
  const track = only(await ask("camera", () => navigator.mediaDevices.getUserMedia({ video })), "video");
  track.contentHint = "motion";
  return track;
}

/** Options newer than TypeScript's DOM types. */
interface ScreenOptions extends DisplayMediaStreamOptions {
  selfBrowserSurface?: "include" | "exclude";
  surfaceSwitching?: "include" | "exclude";
  systemAudio?: "include" | "exclude";
}

export interface Screen {
  video: MediaStreamTrack;
  audio: MediaStreamTrack | null;
}

export const canShareScreen = (): boolean => typeof navigator.mediaDevices?.getDisplayMedia === "function";

/** The person picks what to show; the size is never limited, since text must stay readable. */
export async function openScreen(): Promise<Screen> {
  const options: ScreenOptions = {
    video: { frameRate: { ideal: 15, max: 30 } },
    audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
    selfBrowserSurface: "include",
    surfaceSwitching: "include",
    systemAudio: "include",
  };
  const stream = await ask("screen", () => navigator.mediaDevices.getDisplayMedia(options));
  const video = only(stream, "video");
  video.contentHint = "detail";
  const audio = stream.getAudioTracks()[0] ?? null;
  if (audio) audio.contentHint = "music";
  return { video, audio };
}
