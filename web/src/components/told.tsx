/** Short messages over the page, and the banner that says how the connection is. */
import { Info, TriangleAlert, WifiOff, X } from "lucide-react";
import type { Link } from "../api/socket";
import { errorWords } from "../i18n/errors";
import { useWords } from "../i18n/language";
import type { Words } from "../i18n/vi";
import type { LessonSession, Told } from "../lesson/session";
import { IconButton } from "./ui";

function wordsFor(told: Told, words: Words): string {
  if (told.kind === "notice" && told.code in words.notices) return words.notices[told.code as keyof Words["notices"]];
  return errorWords(told.code, words);
}

export function Toasts({ session, told }: { session: LessonSession; told: readonly Told[] }) {
  const words = useWords();
  return (
    <div className="toasts" role="status" aria-live="polite">
      {told.map((one) => (
        <div key={one.key} className={`toast ${one.kind}`}>
          {one.kind === "notice" ? <Info aria-hidden /> : <TriangleAlert aria-hidden />}
          <span>{wordsFor(one, words)}</span>
          <IconButton label={words.app.close} onPress={() => session.dismiss(one.key)}>
            <X aria-hidden />
          </IconButton>
        </div>
      ))}
    </div>
  );
}

export function LinkBanner({ link }: { link: Link }) {
  const words = useWords();
  return (
    <div role="status" className={link === "reconnecting" ? "banner bad" : "no-message"}>
      {link === "reconnecting" && (
        <>
          <WifiOff aria-hidden />
          {words.link.reconnecting}
        </>
      )}
    </div>
  );
}
