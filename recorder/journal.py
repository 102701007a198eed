"""What a recording must remember over a crash and its files cannot tell: one JSON line per fact."""

from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct, field

from recorder.time import Pause
from recorder.webm.tracks import Track
from recorder.webm.writer import Cue

NAME = "journal"


class Begun(Struct, frozen=True, tag="begun"):
    recording: str
    lesson: str
    started_at: int


class FileMade(Struct, frozen=True, tag="file"):
    """``start``: ms of recording time at the file's timestamp 0."""

    name: str
    role: Literal["programme", "share"]
    start: int
    tracks: tuple[Track, ...]
    share: str = ""
    participant: str = ""
    source: str = ""


class Retracked(Struct, frozen=True, tag="tracks"):
    """The file's video has become known; key frames of another codec before it were placeholders."""

    name: str
    tracks: tuple[Track, ...]


class CueMade(Struct, frozen=True, tag="cue"):
    name: str
    cue: Cue


class StillMade(Struct, frozen=True, tag="still"):
    """``bytes``: a file of another size was not written whole. A later line for the same share and time
    counts instead of an earlier one."""

    name: str
    share: str
    participant: str
    at_ms: int
    mime_type: str
    bytes: int


class Paused(Struct, frozen=True, tag="pauses"):
    """All of the recording's pauses so far."""

    pauses: tuple[Pause, ...]


class Synced(Struct, frozen=True, tag="synced"):
    """Up to these lengths the files are on the disk itself: what follows, a power loss may have left in any
    state."""

    lengths: dict[str, int]


Line = Begun | FileMade | Retracked | CueMade | StillMade | Paused | Synced
_decoder = msgspec.json.Decoder(Line)
_encoder = msgspec.json.Encoder()


class FileFacts(Struct):
    made: FileMade
    tracks: tuple[Track, ...]
    cues: list[Cue] = field(default_factory=list)
    pictured: bool = False
    synced: int = 0
    """The file's length that a power loss has left as it was."""


class Journal(Struct):
    begun: Begun
    files: dict[str, FileFacts]
    stills: list[StillMade] = field(default_factory=list)
    pauses: tuple[Pause, ...] = ()


class NoJournal(Exception):
    """There is no recording here to take up again."""


def encode_line(line: Line) -> bytes:
    return _encoder.encode(line) + b"\n"


def load(directory: Path) -> Journal:
    """Raises NoJournal, OSError."""
    try:
        return parse((directory / NAME).read_bytes())
    except FileNotFoundError as error:
        raise NoJournal("no journal") from error


def parse(data: bytes) -> Journal:
    """A torn last line is left out, and whatever follows a line that is none. Raises NoJournal."""
    begun: Begun | None = None
    pauses: tuple[Pause, ...] = ()
    files: dict[str, FileFacts] = {}
    stills: list[StillMade] = []
    for text in data.split(b"\n")[:-1]:
        try:
            line = _decoder.decode(text)
        except (msgspec.DecodeError, msgspec.ValidationError):
            continue
        match line:
            case Begun():
                begun = begun or line
            case FileMade():
                files.setdefault(line.name, FileFacts(line, line.tracks))
            case Retracked() if line.name in files:
                _retrack(files[line.name], line)
            case CueMade() if line.name in files:
                files[line.name].cues.append(line.cue)
            case Synced():
                for name, length in line.lengths.items():
                    if name in files:
                        files[name].synced = length
            case StillMade():
                stills.append(line)
            case Paused():
                pauses = line.pauses
    if begun is None:
        raise NoJournal("the journal has no beginning")
    return Journal(begun, files, stills, pauses)


def _retrack(facts: FileFacts, line: Retracked) -> None:
    before = {track.number: track.codec for track in facts.tracks}
    changed = {track.number for track in line.tracks if before.get(track.number) != track.codec}
    facts.cues = [cue for cue in facts.cues if cue.track not in changed]
    facts.tracks = line.tracks
    facts.pictured = True
