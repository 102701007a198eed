/** The HTTP API: JSON in, JSON out, one error type. */
import type {
  Attendance,
  ClassList,
  Export,
  ExportList,
  LessonList,
  LessonRow,
  Me,
  NewExport,
  NewLesson,
  RecordingDetail,
  RecordingList,
  Retention,
  Rewind,
  StillArea,
  Storage,
  Thumbnails,
  Timeline,
} from "../protocol.gen";

/** `code` is the server's, or `unreachable` when it gave no answer. `retryAfter` in seconds. */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    readonly status: number,
    readonly retryAfter: number | null = null,
  ) {
    super(code);
  }

  /** Nobody was there: no network, or only a proxy before a server that is down or starting. */
  get unanswered(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504;
  }
}

let onSignedOut: () => void = () => undefined;

/** Called whenever the server answers that nobody is signed in. */
export function whenSignedOut(handler: () => void): void {
  onSignedOut = handler;
}

async function call<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  let response: Response;
  try {
    const headers: Record<string, string> = { accept: "application/json" };
    if (body !== undefined) headers["content-type"] = "application/json";
    const init: RequestInit = { method, headers, credentials: "same-origin" };
    if (body !== undefined) init.body = JSON.stringify(body);
    if (signal) init.signal = signal;
    response = await fetch(path, init);
  } catch {
    throw new ApiError("unreachable", 0);
  }
  if (!response.ok) throw await readError(response, path);
  if (response.status === 204) return undefined as T;
  return (await response.json().catch(() => undefined)) as T;
}

async function readError(response: Response, path: string): Promise<ApiError> {
  let code = response.status >= 500 ? "unreachable" : "unexpected";
  try {
    const answer = (await response.json()) as { error?: { code?: string } };
    code = answer.error?.code ?? code;
  } catch {
    // Not JSON: a proxy's own page. The status has to do.
  }
  if (response.status === 401 && path !== "/api/session" && path !== "/api/me") onSignedOut();
  const wait = Number(response.headers.get("retry-after"));
  return new ApiError(code, response.status, Number.isFinite(wait) && wait > 0 ? wait : null);
}

const id = encodeURIComponent;

export const api = {
  signIn: (username: string, password: string) => call<Me>("POST", "/api/session", { username, password }),
  signOut: () => call<void>("DELETE", "/api/session"),
  me: (signal?: AbortSignal) => call<Me>("GET", "/api/me", undefined, signal),
  classes: (signal?: AbortSignal) => call<ClassList>("GET", "/api/classes", undefined, signal),
  lessons: (signal?: AbortSignal) => call<LessonList>("GET", "/api/lessons", undefined, signal),
  lesson: (lesson: string) => call<LessonRow>("GET", `/api/lessons/${id(lesson)}`),
  createLesson: (lesson: NewLesson) => call<LessonRow>("POST", "/api/lessons", lesson),
  startLesson: (lesson: string) => call<LessonRow>("POST", `/api/lessons/${id(lesson)}/start`),
  attendance: (lesson: string, signal?: AbortSignal) =>
    call<Attendance>("GET", `/api/lessons/${id(lesson)}/attendance`, undefined, signal),
  rewind: (lesson: string) => call<Rewind>("GET", `/api/lessons/${id(lesson)}/rewind`),
  storage: (signal?: AbortSignal) => call<Storage>("GET", "/api/storage", undefined, signal),
  retention: (signal?: AbortSignal) => call<Retention>("GET", "/api/retention", undefined, signal),
  setRetention: (retention: Retention) => call<Retention>("PUT", "/api/retention", retention),
  recordings: (signal?: AbortSignal) => call<RecordingList>("GET", "/api/recordings", undefined, signal),
  recording: (recording: string, signal?: AbortSignal) =>
    call<RecordingDetail>("GET", `/api/recordings/${id(recording)}`, undefined, signal),
  allowReplay: (recording: string, allowed: boolean) =>
    call<void>("POST", `/api/recordings/${id(recording)}/replay`, { allowed }),
  eraseRecording: (recording: string) => call<void>("DELETE", `/api/recordings/${id(recording)}`),
  timeline: (recording: string) => call<Timeline>("GET", `/api/recordings/${id(recording)}/timeline`),
  thumbnails: (recording: string) => call<Thumbnails>("GET", `/api/recordings/${id(recording)}/thumbnails`),
  captions: (recording: string, language: string, signal?: AbortSignal) =>
    text("GET", captionsPath(recording, language), undefined, signal),
  putCaptions: (recording: string, language: string, vtt: string) =>
    text("PUT", captionsPath(recording, language), vtt),
  removeCaptions: (recording: string, language: string) => text("DELETE", captionsPath(recording, language)),
  exports: (recording: string, signal?: AbortSignal) =>
    call<ExportList>("GET", `/api/recordings/${id(recording)}/exports`, undefined, signal),
  newExport: (recording: string, wanted: NewExport) =>
    call<Export>("POST", `/api/recordings/${id(recording)}/exports`, wanted),
  removeExport: (recording: string, film: string) =>
    call<void>("DELETE", `/api/recordings/${id(recording)}/exports/${id(film)}`),
};

export const rewindPath = (lesson: string, name: string, bytes: number) =>
  `/api/lessons/${id(lesson)}/rewind/${id(name)}?upto=${bytes}`;

/** Also while the page is being left: nobody waits for the answer. */
export function keepPosition(recording: string, ms: number): void {
  const headers = { "content-type": "application/json" };
  const init: RequestInit = { method: "PUT", headers, keepalive: true, body: JSON.stringify({ ms }) };
  void fetch(`/api/recordings/${id(recording)}/position`, init).catch(() => undefined);
}

function captionsPath(recording: string, language: string): string {
  return `/api/recordings/${id(recording)}/captions/${id(language)}`;
}

/** WebVTT there or back. */
async function text(method: string, path: string, body?: string, signal?: AbortSignal): Promise<string> {
  const init: RequestInit = { method, credentials: "same-origin" };
  if (signal) init.signal = signal;
  if (body !== undefined) Object.assign(init, { body, headers: { "content-type": "text/vtt; charset=utf-8" } });
  const response = await fetch(path, init).catch(() => {
    throw new ApiError("unreachable", 0);
  });
  if (!response.ok) throw await readError(response, path);
  return response.text();
}

/**
 * This load of the page. The gateway tells by it the page that comes back after a lost network from
 * a second device, which would take over.
 */
const PAGE = [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** One picture of a share that rests: `full`, `light`, or a patch's number. `area`: where it belongs, or the hole in it. */
export function stillPath(lesson: string, share: string, still: number, part: string, area: StillArea | null): string {
  const query = area ? `?x=${area.x}&y=${area.y}&width=${area.width}&height=${area.height}` : "";
  return `/api/lessons/${id(lesson)}/shares/${id(share)}/stills/${still}/${part}${query}`;
}

const sockets = () => `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}`;

export const paths = {
  attendance: (lesson: string, format: "csv" | "xlsx") => `/api/lessons/${id(lesson)}/attendance.${format}`,
  programme: (recording: string) => `/api/recordings/${id(recording)}/programme`,
  file: (recording: string, name: string) => `/api/recordings/${id(recording)}/files/${id(name)}`,
  originals: (recording: string) => `/api/recordings/${id(recording)}/originals`,
  film: (recording: string, film: string) => `/api/recordings/${id(recording)}/exports/${id(film)}/file`,
  socket: (lesson: string) =>
    `${sockets()}/api/lessons/${id(lesson)}/socket?page=${PAGE}`,
  selfTest: () => `${sockets()}/api/self-test/socket`,
};
