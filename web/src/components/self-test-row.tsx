import type { ReactNode } from "react";
import { CircleAlert, CircleCheck, CircleDashed, CircleHelp, CircleX, Info } from "lucide-react";
import { useWords } from "../i18n/language";
import { advises, says } from "../selftest/report";
import type { Row, State } from "../selftest/rows";
import { Spinner } from "./ui";

const ICONS = {
  waiting: CircleDashed,
  asks: CircleHelp,
  good: CircleCheck,
  fair: CircleAlert,
  bad: CircleX,
  note: Info,
};

function Mark({ state }: { state: State }) {
  if (state === "running") return <Spinner />;
  const Icon = ICONS[state];
  return <Icon aria-hidden />;
}

/** One finding: what, how it is, what to do about it. */
export function SelfTestRow({ row, children }: { row: Row; children?: ReactNode }) {
  const words = useWords();
  const advice = advises(row, words);
  const state = words.selfTest.states[row.state];
  const told = says(row, words);
  return (
    <li className={`test-row is-${row.state}`}>
      <span className="test-mark">
        <Mark state={row.state} />
      </span>
      <div className="test-what">
        <p className="test-name">
          <span>
            <strong>{words.selfTest.checks[row.check]}</strong>{" "}
            {row.about && <span className="soft test-about">{row.about}</span>}
          </span>
          <span className="test-state">{state}</span>
        </p>
        {told !== state && <p>{told}</p>}
        {advice && <p className="test-advice">{advice}</p>}
        {children}
      </div>
    </li>
  );
}
