/** What the class looks at: a shared screen large, else the cameras. */
import { useState } from "react";
import { Hand, MicOff, MonitorUp, Presentation, Users } from "lucide-react";
import { useWords } from "../i18n/language";
import { isHeld, isVoiceOnly, WEAK_BARS, type Lines } from "../lesson/lines";
import type { LessonSession, RemoteShare } from "../lesson/session";
import { nameOf } from "../lesson/view";
import type { Publishing } from "../media/publisher";
import type { LessonView, Person } from "../protocol.gen";
import { OwnScreen, Preview } from "./device-check";
import { HeldScreen, HeldTile } from "./held";
import { ScreenView } from "./screen-view";
import { ShareVideo } from "./share-video";
import { PersonSignal } from "./signal-bars";
import { Still } from "./still";
import { TileGrid } from "./tile-grid";
import { Avatar, Button } from "./ui";

interface Props {
  session: LessonSession;
  view: LessonView;
  remote: readonly RemoteShare[];
  publishing: Publishing;
  speakers: readonly string[];
  signals: Lines["signals"];
  held: Lines["held"];
  voiceOnly: boolean;
}

export function Stage(props: Props) {
  const { session, view, remote, publishing, held } = props;
  const words = useWords();
  const [picked, setPicked] = useState<string | null>(null);
  const screens = remote.filter((share) => share.source === "screen");
  const screen = screens.find((share) => share.share === picked) ?? screens.at(-1) ?? null;
  const large = screen !== null || publishing.screen;
  const tiles = <Tiles {...props} large={large} ownScreenBeside={screen !== null} />;

  return (
    <div className={`stage ${large ? "has-screen" : "cameras-only"}`}>
      {screens.length > 1 && (
        <div className="screen-tabs" role="group" aria-label={words.room.screens}>
          {screens.map((share) => {
            const name = nameOf(view, share.participant);
            return (
              <Button
                key={share.share}
                small
                look={share === screen ? "primary" : "plain"}
                aria-pressed={share === screen}
                aria-label={words.room.showShare(name)}
                onPress={() => setPicked(share.share)}
              >
                <MonitorUp aria-hidden />
                {name}
              </Button>
            );
          })}
        </div>
      )}
      {screen ? (
        <ScreenView
          key={screen.share}
          name={nameOf(view, screen.participant)}
          over={isHeld(screen, held) && <HeldScreen voiceOnly={isVoiceOnly(props, remote)} />}
        >
          <ShareVideo session={session} share={screen} label={words.room.screenOf(nameOf(view, screen.participant))} />
          <Still session={session} share={screen.share} label={words.room.stillOf(nameOf(view, screen.participant))} />
        </ScreenView>
      ) : (
        publishing.screen && (
          <div className="own-screen">
            {publishing.screenTrack && <OwnScreen track={publishing.screenTrack} label={words.room.sharingSelf} />}
            <h2>
              <MonitorUp aria-hidden /> {words.room.sharingSelf}
            </h2>
            <p className="soft">{words.room.sharingSelfHint}</p>
          </div>
        )
      )}
      {tiles}
    </div>
  );
}

const MOST_TILES = 24;

/** Cameras first, then who speaks, then hosts; nobody without a camera while a screen is large. */
function Tiles({ session, view, remote, publishing, speakers, signals, held, large, ownScreenBeside }: Props & { large: boolean; ownScreenBeside: boolean }) {
  const words = useWords();
  const cameras = new Map(remote.filter((share) => share.source === "camera").map((share) => [share.participant, share]));
  const own = view.people.find((person) => person.id === view.you.id);
  const shown = view.people.filter((person) => person.online && (cameras.has(person.id) || (person.id === own?.id && publishing.camera)));
  const others = view.people.filter((person) => person.online && !shown.includes(person));
  const rank = (person: Person) => (speakers.includes(person.id) ? 0 : person.hosts ? 1 : 2);
  const people = large
    ? [...shown, ...others.filter((person) => speakers.includes(person.id))]
    : [...shown, ...[...others].sort((a, b) => rank(a) - rank(b))];
  const visible = people.length > MOST_TILES ? people.slice(0, MOST_TILES - 1) : people;
  const more = people.length - visible.length;
  const online = view.people.filter((person) => person.online).length;

  if (!large && shown.length === 0 && online <= 1) {
    return (
      <div className="nothing">
        {view.you.hosts ? <Users aria-hidden /> : <Presentation aria-hidden />}
        <p>{view.you.hosts ? words.room.alone : words.room.nothing}</p>
        {view.you.hosts && <p className="soft">{words.room.aloneHint}</p>}
      </div>
    );
  }
  const tiles = visible.map((person) => {
        const share = cameras.get(person.id);
        const isOwn = person.id === view.you.id;
        const signal = signals.get(person.id);
        const micOn = view.shares.some((s) => s.participant === person.id && s.source === "microphone" && !s.paused);
        return (
          <figure key={person.id} className={`tile ${speakers.includes(person.id) ? "speaking" : ""}`}>
            {isOwn && publishing.camera && publishing.cameraTrack ? (
              <Preview track={publishing.cameraTrack} label={words.room.cameraOf(person.name)} />
            ) : share ? (
              <ShareVideo session={session} share={share} label={words.room.cameraOf(person.name)} />
            ) : (
              <Avatar name={person.name} id={person.id} large />
            )}
            {share && isHeld(share, held) && <HeldTile person={person} />}
            <figcaption>
              {signal && signal.bars <= WEAK_BARS && <PersonSignal signal={signal} />}
              {!micOn && <MicOff aria-label={words.room.micIsOff} role="img" />}
              {person.hand !== null && person.hand !== undefined && <Hand aria-label={words.room.hand(person.hand)} role="img" />}
              <span>
                {person.name}
                {isOwn && ` (${words.room.you})`}
              </span>
            </figcaption>
          </figure>
        );
      });
  if (more > 0) {
    tiles.push(
      <figure key="more" className="tile more">
        <span>{words.room.others(more)}</span>
      </figure>,
    );
  }
  if (large) {
    if (tiles.length === 0 && !(ownScreenBeside && publishing.screen)) return null;
    return (
      <div className="filmstrip">
        {ownScreenBeside && publishing.screenTrack && (
          <figure className="tile own-share">
            <OwnScreen track={publishing.screenTrack} label={words.room.sharingSelf} />
            <figcaption>
              <MonitorUp aria-hidden />
              <span>{words.room.sharingSelf}</span>
            </figcaption>
          </figure>
        )}
        {tiles}
      </div>
    );
  }
  return (
    <>
      <TileGrid count={tiles.length}>{tiles}</TileGrid>
      {shown.length === 0 && view.you.hosts && <p className="stage-hint soft">{words.room.nothingHost}</p>}
    </>
  );
}
