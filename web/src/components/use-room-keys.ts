import { useEffect, useRef } from "react";
import type { LessonSession } from "../lesson/session";

/** Whether the keystroke belongs to what has the focus and not to the page. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && !["checkbox", "radio", "range", "button"].includes(target.type);
}

/** Space also presses buttons, so it talks only when no control has the focus. */
function isControl(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("button, a, input, select, textarea, summary, [role=menuitem], [role=dialog], [role=alertdialog]") !== null;
}

export interface RoomKeys {
  onHelp(): void;
  /** Null where there is nothing to mark. */
  onChapter: (() => void) | null;
}

export function useRoomKeys(session: LessonSession, keys: RoomKeys): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    let talking = false;
    const publisher = session.publisher;
    const stopTalking = () => {
      if (!talking) return;
      talking = false;
      void publisher.setMicrophone(false);
    };
    const down = (event: KeyboardEvent) => {
      const key = event.key.toLowerCase();
      if (event.ctrlKey && !event.altKey && !event.shiftKey && (key === "d" || key === "e")) {
        event.preventDefault();
        if (event.repeat) return;
        void publisher.toggle(key === "d" ? "microphone" : "camera");
        return;
      }
      if (event.ctrlKey && !event.altKey && !event.shiftKey && key === "b" && latest.current.onChapter) {
        event.preventDefault();
        if (!event.repeat) latest.current.onChapter();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (event.key === "?") {
        event.preventDefault();
        latest.current.onHelp();
      } else if (event.key === " " && !isControl(event.target)) {
        event.preventDefault();
        if (event.repeat || publisher.snapshot().microphone) return;
        talking = true;
        void publisher.setMicrophone(true);
      }
    };
    const up = (event: KeyboardEvent) => {
      if (event.key === " ") stopTalking();
    };
    addEventListener("keydown", down);
    addEventListener("keyup", up);
    addEventListener("blur", stopTalking);
    return () => {
      removeEventListener("keydown", down);
      removeEventListener("keyup", up);
      removeEventListener("blur", stopTalking);
      stopTalking();
    };
  }, [session]);
}
