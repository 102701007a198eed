import { useId, useRef, useState, type FormEvent } from "react";
import { Eye, EyeOff } from "lucide-react";
import { useSession } from "../account";
import { api, ApiError } from "../api/http";
import { LanguageSwitch, Logo, ThemeSwitch } from "../components/frame";
import { Button, Spinner } from "../components/ui";
import { signInWords } from "../i18n/errors";
import { useWords } from "../i18n/language";

export function LoginPage() {
  const words = useWords();
  const { signedIn } = useSession();
  const [shown, setShown] = useState(false);
  const [busy, setBusy] = useState(false);
  // Put into words when it is shown: who reads the other language changes it here.
  const [failure, setFailure] = useState<"missing" | ApiError | null>(null);
  const password = useRef<HTMLInputElement>(null);
  const ids = { username: useId(), password: useId(), error: useId() };

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const username = String(fields.get("username")).trim();
    const secret = String(fields.get("password"));
    if (!username || !secret) {
      setFailure("missing");
      return;
    }
    setBusy(true);
    setFailure(null);
    try {
      await signedIn(await api.signIn(username, secret));
    } catch (error) {
      setFailure(error instanceof ApiError ? error : new ApiError("unexpected", 0));
      password.current?.select();
      setBusy(false);
    }
  };

  const error =
    failure === null
      ? ""
      : failure === "missing"
        ? words.login.missing
        : signInWords(failure.code, failure.status, failure.retryAfter, words);

  return (
    <div className="login">
      <header className="login-top">
        <LanguageSwitch />
        <ThemeSwitch />
      </header>
      <main id="main" className="login-card">
        <div className="login-head">
          <Logo />
          <h1>{words.login.title}</h1>
          <p className="soft">{words.login.lead}</p>
        </div>
        <form onSubmit={(event) => void submit(event)} noValidate>
          <div className="field">
            <label htmlFor={ids.username}>{words.login.username}</label>
            <input
              id={ids.username}
              name="username"
              autoComplete="username"
              autoCapitalize="none"
              autoCorrect="off"
              spellCheck={false}
              maxLength={128}
              autoFocus
            />
          </div>
          <div className="field">
            <label htmlFor={ids.password}>{words.login.password}</label>
            <div className="with-button">
              <input
                ref={password}
                id={ids.password}
                name="password"
                type={shown ? "text" : "password"}
                autoComplete="current-password"
                maxLength={1024}
                aria-invalid={error !== ""}
                aria-describedby={error ? ids.error : undefined}
              />
              <Button
                look="quiet"
                className="icon-button"
                aria-label={shown ? words.login.hide : words.login.show}
                aria-pressed={shown}
                onPress={() => setShown(!shown)}
              >
                {shown ? <EyeOff aria-hidden /> : <Eye aria-hidden />}
              </Button>
            </div>
          </div>
          <div role="alert" id={ids.error} className={error ? "message bad" : "no-message"}>
            {error}
          </div>
          <Button type="submit" look="primary" className="full" isDisabled={busy}>
            {busy && <Spinner />}
            {busy ? words.login.busy : words.login.submit}
          </Button>
        </form>
        <p className="soft small-print">{words.login.forgot}</p>
      </main>
    </div>
  );
}
