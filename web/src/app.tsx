import { lazy, Suspense, useEffect } from "react";
import { AccountProvider, useSession } from "./account";
import { Frame } from "./components/frame";
import { Button, Loading, Spinner, Statement } from "./components/ui";
import { LanguageProvider, useWords } from "./i18n/language";
import { AttendancePage } from "./pages/attendance";
import { LessonPage } from "./pages/lesson";
import { LessonsPage } from "./pages/lessons";
import { LoginPage } from "./pages/login";
import { RecordingPage } from "./pages/recording";
import { RecordingsPage } from "./pages/recordings";
import { SelfTestPage } from "./pages/self-test";
import { Link, match, navigate, usePath } from "./router";

const StoragePage = lazy(async () => ({ default: (await import("./admin/storage-page")).StoragePage }));

export function App() {
  return (
    <LanguageProvider>
      <AccountProvider>
        <Pages />
      </AccountProvider>
    </LanguageProvider>
  );
}

function Pages() {
  const path = usePath();
  const words = useWords();
  const { account, reload } = useSession();
  const atLogin = match("/login", path) !== null;

  useEffect(() => {
    if (account.state === "nobody" && !atLogin) {
      const next = location.pathname + location.search;
      navigate(next === "/" ? "/login" : `/login?next=${encodeURIComponent(next)}`, { replace: true });
    }
    if (account.state === "known" && atLogin) navigate(afterLogin(location.search), { replace: true });
  }, [account, atLogin]);

  if (account.state === "unreachable" || account.state === "failed") {
    const unreachable = account.state === "unreachable";
    return (
      <Statement
        title={unreachable ? words.errors.unreachable : words.errors.unexpected}
        {...(unreachable && { hint: words.app.retriesItself })}
      >
        <Button look="primary" onPress={reload}>
          {words.app.retry}
        </Button>
      </Statement>
    );
  }
  if (account.state === "nobody") return <LoginPage />;
  if (account.state === "loading" || atLogin) {
    return (
      <div className="loading" role="status">
        <Spinner /> {words.app.loading}
      </div>
    );
  }
  const lesson = match("/lessons/:id", path);
  if (lesson?.["id"]) return <LessonPage key={lesson["id"]} lesson={lesson["id"]} />;
  return <Frame>{framed(path, words.app.notFound, words.app.back)}</Frame>;
}

function framed(path: string, notFound: string, back: string) {
  if (path === "/") return <LessonsPage />;
  if (match("/recordings", path)) return <RecordingsPage />;
  if (match("/storage", path)) {
    return (
      <Suspense fallback={<Loading />}>
        <StoragePage />
      </Suspense>
    );
  }
  if (match("/self-test", path)) return <SelfTestPage />;
  const recording = match("/recordings/:id", path);
  if (recording?.["id"]) return <RecordingPage key={recording["id"]} recording={recording["id"]} />;
  const attendance = match("/lessons/:id/attendance", path);
  if (attendance?.["id"]) return <AttendancePage key={attendance["id"]} lesson={attendance["id"]} />;
  return (
    <Statement title={notFound}>
      <Link className="button primary" href="/">
        {back}
      </Link>
    </Statement>
  );
}

/** Only a path of our own: never another site's address. */
export function afterLogin(search: string): string {
  const next = new URLSearchParams(search).get("next");
  return next && /^\/(?![/\\])/.test(next) && !next.startsWith("/login") ? next : "/";
}
