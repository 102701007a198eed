"""What a recording was, by its journal; where the journal is lost or has gaps, by its files' heads and the
manifest that was last written. In the disk's thread."""

import re
from pathlib import Path

from msgspec import Struct

from recorder import journal, manifest
from recorder.control import RecordedFile
from recorder.journal import Begun, FileFacts, FileMade, Journal, Line, NoJournal, Paused, Retracked
from recorder.programme import NAME, TRACKS
from recorder.webm.head import HEAD_SIZE
from recorder.webm.head_read import BadHead, Head, read_head

_OURS = re.compile(r"(?:programme(?:-\d+)?|share-(?P<share>[A-Za-z0-9_-]{1,70}))\.(?:webm|mkv)")


class Found(Struct):
    """``missing``: what is to be written to the journal before anything else."""

    journal: Journal
    missing: list[Line]


def find(directory: Path) -> Found:
    """Raises NoJournal where there is no recording to take up, OSError."""
    try:
        known: Journal | None = journal.load(directory)
    except NoJournal:
        known = None
    told = manifest.load(directory)
    heads = _heads(directory)
    found = known or _begun(directory.name, told, heads)
    missing: list[Line] = [] if known is not None else [found.begun]
    if known is None and found.pauses:
        missing.append(Paused(found.pauses))
    files = {} if told is None else {file.name: file for file in told.files}
    for name, head in heads.items():
        if name not in found.files:
            facts = _facts(name, head, found.begun.started_at, files.get(name))
            found.files[name] = facts
            missing.append(facts.made)
            if facts.pictured:
                missing.append(Retracked(name, facts.tracks))
    found.files = dict(sorted(found.files.items(), key=lambda item: item[1].made.start))
    return Found(found, missing)


def is_left_open(directory: Path) -> bool:
    """Whether something of a recording is there. Raises OSError."""
    if (directory / journal.NAME).is_file():
        return True
    return any(_OURS.fullmatch(path.name) for path in directory.iterdir())


def _heads(directory: Path) -> dict[str, Head]:
    heads = {}
    for path in sorted(directory.iterdir()):
        if _OURS.fullmatch(path.name) and path.is_file() and not path.is_symlink():
            try:
                with path.open("rb") as file:
                    heads[path.name] = read_head(file.read(HEAD_SIZE))
            except BadHead:
                continue
    return heads


def _begun(recording: str, told: manifest.Manifest | None, heads: dict[str, Head]) -> Journal:
    if told is not None:
        return Journal(Begun(recording, told.lesson, told.started_at), {}, pauses=told.pauses)
    if NAME not in heads:
        raise NoJournal("neither journal nor manifest nor programme")
    return Journal(Begun(recording, "", heads[NAME].started_at), {})


def _facts(name: str, head: Head, started_at: int, told: RecordedFile | None) -> FileFacts:
    ours = _OURS.fullmatch(name)
    assert ours is not None
    share = ours["share"]
    made = FileMade(
        name=name,
        role="programme" if share is None else "share",
        start=max(0, head.started_at - started_at),
        tracks=head.tracks,
        share=share or "",
        participant="" if told is None else told.participant,
        source="" if told is None else told.source,
    )
    if told is not None and told.share:
        made = FileMade(
            made.name, made.role, made.start, made.tracks, told.share, made.participant, made.source
        )
    return FileFacts(made, head.tracks, pictured=name != NAME or head.tracks[0] != TRACKS[0])
