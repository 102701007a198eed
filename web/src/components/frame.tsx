/** The bar on top of every page but the lesson's own, and what everybody finds there. */
import type { ReactNode } from "react";
import { Languages, LogOut, Moon, Sun, SunMoon } from "lucide-react";
import { useMe, useSession } from "../account";
import { useLanguage } from "../i18n/language";
import { Link } from "../router";
import { useTheme, type Theme } from "../theme";
import { Button, IconButton } from "./ui";

export function LanguageSwitch() {
  const { language, setLanguage } = useLanguage();
  const other = language === "vi" ? "en" : "vi";
  return (
    <Button look="quiet" className="language" lang={other} onPress={() => setLanguage(other)}>
      <Languages aria-hidden />
      {other === "en" ? "English" : "Tiếng Việt"}
    </Button>
  );
}

const NEXT: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };

export function ThemeSwitch() {
  const { words } = useLanguage();
  const [theme, setTheme] = useTheme();
  const names: Record<Theme, string> = {
    system: words.app.themeSystem,
    light: words.app.themeLight,
    dark: words.app.themeDark,
  };
  const Icon = theme === "system" ? SunMoon : theme === "light" ? Sun : Moon;
  return (
    <IconButton label={`${words.app.theme}: ${names[theme]}`} onPress={() => setTheme(NEXT[theme])}>
      <Icon aria-hidden />
    </IconButton>
  );
}

export function SignOut({ compact = false }: { compact?: boolean }) {
  const { words } = useLanguage();
  const { signOut } = useSession();
  return compact ? (
    <IconButton label={words.app.signOut} onPress={() => void signOut()}>
      <LogOut aria-hidden />
    </IconButton>
  ) : (
    <Button look="quiet" className="sign-out" aria-label={words.app.signOut} onPress={() => void signOut()}>
      <LogOut aria-hidden />
      <span className="wide-only">{words.app.signOut}</span>
    </Button>
  );
}

export function Logo() {
  return <img className="logo" src="/icon.svg" alt="" width={32} height={32} />;
}

export function Frame({ children }: { children: ReactNode }) {
  const { words } = useLanguage();
  const me = useMe();
  return (
    <div className="frame">
      <a className="skip" href="#main">
        {words.app.skip}
      </a>
      <header className="topbar">
        <Link href="/" className="brand">
          <Logo />
          <span className="brand-name">{me.school || words.app.name}</span>
        </Link>
        <div className="topbar-end">
          <LanguageSwitch />
          <ThemeSwitch />
          <span className="who">
            <strong>{me.name}</strong>
            <span className="soft">{words.app.roles[me.role]}</span>
          </span>
          <SignOut />
        </div>
      </header>
      {children}
    </div>
  );
}
