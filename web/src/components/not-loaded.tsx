/** A whole page in the place of data that did not come: why, and what to do next. */
import type { ReactNode } from "react";
import { errorWords, isFinal, isNotFound } from "../i18n/errors";
import { useWords } from "../i18n/language";
import type { Loaded } from "./loaded";
import { Button, Statement } from "./ui";

interface Props {
  loaded: Loaded<unknown>;
  /** What it may mean here that there is no such thing. */
  notFound?: string;
  /** The way out. */
  children: ReactNode;
}

export function NotLoaded({ loaded, notFound, children }: Props) {
  const words = useWords();
  const error = loaded.error ?? "unexpected";
  const title = notFound && isNotFound(error) ? notFound : errorWords(error, words);
  return (
    <Statement title={title} {...(loaded.retries && { hint: words.app.retriesItself })}>
      {!isFinal(error) && (
        <Button look="primary" onPress={() => void loaded.reload()}>
          {words.app.retry}
        </Button>
      )}
      {children}
    </Statement>
  );
}
