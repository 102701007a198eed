/** One share's picture in step with the programme. */
import { useEffect, useRef } from "react";
import { useWords } from "../i18n/language";
import { length } from "../i18n/time";
import { Button } from "../components/ui";
import { Follower } from "./follower";
import { shareName, shownAt, type Picture } from "./lesson";
import type { Part } from "./parts";
import type { Player } from "./player";
import { usePlaying } from "./use-playing";

interface Props {
  picture: Picture;
  player: Player;
  path(part: Part): string;
}

export function SharePicture({ picture, player, path }: Props) {
  const words = useWords();
  const video = useRef<HTMLVideoElement>(null);
  const shown = usePlaying(player, (now) => shownAt(picture, now.ms));
  useEffect(() => {
    if (!video.current) return;
    const follower = new Follower(video.current, picture.parts, path, player);
    return () => follower.close();
  }, [picture, player, path]);
  return (
    <>
      <video
        ref={video}
        className={shown ? "" : "away"}
        aria-label={shareName(picture, words)}
        muted
        playsInline
        preload="auto"
        disablePictureInPicture
        tabIndex={-1}
      />
      {!shown && (
        <div className="pane-empty">
          <p>{words.replay.nothingShown}</p>
          <Button small onPress={() => player.seek(picture.startMs)}>
            {words.replay.goThere(length(picture.startMs))}
          </Button>
        </div>
      )}
    </>
  );
}
