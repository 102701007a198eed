/** How good a connection is: four bars, told by their number and shape as well as by their colour. */
import { useWords } from "../i18n/language";
import type { Words } from "../i18n/vi";
import { FULL_BARS, WEAK_BARS } from "../lesson/lines";
import type { Signal } from "../protocol.gen";

interface Props {
  bars: number;
  /** Without it the bars are decoration beside words that say the same. */
  label?: string;
}

export function SignalBars({ bars, label }: Props) {
  const look = bars >= FULL_BARS ? "full" : bars > WEAK_BARS ? "fair" : bars > 1 ? "weak" : "bad";
  return (
    <svg className={`signal-bars ${look}`} viewBox="0 0 20 16" {...(label ? { role: "img", "aria-label": label } : { "aria-hidden": true })}>
      {label && <title>{label}</title>}
      {[1, 2, 3, 4].map((bar) => (
        <rect key={bar} className={bar <= bars ? "on" : "off"} x={bar * 5 - 4.5} y={15.5 - bar * 3.75} width={3} height={bar * 3.75} rx={1} />
      ))}
      {bars === 0 && <path d="M1 1l7 7M8 1l-7 7" />}
    </svg>
  );
}

export function signalLabel(words: Words, { bars, reason }: Pick<Signal, "bars" | "reason">): string {
  const { server, publisher, line } = words.link.because;
  const why = bars >= FULL_BARS ? "" : reason === "server" ? server : reason === "publisher" ? publisher : reason ? line : "";
  const { none, veryWeak, weak, fair, good } = words.link.bars;
  return words.link.signal([none, veryWeak, weak, fair, good][bars] ?? good, why);
}

export function PersonSignal({ signal }: { signal: Signal }) {
  return <SignalBars bars={signal.bars} label={signalLabel(useWords(), signal)} />;
}
