import { useEffect } from "react";
import { Hourglass } from "lucide-react";
import { useWords } from "../i18n/language";
import type { LessonSession, Snapshot } from "../lesson/session";
import type { LessonView } from "../protocol.gen";
import { forgetAsk, Link } from "../router";
import { DeviceCheck } from "./device-check";
import { LanguageSwitch, Logo, SignOut, ThemeSwitch } from "./frame";
import { SelfTestLink } from "./self-test-link";
import { LinkBanner, Toasts } from "./told";
import { Button, Spinner } from "./ui";

interface Props {
  session: LessonSession;
  snapshot: Snapshot;
  view: LessonView;
}

/** Before admission: look at oneself, ask, wait. Nothing here is needed to ask. */
export function PreJoin({ session, snapshot, view }: Props) {
  const words = useWords();
  const { you, lesson } = view;
  const knocking = you.admission === "knocking";
  // Asked already (by the list, or by having been in): the answer is on its way.
  const asking = !knocking && snapshot.wants;

  useEffect(() => {
    if (!snapshot.wants) forgetAsk();
  }, [snapshot.wants]);

  return (
    <div className="frame">
      <header className="topbar">
        <Link href="/" className="brand">
          <Logo />
          <span className="brand-name">{lesson.title}</span>
          <span className="badge scheduled">{lesson.className}</span>
        </Link>
        <div className="topbar-end">
          <LanguageSwitch />
          <ThemeSwitch />
          <SignOut />
        </div>
      </header>
      <LinkBanner link={snapshot.link} />
      <main id="main" className="pre-join">
        <DeviceCheck onTrouble={(trouble) => session.tell("trouble", trouble)} />
        <section className="pre-join-side">
          <div>
            {!knocking && <p className="soft">{words.join.heading}</p>}
            <h1>{lesson.title}</h1>
          </div>
          <div
            role="status"
            aria-label={knocking ? words.join.waiting : undefined}
            className={knocking ? "waiting-card" : "no-message"}
          >
            {knocking && (
              <>
                <p className="waiting-line">
                  <Hourglass aria-hidden className="breathe" />
                  {words.join.waiting}
                </p>
                {you.place !== null && <p className="place">{words.join.place(you.place)}</p>}
                <p className="soft">{lesson.phase === "scheduled" ? words.join.notStarted : words.join.waitingHint}</p>
                <p className="soft">{words.join.keepOpen}</p>
              </>
            )}
          </div>
          {!knocking && <p className="soft">{words.join.none}</p>}
          {lesson.recording !== null && (
            <p className="notice-line">
              <span className="red-dot" aria-hidden />
              {words.join.recorded}
            </p>
          )}
          {knocking ? (
            // A key of its own: a press that began on the other button must not end on this one.
            <Button key="stop" onPress={() => session.stopAsking()}>
              {words.join.stop}
            </Button>
          ) : (
            <Button
              key="ask"
              look="primary"
              className="large"
              isDisabled={asking || snapshot.link !== "open"}
              onPress={() => session.enter()}
            >
              {asking && <Spinner />}
              {you.hosts || you.admission === "admitted" ? words.join.enter : words.join.ask}
            </Button>
          )}
          <SelfTestLink className="back" />
          <Link className="back" href="/">
            {words.app.back}
          </Link>
        </section>
      </main>
      <Toasts session={session} told={snapshot.told} />
    </div>
  );
}
