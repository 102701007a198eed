/** Captions by hand: lines with their times, taken from where the player is; or a file. */
import { useRef, useState } from "react";
import { Clock, Plus, Trash2, Upload } from "lucide-react";
import { ApiError } from "../api/http";
import { Button, IconButton } from "../components/ui";
import { errorWords } from "../i18n/errors";
import { useWords } from "../i18n/language";
import { readMoment, writeMoment } from "./moment";
import type { Player } from "./player";
import type { CaptionsState } from "./use-captions";
import { inOrder, readVtt, type Cue } from "./vtt";

const LINE_MS = 3000;
const LARGEST = 1_000_000;

interface Line extends Cue {
  key: number;
}

export function CaptionsEditor({ player, captions, onClose }: { player: Player; captions: CaptionsState; onClose(): void }) {
  const words = useWords();
  const nextKey = useRef(0);
  const keyed = (cues: readonly Cue[]): Line[] => cues.map((cue) => ({ ...cue, key: nextKey.current++ }));
  const [lines, setLines] = useState<Line[]>(() => keyed(captions.cues));
  const [changed, setChanged] = useState(false);
  const [told, setTold] = useState<{ bad: boolean; text: string } | null>(null);
  const file = useRef<HTMLInputElement>(null);

  const change = (next: Line[]) => {
    setLines(next);
    setChanged(true);
    setTold(null);
  };
  const put = (key: number, part: Partial<Cue>) =>
    change(lines.map((line) => (line.key === key ? { ...line, ...part } : line)));
  const add = () => {
    const startMs = Math.round(player.now());
    change(inOrder([...lines, { startMs, endMs: startMs + LINE_MS, text: "", key: nextKey.current++ }]) as Line[]);
  };
  const upload = async (chosen: File | undefined) => {
    const cues = chosen && chosen.size <= LARGEST ? readVtt(await chosen.text()) : null;
    if (cues) change(keyed(cues));
    else setTold({ bad: true, text: words.replay.badVtt });
  };
  const save = async () => {
    const kept = inOrder(lines.filter((line) => line.text.trim() !== ""));
    if (kept.some((line) => line.endMs <= line.startMs)) {
      setTold({ bad: true, text: words.replay.badLine });
      return;
    }
    try {
      await captions.save(kept);
      setLines(keyed(kept));
      setChanged(false);
      setTold({ bad: false, text: words.replay.saved });
    } catch (failure) {
      setTold({ bad: true, text: errorWords(failure instanceof ApiError ? failure.code : "unexpected", words) });
    }
  };

  return (
    <div className="captions-editor">
      <div className="captions-tools">
        <Button small onPress={add}>
          <Plus aria-hidden />
          {words.replay.addLine}
        </Button>
        <Button small onPress={() => file.current?.click()}>
          <Upload aria-hidden />
          {words.replay.upload}
        </Button>
        <input
          ref={file}
          type="file"
          accept=".vtt,text/vtt"
          hidden
          aria-label={words.replay.upload}
          onChange={(event) => {
            void upload(event.target.files?.[0]);
            event.target.value = "";
          }}
        />
      </div>
      <ol className="caption-lines">
        {lines.map((line) => (
          <li key={line.key} className={line.endMs > line.startMs ? "" : "bad"}>
            <Moment label={words.replay.start} nowLabel={words.replay.startNow} ms={line.startMs} player={player} onChange={(startMs) => put(line.key, { startMs })} />
            <Moment label={words.replay.end} nowLabel={words.replay.endNow} ms={line.endMs} player={player} onChange={(endMs) => put(line.key, { endMs })} />
            <IconButton label={words.replay.deleteLine} onPress={() => change(lines.filter((each) => each.key !== line.key))}>
              <Trash2 aria-hidden />
            </IconButton>
            <textarea
              aria-label={words.replay.text}
              rows={2}
              maxLength={500}
              value={line.text}
              onFocus={() => player.seek(line.startMs)}
              onChange={(event) => put(line.key, { text: event.target.value })}
            />
          </li>
        ))}
      </ol>
      <p role="status" className={told?.bad ? "bad-text" : "soft"}>
        {told?.text ?? (changed ? words.replay.unsaved : "")}
      </p>
      <div className="captions-tools">
        <Button small look="primary" isDisabled={!changed} onPress={() => void save()}>
          {words.replay.save}
        </Button>
        <Button small onPress={onClose}>
          {words.app.close}
        </Button>
      </div>
    </div>
  );
}

interface MomentProps {
  label: string;
  nowLabel: string;
  ms: number;
  player: Player;
  onChange(ms: number): void;
}

/** What is typed counts when the field is left, and only if it is a moment. */
function Moment({ label, nowLabel, ms, player, onChange }: MomentProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const take = () => {
    const read = typed === null ? null : readMoment(typed);
    if (read !== null && read !== ms) onChange(read);
    setTyped(null);
  };
  return (
    <span className="caption-moment">
      <input
        aria-label={label}
        inputMode="decimal"
        value={typed ?? writeMoment(ms)}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={take}
        onKeyDown={(event) => event.key === "Enter" && take()}
      />
      <IconButton label={nowLabel} onPress={() => onChange(Math.round(player.now()))}>
        <Clock aria-hidden />
      </IconButton>
    </span>
  );
}
