/** Who is signed in. Pages below may rely on `useMe`. */
import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import { api, ApiError, whenSignedOut } from "./api/http";
import type { Me } from "./protocol.gen";
import { navigate } from "./router";

export type Account = { state: "loading" | "unreachable" | "nobody" } | { state: "known"; me: Me };

interface Session {
  account: Account;
  signedIn(me: Me | undefined): Promise<void>;
  signOut(): Promise<void>;
  reload(): void;
}

const Context = createContext<Session | null>(null);

export function AccountProvider({ children }: { children: ReactNode }) {
  const [account, setAccount] = useState<Account>({ state: "loading" });

  const load = useCallback(async () => {
    try {
      setAccount({ state: "known", me: await api.me() });
    } catch (error) {
      const nobody = error instanceof ApiError && error.status === 401;
      setAccount({ state: nobody ? "nobody" : "unreachable" });
    }
  }, []);

  useEffect(() => {
    void load();
    whenSignedOut(() => setAccount({ state: "nobody" }));
  }, [load]);

  const value = useMemo<Session>(
    () => ({
      account,
      reload: () => void load(),
      signedIn: async (me) => {
        if (me?.account) setAccount({ state: "known", me });
        else await load();
      },
      signOut: async () => {
        await api.signOut().catch(() => undefined);
        setAccount({ state: "nobody" });
        navigate("/login");
      },
    }),
    [account, load],
  );
  return <Context.Provider value={value}>{children}</Context.Provider>;
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
