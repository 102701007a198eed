/** One way for media at a time: ICE and DTLS with a real media worker, over nothing but this way. */
import type { Device, types } from "mediasoup-client";
import type { IceServer, TransportParameters } from "../protocol.gen";
import type { TestSocket } from "./socket";

const WAY_MS = 9_000;

export type Way =
  | { kind: "udp" | "tcp"; worker: number }
  | { kind: "relay"; worker: number; server: IceServer };

/**
 * `blocked`: nothing came back. Of a relay: `refused`, it does not take the credentials; `unreachable`, it
 * did not answer; `deadEnd`, it answers and nothing comes through it. `failed`: could not be tried.
 */
export type WayState = "open" | "blocked" | "refused" | "unreachable" | "deadEnd" | "failed";

export interface WayFound {
  state: WayState;
  /** From the first packet to a secured connection. */
  ms: number;
  /** For people who look after networks: where to, how, what the browser said. */
  technical: string;
}

/** How a transport is opened so that only this way is left to it. */
export function onlyThisWay(way: Way, parameters: TransportParameters): types.TransportOptions {
  const protocol = way.kind === "tcp" ? "tcp" : "udp";
  return {
    ...(parameters as TransportParameters & types.TransportOptions),
    iceCandidates: parameters.iceCandidates.filter((c) => c.protocol === protocol) as types.IceCandidate[],
    iceServers: way.kind === "relay" ? [way.server] : [],
    iceTransportPolicy: way.kind === "relay" ? "relay" : "all",
  };
}

/** A transport of the test, connected as soon as something is sent or received over it. */
export async function openWay(
  socket: TestSocket,
  device: Device,
  way: Way,
  send: boolean,
): Promise<{ transport: types.Transport; where: string }> {
  const answer = await socket.request<"transport">({ type: "test_transport", worker: way.worker, send });
  const options = onlyThisWay(way, answer.parameters);
  const transport = send ? device.createSendTransport(options) : device.createRecvTransport(options);
  transport.on("connect", ({ dtlsParameters }, done, failed) => {
    socket
      .request({
        type: "connect_transport",
        transport: transport.id,
        dtlsParameters: { role: dtlsParameters.role ?? "auto", fingerprints: dtlsParameters.fingerprints },
      })
      .then(() => done(), failed);
  });
  const targets = options.iceCandidates.map((c) => `${c.protocol} ${c.ip}:${c.port}`);
  const where = way.kind === "relay" ? `${way.server.urls.join(" ")} → ${targets.join(", ")}` : targets.join(", ");
  return { transport, where };
}

export async function tryWay(
  socket: TestSocket,
  device: Device,
  way: Way,
  track: MediaStreamTrack,
): Promise<WayFound> {
  const begun = performance.now();
  const took = () => Math.round(performance.now() - begun);
  let where = "";
  let transport: types.Transport | null = null;
  const errors = new Map<string, number>();
  try {
    const opened = await openWay(socket, device, way, true);
    ({ transport, where } = opened);
    transport.on("icecandidateerror", (event) => {
      errors.set(`${event.errorCode} ${event.errorText}`.trim(), event.errorCode);
    });
    // The server is not told of this producer: what it sends is dropped there. It only makes ICE begin.
    transport.on("produce", (_, done) => done({ id: "nobody's" }));
    const connected = settled(transport);
    await transport.produce({ track, stopTracks: false, disableTrackOnPause: false });
    const state = await connected;
    const own = await candidates(transport);
    const technical = [where, ...errors.keys(), `own: ${own.join(" ") || "none"}`].join(" · ");
    if (state === "connected") return { state: "open", ms: took(), technical };
    const relayed = own.some((candidate) => candidate.startsWith("relay"));
    return { state: way.kind === "relay" ? relayState([...errors.values()], relayed) : "blocked", ms: took(), technical };
  } catch (error) {
    return { state: "failed", ms: took(), technical: `${where} ${error instanceof Error ? error.message : ""}`.trim() };
  } finally {
    transport?.close();
  }
}

/** RFC 8656: these codes are about credentials and permission. `relayed`: it gave the browser an address. */
export function relayState(codes: readonly number[], relayed: boolean): WayState {
  if (relayed) return "deadEnd";
  return codes.some((code) => code === 401 || code === 403 || code === 441) ? "refused" : "unreachable";
}

function settled(transport: types.Transport): Promise<types.ConnectionState | "timeout"> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve("timeout"), WAY_MS);
    transport.on("connectionstatechange", (state) => {
      if (state === "connected" || state === "failed" || state === "closed") {
        clearTimeout(timer);
        resolve(state);
      }
    });
  });
}

/** The kinds of own candidates that there were: a browser that may not use any has none. */
async function candidates(transport: types.Transport): Promise<string[]> {
  if (transport.closed) return [];
  const stats = await transport.getStats().catch(() => null);
  const kinds = new Set<string>();
  stats?.forEach((entry: Record<string, unknown>) => {
    if (entry["type"] === "local-candidate") kinds.add(`${String(entry["candidateType"])}/${String(entry["protocol"])}`);
  });
  return [...kinds];
}
