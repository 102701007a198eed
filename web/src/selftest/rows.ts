/** What the test found, line by line; and what it means. Pure. */
import type { Trouble } from "../media/trouble";
import type { vi } from "../i18n/vi";
import type { Carried } from "./rate";
import type { WayState } from "./ways";

type Catalogue = (typeof vi)["selfTest"];
export type Check = keyof Catalogue["checks"];
export type Finding = keyof Catalogue["findings"];
export type Advice = keyof Catalogue["advice"];
export type Verdict = keyof Catalogue["verdicts"];
/** `note`: neither good nor bad. `asks`: the person has to say. */
export type State = "waiting" | "running" | "asks" | "good" | "fair" | "bad" | "note";

export interface Row {
  id: string;
  check: Check;
  state: State;
  /** Tells rows of one check apart: a port, a relay's address. */
  about?: string;
  finding?: Finding;
  advice?: Advice;
  /** A device's trouble, which the catalogue of errors explains. */
  trouble?: Trouble;
  values?: Record<string, string | number>;
  technical?: string;
}

export interface WayResult {
  kind: "udp" | "tcp" | "relay";
  /** A worker's port, or the relay's address. */
  about: string;
  state: WayState;
  ms: number;
  technical: string;
}

/** The ways together: what one of them being blocked means depends on the others. */
export function judgeWays(results: readonly WayResult[], host: string): Row[] {
  const open = new Set(results.filter((result) => result.state === "open").map((result) => result.kind));
  const rows = results.map((result, index): Row => {
    const { kind, about, state, ms, technical } = result;
    const base = { id: `${kind} ${index}`, check: kind, about, technical, values: { host, port: about, ms } };
    if (state === "open") return { ...base, state: "good", finding: `${kind}Open` };
    if (state === "failed") return { ...base, state: "note", finding: "notTested" };
    const harm: State = open.size > 0 ? "fair" : "bad";
    if (kind === "udp") return { ...base, state: harm, finding: "udpBlocked", advice: "udpBlocked" };
    if (kind === "tcp") return { ...base, state: harm, finding: "tcpBlocked", advice: "tcpBlocked" };
    if (state === "refused") return { ...base, state: harm, finding: "relayRefused", advice: "relayRefused" };
    if (state === "deadEnd") return { ...base, state: harm, finding: "relayDeadEnd", advice: "relayRefused" };
    return { ...base, state: harm, finding: "relayUnreachable", advice: "relayUnreachable" };
  });
  if (results.length > 0 && !results.some((result) => result.kind === "relay")) {
    const none: Row = { id: "relay none", check: "relay", state: "note", finding: "relayNone" };
    rows.push(open.size > 0 ? none : { ...none, advice: "relayNone" });
  }
  return rows;
}

/** A lesson's video needs about 1 Mbit/s down; voices need 0.1 and are kept when nothing else fits. */
export function judgeQuality(found: Carried): Row[] {
  const { delay, jitter, loss, up, down } = found;
  const technical = `rtt ${delay} ms, jitter ${jitter} ms, loss ${loss} %, up ${up} kbit/s, down ${down} kbit/s`;
  const calm: State = delay <= 150 && loss <= 2 ? "good" : delay <= 400 && loss <= 8 ? "fair" : "bad";
  const wide: State = down >= 1000 && up >= 500 ? "good" : down >= 250 && up >= 100 ? "fair" : "bad";
  // Firefox shrinks the picture at the start and stays there: that says nothing bad of the network.
  const atLeast = found.shrunk === true && calm === "good" && wide === "fair";
  const mbit = (rate: number) => Math.round(rate / 100) / 10;
  const delayRow: Row = {
    id: "delay",
    check: "delay",
    state: calm,
    finding: calm === "good" ? "delayGood" : calm === "fair" ? "delayFair" : "delayBad",
    values: { delay, loss },
    technical,
  };
  const rateRow: Row = {
    id: "rate",
    check: "rate",
    state: atLeast ? "note" : wide,
    finding: atLeast ? "rateAtLeast" : wide === "good" ? "rateGood" : wide === "fair" ? "rateFair" : "rateBad",
    values: { up: mbit(up), down: mbit(down) },
  };
  if (calm !== "good") delayRow.advice = "slow";
  if (wide !== "good" && !atLeast) rateRow.advice = "slow";
  return [delayRow, rateRow];
}

/** One sentence for everything. Devices do not count: nobody needs one to take part. */
export function verdictOf(rows: readonly Row[]): Verdict | null {
  const of = (check: Check) => rows.filter((row) => row.check === check);
  const is = (check: Check, state: State) => of(check).some((row) => row.state === state);
  if (is("browser", "bad")) return "browser";
  if (is("socket", "bad")) return "socket";
  const ways = rows.filter((row) => row.check === "udp" || row.check === "tcp" || row.check === "relay");
  const tried = ways.filter((row) => row.finding !== "relayNone" && row.finding !== "notTested");
  if (tried.length === 0 || ways.some((row) => row.state === "running" || row.state === "waiting")) return null;
  if (!tried.some((row) => row.state === "good")) return "noMedia";
  if (is("rate", "running") || is("rate", "waiting")) return null;
  if (is("rate", "bad") || is("delay", "bad")) return "slow";
  if (!is("udp", "good")) return is("tcp", "good") ? "overTcp" : "overRelay";
  return is("rate", "fair") || is("delay", "fair") ? "middling" : "ready";
}

/** `{name}` in a text becomes its value; `decimal` is what stands before tenths. */
export function fill(text: string, values: Readonly<Record<string, string | number>> = {}, decimal = "."): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name] ?? whole;
    return typeof value === "number" ? String(value).replace(".", decimal) : value;
  });
}
