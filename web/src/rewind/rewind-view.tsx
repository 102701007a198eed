/** The lesson from its beginning, over the stage, until one is back with the others. */
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { MicOff, Pause, Play, Radio } from "lucide-react";
import { api, rewindPath } from "../api/http";
import { Button, IconButton, Spinner } from "../components/ui";
import { useWords } from "../i18n/language";
import { length } from "../i18n/time";
import { RewindPlayer, SPEEDS, type RewindState } from "./player";
import { useRewindKeys } from "./use-rewind-keys";

export interface RewindViewProps {
  lesson: string;
  /** The speed to begin with. */
  speed: number;
  /** The own microphone is on: others hear it now, not then. */
  microphone: boolean;
  onMute(): void;
  onLive(why: "reached" | "gone" | "pressed"): void;
}

const BEFORE: RewindState = { active: 0, positionMs: 0, edgeMs: 0, playing: true, speed: 1, problem: "waiting" };
const nothing = () => () => undefined;

export function RewindView({ lesson, speed, microphone, onMute, onLive }: RewindViewProps) {
  const { rewind, room } = useWords();
  const first = useRef<HTMLVideoElement>(null);
  const second = useRef<HTMLVideoElement>(null);
  const live = useRef(onLive);
  live.current = onLive;
  const [player, setPlayer] = useState<RewindPlayer | null>(null);
  const state = useSyncExternalStore(player?.subscribe ?? nothing, player?.snapshot ?? (() => BEFORE));
  useRewindKeys(player);

  useEffect(() => {
    if (!first.current || !second.current) return;
    const made = new RewindPlayer([first.current, second.current], speed, {
      load: () => api.rewind(lesson),
      path: (name, bytes) => rewindPath(lesson, name, bytes),
      onLive: (why) => live.current(why),
    });
    made.open();
    setPlayer(made);
    return () => made.close();
    // The speed is only to begin with.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [lesson]);

  const { active, positionMs, edgeMs, playing, problem } = state;
  const videos = [first, second].map((ref, index) => (
    <video
      key={index}
      ref={ref}
      playsInline
      className={index === active ? "" : "behind"}
      aria-label={index === active ? rewind.picture : undefined}
      aria-hidden={index === active ? undefined : true}
    />
  ));
  return (
    <section className="rewind" aria-label={rewind.title}>
      <div className="rewind-picture" onClick={() => player?.toggle()}>
        {videos}
        <span className="rewind-behind">{rewind.behind(length(Math.max(0, edgeMs - positionMs)))}</span>
        {problem === "waiting" && <Spinner />}
        {(problem === "unplayable" || problem === "blocked") && (
          <p role="alert">{problem === "blocked" ? rewind.blocked : rewind.unplayable}</p>
        )}
      </div>
      {microphone && (
        <div role="alert" className="banner warn">
          <MicOff aria-hidden />
          <span>{rewind.microphone}</span>
          <Button small onPress={onMute}>
            {room.micOff}
          </Button>
        </div>
      )}
      <div className="rewind-bar">
        <IconButton label={playing ? rewind.pause : rewind.play} onPress={() => player?.toggle()}>
          {playing ? <Pause aria-hidden /> : <Play aria-hidden />}
        </IconButton>
        <input
          type="range"
          min={0}
          max={Math.max(1000, Math.round(edgeMs))}
          step={1000}
          value={Math.round(positionMs)}
          aria-label={rewind.position}
          aria-valuetext={rewind.of(length(positionMs), length(edgeMs))}
         
          onChange={(event) => player?.seek(Number(event.target.value))}
        />
        <span className="elapsed" aria-hidden>
          {length(positionMs)} / {length(edgeMs)}
        </span>
        <label className="rewind-speed">
          <span className="unseen">{rewind.speed}</span>
          <select value={state.speed} onChange={(event) => player?.setSpeed(Number(event.target.value))}>
            {SPEEDS.map((value) => (
              <option key={value} value={value}>
                {value}×
              </option>
            ))}
          </select>
        </label>
        <Button look="primary" className="back-to-live" onPress={() => onLive("pressed")}>
          <Radio aria-hidden />
          {rewind.live}
        </Button>
      </div>
    </section>
  );
}
