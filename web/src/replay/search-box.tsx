/** One box over all that can be read; what is found replaces the lists until the box is empty. */
import { useDeferredValue, useId, useMemo, useState, type ReactNode, type RefObject } from "react";
import { Search, X } from "lucide-react";
import { Button } from "../components/ui";
import { useWords } from "../i18n/language";
import { length } from "../i18n/time";
import type { Player } from "./player";
import { index, search, type Searchable } from "./search";

interface Props {
  entries: readonly Searchable[];
  player: Player;
  field: RefObject<HTMLInputElement | null>;
  children: ReactNode;
}

export function SearchBox({ entries, player, field, children }: Props) {
  const words = useWords();
  const results = useId();
  const [query, setQuery] = useState("");
  const asked = useDeferredValue(query);
  const indexed = useMemo(() => index(entries), [entries]);
  const hits = useMemo(() => search(indexed, asked), [indexed, asked]);
  const searching = asked.trim() !== "";
  return (
    <>
      <search className="replay-search">
        <Search aria-hidden />
        <input
          ref={field}
          type="search"
          aria-label={words.replay.search}
          placeholder={words.replay.searchHint}
          aria-controls={results}
          value={query}
          maxLength={200}
          onChange={(event) => setQuery(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape") setQuery("");
            // Enter: to the first that is found.
            if (event.key === "Enter" && !event.nativeEvent.isComposing && hits[0]) player.seek(hits[0].atMs);
          }}
        />
        {query && (
          <Button look="quiet" className="icon-button" aria-label={words.replay.clear} onPress={() => setQuery("")}>
            <X aria-hidden />
          </Button>
        )}
      </search>
      <p role="status" className={searching ? "found soft" : "unseen"}>
        {searching && words.replay.found(hits.length)}
      </p>
      {searching ? (
        <ol id={results} className="timed hits" aria-label={words.replay.search}>
          {hits.map((hit, i) => (
            <li key={i}>
              <button type="button" onClick={() => player.seek(hit.atMs)}>
                <time>{length(hit.atMs)}</time>
                <span className="timed-what">
                  <span className="soft hit-kind">
                    {words.replay.kinds[hit.kind]}
                    {hit.name && ` · ${hit.name}`}
                  </span>
                  <span>
                    {hit.before}
                    <mark>{hit.match}</mark>
                    {hit.after}
                  </span>
                </span>
              </button>
            </li>
          ))}
        </ol>
      ) : (
        children
      )}
    </>
  );
}
