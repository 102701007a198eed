"""``manifest.json``: what a recording consists of, for whoever plays or archives it."""

from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from recorder.control import HashedFile, RecordedFile, RecordingClosed
from recorder.files import Files
from recorder.time import Pause

NAME = "manifest.json"


class Manifest(Struct, frozen=True):
    """Times in ms: ``started_at`` and ``pauses`` since the epoch, all others of recording time."""

    recording: str
    lesson: str
    started_at: int
    closed: bool = False
    duration: int = 0
    files: tuple[RecordedFile, ...] = ()
    version: int = 1
    pauses: tuple[Pause, ...] = ()

    def as_reply(self) -> RecordingClosed:
        return RecordingClosed(
            self.recording, self.duration, self.files, self.pauses, self.lesson, self.started_at
        )


def load(directory: Path) -> Manifest | None:
    """None when there is none, or none that can be read. Raises OSError."""
    try:
        return msgspec.json.decode((directory / NAME).read_bytes(), type=Manifest)
    except (FileNotFoundError, msgspec.DecodeError, msgspec.ValidationError):
        return None


def add_sums(directory: Path, sums: Iterable[HashedFile]) -> None:
    """To a closed recording's; not where a file has another size by now. Raises OSError."""
    found = load(directory)
    if found is None or not found.closed:
        return
    by_name = {file.name: file for file in sums}
    files = tuple(
        replace(file, sha256=by_name[file.name].sha256)
        if file.name in by_name and by_name[file.name].bytes == file.bytes
        else file
        for file in found.files
    )
    if files != found.files:
        save(directory, replace(found, files=files))


def save(directory: Path, manifest: Manifest, files: Files | None = None) -> None:
    data = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    (files or Files()).write_whole(directory / NAME, data)
