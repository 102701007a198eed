/** Beside the picture: search, chapters, chat, people, captions; each in step with the time. */
import { useMemo, useState, type ReactNode, type RefObject } from "react";
import { Bookmark, Captions, Hand, ListOrdered, LogIn, LogOut, MessageSquare, MonitorUp, Users } from "lucide-react";
import { Button } from "../components/ui";
import { useWords } from "../i18n/language";
import type { Timeline } from "../protocol.gen";
import type { Chapter } from "./lesson";
import { come } from "./parts";
import type { Player } from "./player";
import { SearchBox } from "./search-box";
import type { Searchable } from "./search";
import { TimedList, type TimedItem } from "./timed-list";
import { usePlaying } from "./use-playing";
import type { Cue } from "./vtt";

type Tab = "chapters" | "chat" | "people" | "captions";

interface Props {
  player: Player;
  timeline: Timeline;
  chapters: readonly Chapter[];
  /** Null: not read yet. */
  cues: readonly Cue[] | null;
  entries: readonly Searchable[];
  searchField: RefObject<HTMLInputElement | null>;
  /** For those who manage: their way to change the captions. */
  captionsHead: ReactNode;
}

export function Panel({ player, timeline, chapters, cues, entries, searchField, captionsHead }: Props) {
  const words = useWords();
  const [chosen, setTab] = useState<Tab | null>(null);
  const tab = chosen ?? (timeline.messages.length > 0 && chapters.length === 0 ? "chat" : "chapters");
  const tabs: [Tab, typeof Users, string, number][] = [
    ["chapters", ListOrdered, words.replay.chapters, chapters.length],
    ["chat", MessageSquare, words.replay.chat, timeline.messages.length],
    ["people", Users, words.replay.people, 0],
  ];
  if (cues?.length || captionsHead) tabs.push(["captions", Captions, words.replay.transcript, 0]);

  return (
    <section className="replay-panel" aria-label={words.replay.panel}>
      <SearchBox entries={entries} player={player} field={searchField}>
        <div className="replay-tabs" role="group" aria-label={words.replay.panel}>
          {tabs.map(([name, Icon, label, count]) => (
            <Button key={name} look="quiet" small aria-pressed={tab === name} onPress={() => setTab(name)}>
              <Icon aria-hidden />
              <span>{label}</span>
              {count > 0 && <span className="tab-count">{count}</span>}
            </Button>
          ))}
        </div>
        {tab === "chapters" && <ChapterList player={player} chapters={chapters} />}
        {tab === "chat" && <ChatList player={player} timeline={timeline} />}
        {tab === "people" && <PeopleList player={player} timeline={timeline} />}
        {tab === "captions" && (
          <>
            {captionsHead}
            {cues && (
              <TimedList
                player={player}
                label={words.replay.transcript}
                empty={words.replay.noCaptions}
                items={cues.map((cue, i) => ({ atMs: cue.startMs, key: `${i}`, content: cue.text }))}
              />
            )}
          </>
        )}
      </SearchBox>
    </section>
  );
}

function ChapterList({ player, chapters }: { player: Player; chapters: readonly Chapter[] }) {
  const words = useWords();
  const items = useMemo(
    () =>
      chapters.map(({ atMs, title, share }, i) => ({
        atMs,
        key: `${i}`,
        content: (
          <span className="chapter">
            {share ? <MonitorUp aria-hidden /> : <Bookmark aria-hidden />}
            <strong>{title}</strong>
          </span>
        ),
      })),
    [chapters],
  );
  return <TimedList player={player} label={words.replay.chapters} empty={words.replay.noChapters} items={items} />;
}

function ChatList({ player, timeline }: { player: Player; timeline: Timeline }) {
  const words = useWords();
  const items = useMemo(
    () =>
      timeline.messages.map((said, i) => ({
        atMs: said.atMs,
        key: `${i}`,
        content: (
          <>
            <strong>{said.name || words.replay.somebody}</strong>
            <span className="chat-text">{said.text}</span>
          </>
        ),
      })),
    [timeline, words],
  );
  return <TimedList player={player} label={words.replay.chat} empty={words.replay.noChat} items={items} />;
}

function PeopleList({ player, timeline }: { player: Player; timeline: Timeline }) {
  const words = useWords();
  const items = useMemo<TimedItem[]>(() => {
    const name = (given: string) => <strong>{given || words.replay.somebody}</strong>;
    const hands = timeline.hands.map((hand, i) => ({
      atMs: hand.atMs,
      key: `h${i}`,
      content: (
        <span className="move">
          <Hand aria-hidden className="raised" /> {name(hand.name)} {words.replay.raised}
        </span>
      ),
    }));
    const moves = timeline.moves.map((move, i) => ({
      atMs: move.atMs,
      key: `m${i}`,
      content: (
        <span className="move">
          {move.entered ? <LogIn aria-hidden /> : <LogOut aria-hidden />} {name(move.name)}{" "}
          {move.entered ? words.replay.entered : words.replay.left_lesson}
        </span>
      ),
    }));
    return [...hands, ...moves].sort((a, b) => a.atMs - b.atMs);
  }, [timeline, words]);
  const hands = useMemo(() => [...timeline.hands].sort((a, b) => a.atMs - b.atMs), [timeline]);
  const up = usePlaying(player, ({ ms }) =>
    hands
      .slice(0, come(hands.map((hand) => hand.atMs), ms))
      .filter((hand) => ms < hand.untilMs)
      .map((hand) => hand.name || words.replay.somebody)
      .join(" · "),
  );
  return (
    <>
      {up && (
        <p className="hands-now">
          <Hand aria-hidden />
          <span>
            <span className="soft">{words.replay.handsUp}:</span> {up}
          </span>
        </p>
      )}
      <TimedList player={player} label={words.replay.people} empty={words.replay.noPeople} items={items} />
    </>
  );
}
