/** Why one is not in the lesson, and what to do next. */
import { CircleSlash, DoorClosed, Flag, Hourglass, MonitorSmartphone, SearchX, UserX } from "lucide-react";
import { useWords } from "../i18n/language";
import { Link } from "../router";
import { Button, Statement } from "./ui";

interface Props {
  reason: string;
  title: string;
  /** The lesson's id where its attendance may be looked at. */
  attendanceOf?: string | null;
  again(): void;
}

export function Farewell({ reason, title, attendanceOf = null, again }: Props) {
  const words = useWords();
  const { ends } = words;
  const back = (
    <Link className="button plain" href="/">
      {words.app.back}
    </Link>
  );
  const retry = (label: string) => (
    <Button look="primary" onPress={again}>
      {label}
    </Button>
  );
  const say = (Icon: typeof Flag, heading: string, hint: string, action?: string) => (
    <Statement title={heading} hint={hint} icon={<Icon aria-hidden />}>
      {title && <p className="statement-lesson">{title}</p>}
      {action && retry(action)}
      {reason === "ended" && (
        <Link className="button plain" href="/recordings">
          {words.lessons.recordings}
        </Link>
      )}
      {reason === "ended" && attendanceOf !== null && (
        <Link className="button plain" href={`/lessons/${encodeURIComponent(attendanceOf)}/attendance`}>
          {words.lessons.attendance}
        </Link>
      )}
      {back}
    </Statement>
  );
  switch (reason) {
    case "denied":
      return say(DoorClosed, ends.denied, ends.deniedHint, ends.askAgain);
    case "removed":
      return say(UserX, ends.removed, ends.removedHint);
    case "ended":
      return say(Flag, ends.ended, attendanceOf === null ? ends.endedHint : ends.endedHostHint);
    case "lesson_full":
      return say(Hourglass, ends.full, ends.fullHint, ends.askAgain);
    case "replaced":
      return say(MonitorSmartphone, ends.replaced, ends.replacedHint, ends.useHere);
    case "left":
      return say(DoorClosed, ends.left, ends.leftHint, ends.comeBack);
    case "signed_out":
      return say(DoorClosed, ends.signedOut, ends.signedOutHint);
    case "not_allowed":
      return say(CircleSlash, ends.notAllowed, ends.notAllowedHint);
    default:
      return say(SearchX, ends.notFound, ends.notFoundHint);
  }
}
