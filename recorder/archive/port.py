"""What files of recordings offer, wherever they are. Times are nanoseconds since the epoch."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO, Protocol

from msgspec import Struct

LONGEST_NAME = 200
_RECORDING = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")


class NoSuchFile(Exception):
    """Not here: not (or no longer) stored, or no name that a recording's file can have."""


class StorageFailed(Exception):
    """Storage did not do what it was asked. ``code``: unreachable (no answer in time, or none at all), refused
    (credentials, rights), missing (no such bucket), damaged (other bytes than were sent)."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code


class Facts(Struct, frozen=True):
    """``sha256``: hexadecimal; empty where it is not known without reading the file."""

    bytes: int
    modified: int
    sha256: str = ""

    @property
    def etag(self) -> str:
        """Of HTTP, without quotes. The same wherever the file is: who is half way through goes on."""
        return f"{self.modified:x}-{self.bytes:x}"


class Deleted(Struct, frozen=True):
    files: int = 0
    bytes: int = 0

    def __add__(self, other: "Deleted") -> "Deleted":
        return Deleted(self.files + other.files, self.bytes + other.bytes)


class OpenFile(Protocol):
    """Owned by whoever opened it. What is open can be read to its end, whatever is deleted meanwhile where the
    file is local; in storage, reading then raises NoSuchFile."""

    @property
    def facts(self) -> Facts: ...

    @property
    def file(self) -> BinaryIO | None:
        """For sendfile, where there is a local file behind it."""
        ...

    def read(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes from ``start`` up to, without, ``stop``, which is not beyond the end. In pieces of at most
        1 MiB, each fetched only when it is asked for (at most one ahead). Raises StorageFailed, NoSuchFile, OSError."""
        ...

    async def close(self) -> None:
        """Idempotent."""
        ...


class RecordingFiles(Protocol):
    """Every method may raise StorageFailed (within seconds, never a hang) and OSError."""

    async def names(self, recording: str) -> dict[str, int]:
        """All files of a recording, with their sizes."""
        ...

    async def open(self, recording: str, name: str) -> OpenFile:
        """Raises NoSuchFile."""
        ...

    async def put(
        self, recording: str, name: str, source: Path, *, mime_type: str = "", sha256: str = ""
    ) -> Facts:
        """Stores ``source``, whole or not at all, in bounded memory; ``sha256``: what its bytes must have.
        What is there afterwards was checked against what was sent; else StorageFailed (damaged), or NoSuchFile when
        it was deleted meanwhile."""
        ...

    async def delete(self, recording: str, name: str) -> None:
        """Also when it is not there."""
        ...

    async def delete_all(self, recording: str) -> Deleted:
        """Every file of the recording, known or not, unfinished ones too. Idempotent: what was there counts."""
        ...

    async def local_copy(self, recording: str, name: str, into: Path) -> Path:
        """``into``/``name``, for programs that need a path: a link where that is possible, else a copy; the
        caller's own, whatever becomes of the original. Raises NoSuchFile."""
        ...

    async def close(self) -> None: ...


def check_recording(recording: str) -> str:
    """Raises NoSuchFile."""
    if not _RECORDING.fullmatch(recording):
        raise NoSuchFile("no valid id of a recording")
    return recording


def check_name(name: str) -> str:
    """Raises NoSuchFile for what leads elsewhere, or is hidden or unfinished."""
    if len(name) > LONGEST_NAME or not _NAME.fullmatch(name):
        raise NoSuchFile("no valid name of a file")
    return name
