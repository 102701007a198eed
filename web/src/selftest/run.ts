/** The whole test, in order: browser, socket, every way at once, what the best way carries, devices. */
import { Device, type types } from "mediasoup-client";
import type { SelfTest } from "../protocol.gen";
import { keepExtensionsByKind } from "../media/extensions";
import { tryBrowser, tryCamera, tryMicrophone, tryScreen } from "./devices";
import { pattern } from "./pattern";
import { measure } from "./rate";
import { judgeQuality, judgeWays, type Check, type Row, type WayResult } from "./rows";
import { TestFailed, TestSocket } from "./socket";
import { tryWay, type Way } from "./ways";

export interface Watcher {
  rows(rows: readonly Row[]): void;
  microphone(track: MediaStreamTrack | null): void;
  camera(track: MediaStreamTrack | null): void;
}

const ORDER: readonly Check[] = ["browser", "socket", "udp", "tcp", "relay", "delay", "rate", "microphone", "camera", "speakers", "screen"];

class Rows {
  #rows: Row[] = ORDER.map((check) => ({ id: check, check, state: "waiting" }));

  constructor(readonly watcher: Watcher) {
    this.#tell();
  }

  running(...checks: Check[]): void {
    this.#change((row) => (checks.includes(row.check) && row.state === "waiting" ? { ...row, state: "running" } : row));
  }

  /** In the place of what these checks had. */
  put(rows: readonly Row[]): void {
    const checks = new Set(rows.map((row) => row.check));
    const kept = this.#rows.filter((row) => !checks.has(row.check));
    this.#rows = [...kept, ...rows].sort((a, b) => ORDER.indexOf(a.check) - ORDER.indexOf(b.check));
    this.#tell();
  }

  notTested(...checks: Check[]): void {
    this.put(checks.map((check) => ({ id: check, check, state: "note", finding: "notTested" })));
  }

  #change(change: (row: Row) => Row): void {
    this.#rows = this.#rows.map(change);
    this.#tell();
  }

  #tell(): void {
    this.watcher.rows(this.#rows);
  }
}

/** Settles when everything is known that needs no answer of the person. */
export async function runSelfTest(url: string, watcher: Watcher, stop: AbortSignal): Promise<void> {
  const rows = new Rows(watcher);
  rows.put([tryScreen(), { id: "speakers", check: "speakers", state: "asks", finding: "speakersAsk" }]);
  rows.running("browser");
  const browser = await tryBrowser();
  rows.put([browser]);
  const socket = new TestSocket();
  const end = () => socket.close();
  stop.addEventListener("abort", end);
  try {
    await tryNetwork(url, socket, rows, browser.state === "good");
  } finally {
    stop.removeEventListener("abort", end);
    socket.close();
  }
  if (stop.aborted) return;
  rows.running("microphone");
  rows.put([await tryMicrophone(watcher.microphone, stop)]);
  if (stop.aborted) return;
  rows.running("camera");
  rows.put([await tryCamera(watcher.camera)]);
}

async function tryNetwork(url: string, socket: TestSocket, rows: Rows, able: boolean): Promise<void> {
  rows.running("socket");
  const begun = performance.now();
  let offer: SelfTest;
  try {
    offer = await socket.open(url);
  } catch (error) {
    rows.put([socketRow(error instanceof TestFailed ? error.code : "blocked")]);
    rows.notTested("udp", "tcp", "relay", "delay", "rate");
    return;
  }
  rows.put([{ id: "socket", check: "socket", state: "good", finding: "socketGood", values: { ms: Math.round(performance.now() - begun) } }]);
  if (!able) {
    rows.notTested("udp", "tcp", "relay", "delay", "rate");
    return;
  }
  keepExtensionsByKind();
  const device = new Device();
  await device.load({ routerRtpCapabilities: offer.rtpCapabilities as types.RtpCapabilities });
  rows.running("udp", "tcp", "relay");
  const ways = waysOf(offer);
  const results = await tryAll(socket, device, ways);
  rows.put(judgeWays(results, location.hostname));
  const best = ways[results.findIndex((result) => result.state === "open")];
  if (!best) {
    rows.notTested("delay", "rate");
    return;
  }
  rows.running("delay", "rate");
  try {
    rows.put(judgeQuality(await measure(socket, device, best)));
  } catch {
    rows.notTested("delay", "rate");
  }
}

function socketRow(code: string): Row {
  const base = { id: "socket", check: "socket", technical: code } as const;
  if (code === "blocked") return { ...base, state: "bad", finding: "socketBlocked", advice: "socketBlocked", values: { host: location.host } };
  return { ...base, state: "note", finding: "serverBusy", advice: "serverBusy" };
}

/** In the order of preference: the first that is open is the one a lesson would use. */
function waysOf(offer: SelfTest): Way[] {
  const workers = Array.from({ length: offer.workers }, (_, worker) => worker);
  return [
    ...workers.map((worker): Way => ({ kind: "udp", worker })),
    ...workers.map((worker): Way => ({ kind: "tcp", worker })),
    ...offer.relays.map((server): Way => ({ kind: "relay", worker: 0, server })),
  ];
}

async function tryAll(socket: TestSocket, device: Device, ways: readonly Way[]): Promise<WayResult[]> {
  const picture = pattern(64, 36, 5);
  try {
    return await Promise.all(
      ways.map(async (way) => {
        const found = await tryWay(socket, device, way, picture.track);
        const about = way.kind === "relay" ? (way.server.urls[0] ?? "") : (/:(\d+)(?:,|$)/.exec(found.technical.split(" · ")[0] ?? "")?.[1] ?? "");
        return { kind: way.kind, about, ...found };
      }),
    );
  } finally {
    picture.stop();
  }
}
