import { useEffect, useRef, useState } from "react";
import { Mic, Video, VideoOff } from "lucide-react";
import { useWords } from "../i18n/language";
import { openCamera, openMicrophone } from "../media/devices";
import { watchLevel } from "../media/level";
import { DeviceTrouble, type Trouble } from "../media/trouble";
import { DeviceChoice } from "./device-choice";
import { Button } from "./ui";

/** Camera preview and microphone meter. Starts by itself only where the browser has allowed it before. */
export function DeviceCheck({ onTrouble }: { onTrouble(trouble: Trouble): void }) {
  const words = useWords();
  const [on, setOn] = useState(false);
  const [camera, setCamera] = useState<MediaStreamTrack | null>(null);
  const [microphone, setMicrophone] = useState<MediaStreamTrack | null>(null);
  const [choice, setChoice] = useState(0);

  useEffect(() => {
    let gone = false;
    void mayUse().then((may) => {
      if (may && !gone) setOn(true);
    });
    return () => {
      gone = true;
    };
  }, []);

  useEffect(() => {
    if (!on) return;
    const opened: MediaStreamTrack[] = [];
    let gone = false;
    const use = (open: Promise<MediaStreamTrack>, set: (track: MediaStreamTrack | null) => void) => {
      open.then(
        (track) => {
          if (gone) track.stop();
          else {
            opened.push(track);
            set(track);
          }
        },
        (error: unknown) => {
          if (!gone && error instanceof DeviceTrouble) onTrouble(error.trouble);
        },
      );
    };
    use(openCamera(), setCamera);
    use(openMicrophone(), setMicrophone);
    return () => {
      gone = true;
      for (const track of opened) track.stop();
      setCamera(null);
      setMicrophone(null);
    };
    // onTrouble only reports: a new function of it must not open the devices again.
  }, [on, choice]);

  return (
    <section className="device-check" aria-label={words.join.preview}>
      <div className="preview">
        {camera ? (
          <Preview track={camera} label={words.join.preview} />
        ) : (
          <div className="preview-off">
            <VideoOff aria-hidden />
            <p>{words.join.cameraOff}</p>
          </div>
        )}
        <Meter track={microphone} />
      </div>
      <div className="device-row">
        <Button look={on ? "plain" : "primary"} small onPress={() => setOn(!on)}>
          <Video aria-hidden />
          {on ? words.join.testOff : words.join.test}
        </Button>
        {on && <DeviceChoice key={`${camera?.id} ${microphone?.id}`} onChoose={() => setChoice(choice + 1)} />}
      </div>
    </section>
  );
}

async function mayUse(): Promise<boolean> {
  try {
    const asked = await Promise.all(
      ["camera", "microphone"].map((name) => navigator.permissions.query({ name: name as PermissionName })),
    );
    return asked.every((permission) => permission.state === "granted");
  } catch {
    return false;
  }
}

interface PreviewProps {
  track: MediaStreamTrack;
  label: string;
}

/** One's own camera, as in a mirror. */
export function Preview(props: PreviewProps) {
  return <OwnPicture {...props} className="mirrored" />;
}

/** What one shares oneself, small: large, a shared tab would show itself without end. */
export function OwnScreen(props: PreviewProps) {
  return <OwnPicture {...props} className="own-screen-picture" />;
}

function OwnPicture({ track, label, className }: PreviewProps & { className: string }) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const element = video.current;
    if (!element) return;
    element.srcObject = new MediaStream([track]);
    return () => {
      element.srcObject = null;
    };
  }, [track]);
  return <video ref={video} className={className} aria-label={label} autoPlay playsInline muted />;
}

export function Meter({ track }: { track: MediaStreamTrack | null }) {
  const words = useWords();
  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!track) return;
    return watchLevel(track, (level) => {
      if (!bar.current) return;
      bar.current.style.setProperty("--level", level.toFixed(2));
      bar.current.setAttribute("aria-valuenow", String(Math.round(level * 100)));
    });
  }, [track]);
  return (
    <div className="meter">
      <Mic aria-hidden />
      <div ref={bar} role="meter" aria-valuemin={0} aria-valuemax={100} aria-valuenow={0} aria-label={words.join.level} />
    </div>
  );
}
