"""What of the recordings on disk is still to be stored, and what is stored and can go. Only reads."""

import mimetypes
import os
from pathlib import Path

from msgspec import Struct

from recorder import journal, manifest
from recorder.archive import mark
from recorder.archive.port import NoSuchFile, check_name, check_recording

SEAL_SECONDS = 3600.0
"""A recording whose files were not sealed by then is stored nevertheless: nobody asks any more."""
QUIET_SECONDS = 120.0
"""So long after the newest file: who begins to work on a closed recording finds it here."""
_STAYS = frozenset({manifest.NAME, mark.NAME, journal.NAME})
_UNFINISHED = (".new", ".tmp", ".part")


class PendingFile(Struct, frozen=True):
    name: str
    bytes: int
    modified: int
    mime_type: str
    sha256: str = ""


class Pending(Struct, frozen=True):
    """``upload``: in this order. ``removable``: what storage has. ``again_in``: seconds, when time alone may
    change something here; None: only a change of the directory can."""

    recording: str
    upload: tuple[PendingFile, ...] = ()
    removable: tuple[PendingFile, ...] = ()
    again_in: float | None = None

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.upload)


def recordings(root: Path) -> list[str]:
    """By name. Raises OSError."""
    found = []
    for path in root.iterdir():
        try:
            found.append(check_recording(path.name))
        except NoSuchFile:
            continue
    return sorted(found)


def look(root: Path, recording: str, now: float) -> Pending:
    """``now``: seconds since the epoch. Nothing of a recording that is not closed. Raises OSError."""
    directory = root / recording
    closed = manifest.load(directory) if directory.is_dir() and not directory.is_symlink() else None
    if closed is None or not closed.closed:
        return Pending(recording)
    known = {file.name: file for file in closed.files}
    age = now - (directory / manifest.NAME).stat().st_mtime
    unsealed = any(
        file.bytes and not file.sha256 for file in closed.files if file.role in ("programme", "share")
    )
    if unsealed and 0 <= age < SEAL_SECONDS:
        return Pending(recording, again_in=SEAL_SECONDS - age)
    stored = mark.load(directory)
    upload, here, newest = [], [], 0.0
    for entry in os.scandir(directory):
        if not _is_whole(entry):
            continue
        found = entry.stat(follow_symlinks=False)
        told = known.get(entry.name)
        guessed = mimetypes.guess_type(entry.name)[0] or "application/octet-stream"
        file = PendingFile(
            entry.name,
            found.st_size,
            found.st_mtime_ns,
            told.mime_type if told is not None else guessed,
            told.sha256 if told is not None and told.bytes == found.st_size else "",
        )
        if not stored.has(file.name, file.bytes, file.modified):
            upload.append(file)
        elif entry.name not in _STAYS:
            here.append(file)
        newest = max(newest, found.st_ctime)
    # The manifest last: where it is, the recording is whole.
    upload.sort(key=lambda file: (file.name == manifest.NAME, file.name))
    quiet_in = max(0.0, newest + QUIET_SECONDS - now)
    if upload or not here:
        return Pending(recording, tuple(upload))
    if quiet_in > 0:
        return Pending(recording, again_in=quiet_in)
    return Pending(recording, removable=tuple(here), again_in=quiet_in)


def _is_whole(entry: "os.DirEntry[str]") -> bool:
    try:
        check_name(entry.name)
    except NoSuchFile:
        return False
    return (
        entry.name not in (mark.NAME, journal.NAME)
        and not entry.name.endswith(_UNFINISHED)
        and entry.is_file(follow_symlinks=False)
    )
