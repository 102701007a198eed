import { useEffect, useState } from "react";
import { length } from "../i18n/time";

/** Time since `since` (server's clock), counted on. Silent for screen readers. */
export function Elapsed({ since, offset }: { since: number; offset: number }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return (
    <span aria-hidden className="elapsed">
      {length(now + offset - since)}
    </span>
  );
}
