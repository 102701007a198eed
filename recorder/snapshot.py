"""A growing file as it stands, as a whole one: head, the clusters so far, the cues. For one length it is
always the same bytes, so that a player may ask for it range by range.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from recorder import journal
from recorder.journal import FileFacts, Journal
from recorder.webm.head import HEAD_SIZE, build_head
from recorder.webm.scan import Tail, scan
from recorder.webm.writer import cues_element

LAST_MS = 20
"""What the last block lasts: a frame of sound."""


class NoSnapshot(Exception):
    """There is no such file, or it never had that length."""


class Snapshot(Struct, frozen=True):
    """``head`` + bytes HEAD_SIZE…``upto`` of the file + ``cues``. ``start``, ``duration``: ms of recording
    time; ``size``: bytes of the whole."""

    name: str
    mime_type: str
    start: int
    duration: int
    upto: int
    head: bytes
    cues: bytes

    @property
    def size(self) -> int:
        return self.upto + len(self.cues)

    def pieces(self, start: int, stop: int) -> Iterator[bytes | tuple[int, int]]:
        """Bytes ``start`` to ``stop`` (not included) of the whole, in order: bytes, or (offset, length) of
        the file on disk."""
        if start < HEAD_SIZE:
            yield self.head[start : min(stop, HEAD_SIZE)]
        begin, end = max(start, HEAD_SIZE), min(stop, self.upto)
        if begin < end:
            yield begin, end - begin
        if stop > self.upto:
            yield self.cues[max(0, start - self.upto) : stop - self.upto]


def programme(directory: Path) -> tuple[Snapshot, ...]:
    """The parts of the programme as they are now; empty while nothing of it can be played. Raises OSError."""
    found = _journal(directory)
    if found is None:
        return ()
    parts = []
    for facts in found.files.values():
        if facts.made.role == "programme":
            try:
                parts.append(_snapshot(directory, found, facts, None))
            except NoSnapshot:
                continue
    return tuple(parts)


def at(directory: Path, name: str, upto: int) -> Snapshot:
    """Of a part of the programme at a length that ``programme`` told. Raises NoSnapshot, OSError."""
    found = _journal(directory)
    facts = None if found is None else found.files.get(name)
    if found is None or facts is None or facts.made.role != "programme":
        raise NoSnapshot(name)
    return _snapshot(directory, found, facts, upto)


def _journal(directory: Path) -> Journal | None:
    try:
        return journal.load(directory)
    except journal.NoJournal:
        return None


def _snapshot(directory: Path, found: Journal, facts: FileFacts, upto: int | None) -> Snapshot:
    tail = _tail(directory / facts.made.name, facts, upto)
    if not tail.ends or tail.cut <= HEAD_SIZE or (upto is not None and tail.cut != upto):
        raise NoSnapshot(facts.made.name)
    made = facts.made
    started_at = found.begun.started_at + made.start
    duration = max(tail.ends.values()) + LAST_MS
    cues = cues_element(tail.cues, build_head(facts.tracks, started_at=started_at))
    head = build_head(
        facts.tracks,
        started_at=started_at,
        duration=duration,
        cues_at=tail.cut if cues else None,
        file_size=tail.cut + len(cues),
    )
    container = "x-matroska" if any(track.codec == "h264" for track in facts.tracks) else "webm"
    return Snapshot(made.name, f"video/{container}", made.start, duration, tail.cut, head, cues)


def _tail(path: Path, facts: FileFacts, upto: int | None) -> Tail:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        raise NoSnapshot(path.name) from None
    try:
        size = os.fstat(descriptor).st_size
        if upto is not None:
            if not HEAD_SIZE < upto <= size:
                raise NoSnapshot(path.name)
            size = upto
        video = next((track.number for track in facts.tracks if track.is_video), None)
        cue_track = facts.tracks[0].number if video is None else video
        cues = [cue for cue in facts.cues if cue.at < size]
        # What lies before the last cue but one is taken on trust, as what has long been written: a request reads
        # what has come since, and no length that somebody makes up has the whole file read.
        synced = cues[-2].at + 1 if len(cues) > 1 else 0
        return scan(
            lambda at, length: os.pread(descriptor, length, at), size, cues, cue_track, video is None, synced
        )
    finally:
        os.close(descriptor)
