import { useEffect, useRef, useState } from "react";
import { Volume2 } from "lucide-react";
import { useWords } from "../i18n/language";
import type { RemoteShare } from "../lesson/session";
import { Button } from "./ui";

/** Everybody's sound; `muted` while something else is listened to. Where the browser wants a click first, one button turns it on. */
export function Sounds({ remote, muted }: { remote: readonly RemoteShare[]; muted: boolean }) {
  const words = useWords();
  const [blocked, setBlocked] = useState(false);
  const box = useRef<HTMLDivElement>(null);

  const turnOn = () => {
    setBlocked(false);
    for (const audio of box.current?.querySelectorAll("audio") ?? []) audio.play().catch(() => setBlocked(true));
  };

  return (
    <div ref={box}>
      {remote
        .filter((share) => share.kind === "audio")
        .map((share) => (
          <Sound key={share.consumer} track={share.track} muted={muted} onBlocked={() => setBlocked(true)} />
        ))}
      {blocked && (
        <div className="sound-blocked">
          <Button look="primary" onPress={turnOn}>
            <Volume2 aria-hidden />
            {words.room.turnOnSound}
          </Button>
        </div>
      )}
    </div>
  );
}

function Sound({ track, muted, onBlocked }: { track: MediaStreamTrack; muted: boolean; onBlocked(): void }) {
  const audio = useRef<HTMLAudioElement>(null);
  const tell = useRef(onBlocked);
  tell.current = onBlocked;
  useEffect(() => {
    const element = audio.current;
    if (!element) return;
    element.srcObject = new MediaStream([track]);
    element.play().catch((error: unknown) => {
      if (error instanceof DOMException && error.name === "NotAllowedError") tell.current();
    });
    return () => {
      element.srcObject = null;
    };
  }, [track]);
  return <audio ref={audio} muted={muted} hidden />;
}
