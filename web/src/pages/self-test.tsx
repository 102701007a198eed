import { useEffect, useRef, useState } from "react";
import { Activity, Copy, Volume2 } from "lucide-react";
import { paths } from "../api/http";
import { Meter, Preview } from "../components/device-check";
import { SelfTestRow } from "../components/self-test-row";
import { Button, Spinner } from "../components/ui";
import { useWords } from "../i18n/language";
import { chime } from "../media/chime";
import { Link } from "../router";
import { reportOf } from "../selftest/report";
import { verdictOf, type Check, type Row, type Verdict } from "../selftest/rows";
import { runSelfTest } from "../selftest/run";

const NETWORK: readonly Check[] = ["browser", "socket", "udp", "tcp", "relay", "delay", "rate"];
const LOOKS: Record<Verdict, string> = {
  ready: "good",
  middling: "fair",
  overTcp: "fair",
  overRelay: "fair",
  slow: "bad",
  noMedia: "bad",
  socket: "bad",
  browser: "bad",
};

/** Names what is blocked, in plain words. Nothing begins before the person asks for it. */
export function SelfTestPage() {
  const words = useWords();
  const [rows, setRows] = useState<readonly Row[]>([]);
  const [running, setRunning] = useState(false);
  const [microphone, setMicrophone] = useState<MediaStreamTrack | null>(null);
  const [camera, setCamera] = useState<MediaStreamTrack | null>(null);
  const [heard, setHeard] = useState<boolean | null>(null);
  const stop = useRef<AbortController | null>(null);

  useEffect(() => () => stop.current?.abort(), []);

  const start = () => {
    stop.current?.abort();
    const control = (stop.current = new AbortController());
    const unless = <T,>(set: (value: T) => void) => (value: T) => {
      if (!control.signal.aborted) set(value);
    };
    setHeard(null);
    setRunning(true);
    const watcher = { rows: unless(setRows), microphone: unless(setMicrophone), camera: unless(setCamera) };
    void runSelfTest(paths.selfTest(), watcher, control.signal).finally(() => unless(setRunning)(false));
  };

  const shown = rows.map((row) => (row.check === "speakers" && heard !== null ? speakers(heard) : row));
  const verdict = verdictOf(shown);
  const row = (each: Row) => (
    <SelfTestRow key={each.id} row={each}>
      {each.check === "microphone" && microphone && (
        <div className="test-live">
          <p>{words.selfTest.saySomething}</p>
          <Meter track={microphone} />
        </div>
      )}
      {each.check === "camera" && camera && (
        <div className="test-live test-camera">
          <Preview track={camera} label={words.join.preview} />
        </div>
      )}
      {each.check === "speakers" && (
        <div className="test-live">
          <Button small onPress={chime}>
            <Volume2 aria-hidden />
            {words.selfTest.playSound}
          </Button>
          <Button small onPress={() => setHeard(true)}>
            {words.selfTest.heard}
          </Button>
          <Button small onPress={() => setHeard(false)}>
            {words.selfTest.notHeard}
          </Button>
        </div>
      )}
    </SelfTestRow>
  );

  return (
    <main id="main" className="page self-test">
      <div className="page-head">
        <h1>{words.selfTest.title}</h1>
        <Button look="primary" isDisabled={running} onPress={start}>
          {running ? <Spinner /> : <Activity aria-hidden />}
          {running ? words.selfTest.running : rows.length > 0 ? words.selfTest.again : words.selfTest.start}
        </Button>
      </div>
      <p className="note-line">{words.selfTest.lead}</p>
      <div role="status" className={verdict ? `verdict is-${LOOKS[verdict]}` : "no-message"}>
        {verdict && <p>{words.selfTest.verdicts[verdict]}</p>}
        {verdict && !running && <p className="soft">{words.selfTest.done}</p>}
      </div>
      {shown.length > 0 && (
        <>
          <section aria-label={words.selfTest.network}>
            <h2>{words.selfTest.network}</h2>
            <ul className="test-rows">{shown.filter((each) => NETWORK.includes(each.check)).map(row)}</ul>
          </section>
          <section aria-label={words.selfTest.device}>
            <h2>{words.selfTest.device}</h2>
            <ul className="test-rows">{shown.filter((each) => !NETWORK.includes(each.check)).map(row)}</ul>
          </section>
          <CopyResults rows={shown} />
        </>
      )}
      <Link className="back" href="/">
        {words.app.back}
      </Link>
    </main>
  );
}

function speakers(heard: boolean): Row {
  return heard
    ? { id: "speakers", check: "speakers", state: "good", finding: "speakersGood" }
    : { id: "speakers", check: "speakers", state: "bad", finding: "speakersNot", advice: "speakersNot" };
}

/** To the clipboard; where that is not allowed, into a field to copy from. */
function CopyResults({ rows }: { rows: readonly Row[] }) {
  const words = useWords();
  const [told, setTold] = useState<"" | "copied" | "field">("");
  const text = () => reportOf(rows, words, location.host, new Date());
  return (
    <div className="copy-results">
      <Button
        onPress={() =>
          void navigator.clipboard.writeText(text()).then(
            () => setTold("copied"),
            () => setTold("field"),
          )
        }
      >
        <Copy aria-hidden />
        {words.selfTest.copy}
      </Button>
      <p role="status" className="soft">
        {told === "copied" && words.selfTest.copied}
      </p>
      {told === "field" && <textarea readOnly rows={12} aria-label={words.selfTest.copyHere} defaultValue={text()} />}
      <details>
        <summary>{words.selfTest.details}</summary>
        <ul className="test-technical">
          {rows
            .filter((row) => row.technical)
            .map((row) => (
              <li key={row.id}>
                {words.selfTest.checks[row.check]}: {row.technical}
              </li>
            ))}
        </ul>
      </details>
    </div>
  );
}
