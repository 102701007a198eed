/** A host marks a chapter: it begins when this was opened, whatever the time it takes to write its title. */
import { useState, type RefObject } from "react";
import { Bookmark } from "lucide-react";
import { Dialog, Popover } from "react-aria-components";
import { useWords } from "../i18n/language";
import type { LessonSession } from "../lesson/session";
import { Button } from "./ui";

interface Props {
  session: LessonSession;
  anchor: RefObject<HTMLElement | null>;
  onClose(): void;
}

/** As far back as the server takes. */
const LONGEST_AGO_MS = 300_000;
const MAX_CHARACTERS = 200;

export function ChapterPopover({ session, anchor, onClose }: Props) {
  const words = useWords();
  const [openedAt] = useState(Date.now);
  const [title, setTitle] = useState("");
  const save = async () => {
    onClose();
    const agoMs = Math.min(LONGEST_AGO_MS, Math.max(0, Date.now() - openedAt));
    if (await session.ask({ type: "mark_chapter", title: title.trim(), agoMs })) session.tell("notice", "chapterMarked");
  };
  return (
    <Popover className="popover" placement="bottom" triggerRef={anchor} isOpen onOpenChange={(open) => !open && onClose()}>
      <Dialog className="chapter" aria-label={words.room.chapter}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void save();
          }}
        >
          <label htmlFor="chapter-title">{words.room.chapterTitle}</label>
          <input
            id="chapter-title"
            autoFocus
            autoComplete="off"
            maxLength={MAX_CHARACTERS}
            placeholder={words.room.chapterHint}
            value={title}
            onChange={(event) => setTitle(event.target.value)}
          />
          <p className="soft">{words.room.chapterFrom}</p>
          <Button type="submit" look="primary" className="full">
            <Bookmark aria-hidden />
            {words.room.chapter}
          </Button>
        </form>
      </Dialog>
    </Popover>
  );
}
