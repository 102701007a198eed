import { Play, Trash2 } from "lucide-react";
import { IconButton } from "../components/ui";
import { useLanguage } from "../i18n/language";
import { clock, length, size } from "../i18n/time";
import type { RecordingRow } from "../protocol.gen";
import { Link } from "../router";
import { Thumb } from "./thumb";

export function RecordingCard({ row, onErase }: { row: RecordingRow; onErase(): void }) {
  const { words, language } = useLanguage();
  const closed = row.state === "ready" || row.state === "lost";
  return (
    <li className="recording-card">
      {row.state === "ready" && <Thumb recording={row.id} />}
      <h3>{row.title}</h3>
      <p className="soft">
        {row.className} · {clock(row.startedAt, language)}
        {row.state === "ready" ? ` · ${length(row.durationMs)} · ${size(row.bytes, language)}` : ` · ${words.recordings.state[row.state]}`}
      </p>
      {row.mayManage && <p className="soft">{row.replayAllowed ? words.recordings.allowed : words.recordings.notAllowed}</p>}
      <div className="actions">
        {row.state === "ready" && (
          <Link className="button primary" href={`/recordings/${encodeURIComponent(row.id)}`}>
            <Play aria-hidden />
            {words.recordings.replay}
            <span className="unseen"> {row.title}</span>
          </Link>
        )}
        {row.mayManage && closed && (
          <IconButton label={words.recordings.erase} className="push" onPress={onErase}>
            <Trash2 aria-hidden />
          </IconButton>
        )}
      </div>
    </li>
  );
}
