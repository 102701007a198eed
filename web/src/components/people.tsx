import { useId, useState } from "react";
import { CircleDashed, Mic, MicOff, MonitorCheck, MonitorUp, UserMinus, Video } from "lucide-react";
import { useLanguage } from "../i18n/language";
import type { Lines } from "../lesson/lines";
import type { LessonSession } from "../lesson/session";
import { inOrder, isUninformed } from "../lesson/view";
import type { LessonView, Person, Signal } from "../protocol.gen";
import { PersonSignal } from "./signal-bars";
import { Avatar, Confirm, IconButton } from "./ui";

interface Props {
  session: LessonSession;
  view: LessonView;
  speakers: readonly string[];
  signals: Lines["signals"];
}

export function People({ session, view, speakers, signals }: Props) {
  const { words, language } = useLanguage();
  const heading = useId();
  const [removing, setRemoving] = useState<Person | null>(null);
  const people = inOrder(view, language);
  return (
    <section className="people" aria-labelledby={heading}>
      <div className={view.you.hosts || people.some((person) => person.hand !== null) ? "section-head" : "unseen"}>
        <h2 id={heading}>{words.room.people}</h2>
        {view.you.hosts && (
          <a className="push small-link" href={`/lessons/${encodeURIComponent(view.lesson.id)}/attendance`} target="_blank" rel="noreferrer">
            {words.lessons.attendance}
          </a>
        )}
      </div>
      <ul className="rows">
        {people.map((person) => (
          <Row
            key={person.id}
            person={person}
            session={session}
            view={view}
            speaking={speakers.includes(person.id)}
            signal={person.online ? signals.get(person.id) : undefined}
            onRemove={() => setRemoving(person)}
          />
        ))}
      </ul>
      <Confirm
        open={removing !== null}
        title={words.room.removeConfirm(removing?.name ?? "")}
        hint={words.room.removeHint}
        action={words.room.remove}
        onClose={() => setRemoving(null)}
        onConfirm={() => removing && void session.ask({ type: "remove", participant: removing.id })}
      />
    </section>
  );
}

interface RowProps {
  person: Person;
  session: LessonSession;
  view: LessonView;
  speaking: boolean;
  signal: Signal | undefined;
  onRemove(): void;
}

function Row({ person, session, view, speaking, signal, onRemove }: RowProps) {
  const { words } = useLanguage();
  const shares = view.shares.filter((share) => share.participant === person.id);
  const micOn = shares.some((share) => share.source === "microphone" && !share.paused);
  const sharing = shares.some((share) => share.source === "screen");
  const camera = shares.some((share) => share.source === "camera");
  const manages = view.you.hosts && !person.hosts;
  const details = [
    person.hosts ? words.room.host : person.classLabel,
    person.username,
    person.online ? "" : words.room.offline,
  ].filter(Boolean);

  return (
    <li className={`${person.online ? "" : "away"} ${speaking ? "speaking" : ""}`}>
      <Avatar name={person.name} id={person.id} />
      <div className="row-name">
        <strong>
          {person.name}
          {person.id === view.you.id && <span className="soft"> ({words.room.you})</span>}
        </strong>
        <span className="soft">{details.join(" · ")}</span>
      </div>
      <div className="row-state">
        {view.you.hosts && isUninformed(person, view.lesson) && (
          <span role="img" className="not-informed" aria-label={words.room.notInformed} title={words.room.notInformed}>
            <CircleDashed aria-hidden />
          </span>
        )}
        {signal && <PersonSignal signal={signal} />}
        {sharing && <MonitorUp role="img" aria-label={words.room.screenOf(person.name)} />}
        {camera && <Video className="camera-on" role="img" aria-label={words.room.cameraOf(person.name)} />}
        {!(manages && micOn) &&
          (micOn ? <Mic role="img" aria-label={words.room.micIsOn} /> : <MicOff role="img" aria-label={words.room.micIsOff} className="soft" />)}
      </div>
      {manages && (
        <div className="row-actions">
          {micOn && (
            <IconButton label={words.room.mute} onPress={() => void session.ask({ type: "mute", participant: person.id })}>
              <Mic aria-hidden />
            </IconButton>
          )}
          <IconButton
            label={person.mayShare ? words.room.forbidShare : words.room.allowShare}
            className={person.mayShare ? "lit" : ""}
            onPress={() => void session.ask({ type: "allow_sharing", participant: person.id, allowed: !person.mayShare })}
          >
            {person.mayShare ? <MonitorCheck aria-hidden /> : <MonitorUp aria-hidden />}
          </IconButton>
          <IconButton label={words.room.remove} onPress={onRemove}>
            <UserMinus aria-hidden />
          </IconButton>
        </div>
      )}
    </li>
  );
}
