import { useEffect, useId, useRef, useState, type KeyboardEvent } from "react";
import { SendHorizontal } from "lucide-react";
import { useLanguage } from "../i18n/language";
import { clock } from "../i18n/time";
import type { LessonSession } from "../lesson/session";
import type { LessonView } from "../protocol.gen";
import { Button } from "./ui";

const NEAR_END_PX = 80;
const LONGEST = 4000;

export function Chat({ session, view }: { session: LessonSession; view: LessonView }) {
  const { words, language } = useLanguage();
  const heading = useId();
  const [text, setText] = useState("");
  const list = useRef<HTMLOListElement>(null);
  const atEnd = useRef(true);
  const may = view.you.grants.includes("chat");

  useEffect(() => {
    if (atEnd.current) list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [view.messages]);

  const send = async () => {
    const wanted = text.trim();
    if (!wanted) return;
    setText("");
    atEnd.current = true;
    if (!(await session.ask({ type: "chat", text: wanted }))) setText((now) => now || wanted);
  };

  const keys = (event: KeyboardEvent) => {
    // Enter that ends a composition (a Vietnamese input method) is not meant to send.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    void send();
  };

  return (
    <section className="chat" aria-labelledby={heading}>
      <h2 id={heading} className="unseen">
        {words.room.chat}
      </h2>
      <ol
        ref={list}
        className="messages"
        role="log"
        aria-labelledby={heading}
        tabIndex={0}
        onScroll={(event) => {
          const { scrollHeight, scrollTop, clientHeight } = event.currentTarget;
          atEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
        }}
      >
        {view.messages.length === 0 && <li className="soft no-chat">{words.room.noMessages}</li>}
        {view.messages.map((message, index) => {
          const before = view.messages[index - 1];
          const goesOn = before?.participant === message.participant && message.at - before.at < 120_000;
          return (
            <li key={message.id} className={message.participant === view.you.id ? "own" : ""}>
              {!goesOn && (
                <p className="said-by">
                  <strong>{message.name}</strong> <time>{clock(message.at, language)}</time>
                </p>
              )}
              <p className="said">{message.text}</p>
            </li>
          );
        })}
      </ol>
      {!may && <p className="soft">{words.room.chatOff}</p>}
      <form
        className="compose"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <textarea
          aria-label={words.room.message}
          placeholder={words.room.messageHint}
          rows={1}
          value={text}
          maxLength={LONGEST}
          disabled={!may}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={keys}
        />
        <Button type="submit" look="primary" className="icon-button" aria-label={words.room.send} isDisabled={!may || !text.trim()}>
          <SendHorizontal aria-hidden />
        </Button>
      </form>
    </section>
  );
}
