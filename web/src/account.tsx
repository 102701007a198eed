/** Who is signed in. Pages below may rely on `useMe`. */
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import { Asking } from "./api/asking";
import { found } from "./api/found";
import { api, whenSignedOut } from "./api/http";
import type { Me } from "./protocol.gen";
import { navigate } from "./router";

/** `unreachable`: no answer yet, asked for again by itself. `failed`: an answer that says nothing of the account. */
export type Account = { state: "loading" | "unreachable" | "failed" | "nobody" } | { state: "known"; me: Me };

interface Session {
  account: Account;
  signedIn(me: Me | undefined): Promise<void>;
  signOut(): Promise<void>;
  reload(): void;
}

const Context = createContext<Session | null>(null);

export function AccountProvider({ children }: { children: ReactNode }) {
  const [account, setAccount] = useState<Account>({ state: "loading" });

  const [asking] = useState(
    () =>
      new Asking(whoIsIt, (found) => {
        setAccount(found);
        return found.state !== "unreachable";
      }),
  );

  useEffect(() => {
    void asking.start();
    whenSignedOut(() => setAccount({ state: "nobody" }));
    return () => asking.stop();
  }, [asking]);

  const value = useMemo<Session>(
    () => ({
      account,
      reload: () => void asking.start(),
      signedIn: async (me) => {
        if (me?.account) setAccount({ state: "known", me });
        else await asking.start();
      },
      signOut: async () => {
        await api.signOut().catch(() => undefined);
        setAccount({ state: "nobody" });
        navigate("/login");
      },
    }),
    [account, asking],
  );
  return <Context.Provider value={value}>{children}</Context.Provider>;
}

async function whoIsIt(signal: AbortSignal): Promise<Account> {
  const came = await found(api.me(signal));
  // Without an account it is the answer of somebody else's.
  if ("data" in came) return came.data?.account ? { state: "known", me: came.data } : { state: "unreachable" };
  if (came.unanswered) return { state: "unreachable" };
  return { state: came.status === 401 ? "nobody" : "failed" };
}

export function useSession(): Session {
  const session = useContext(Context);
  if (!session) throw new Error("no account provider");
  return session;
}

export function useMe(): Me {
  const { account } = useSession();
  if (account.state !== "known") throw new Error("nobody is signed in");
  return account.me;
}
