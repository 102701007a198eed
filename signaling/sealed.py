"""Whether a lesson's recorded files are what its log says they were when they were closed."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from classroom.ids import RecordingId
from classroom.lesson.events import (
    Recorded,
    RecordingErased,
    RecordingSealed,
    RecordingStarted,
    RecordingStopped,
    SealedFile,
)
from classroom.stores.port import RecordingEntry
from recorder.archive.blocking import BlockingFiles
from recorder.archive.port import NoSuchFile


class Finding(Struct, frozen=True):
    """One line to tell. ``holds``: no reason to doubt the recording."""

    holds: bool
    text: str


class _Known(Struct):
    """What the log says of one recording."""

    files: dict[str, SealedFile]
    stopped: bool = False
    erased: Recorded | None = None


def check_files(
    log: Iterable[Recorded], entries: Sequence[RecordingEntry], files: BlockingFiles
) -> Iterator[Finding]:
    """Reads every sealed file, wherever it is. Raises OSError, StorageFailed."""
    names = {entry.id: [file.name for file in entry.files] for entry in entries}
    for recording, known in _known(log).items():
        try:
            here = files.names(recording)
        except NoSuchFile:
            yield Finding(False, f"recording {recording!r}: no such name can be")
            continue
        if known.erased is not None:
            yield _erased(recording, known.erased, bool(here))
        elif not known.stopped:
            yield Finding(True, f"recording {recording}: still running")
        elif not known.files:
            yield Finding(True, f"recording {recording}: not sealed yet")
        else:
            yield from (_file(recording, file, files) for file in known.files.values())
            for name in names.get(recording, ()):
                if name not in known.files and name in here:
                    yield Finding(True, f"recording {recording}: {name} is not sealed")


def _known(log: Iterable[Recorded]) -> dict[RecordingId, _Known]:
    found: dict[RecordingId, _Known] = {}
    for entry in log:
        match entry.event:
            case RecordingStarted(recording=recording):
                found[recording] = _Known({})
            case RecordingStopped(recording=recording):
                found.setdefault(recording, _Known({})).stopped = True
            case RecordingSealed(recording=recording, files=files):
                known = found.setdefault(recording, _Known({}))
                known.stopped = True
                known.files.update((file.name, file) for file in files)
            case RecordingErased(recording=recording):
                found.setdefault(recording, _Known({})).erased = entry
    return found


def _erased(recording: RecordingId, receipt: Recorded, here: bool) -> Finding:
    assert isinstance(receipt.event, RecordingErased)
    text = f"recording {recording}: erased ({receipt.event.reason}), event {receipt.seq} is the receipt"
    return Finding(False, f"{text}, but there are files of it") if here else Finding(True, text)


def _file(recording: RecordingId, sealed: SealedFile, files: BlockingFiles) -> Finding:
    said = f"recording {recording}: {sealed.name}"
    digest = hashlib.sha256()
    try:
        with files.open(recording, sealed.name) as opened:
            if opened.facts.bytes != sealed.bytes:
                return Finding(False, f"{said} was changed")
            for piece in opened.read():
                digest.update(piece)
    except NoSuchFile:
        return Finding(False, f"{said} is missing, and the log has no receipt of an erasure")
    if digest.hexdigest() != sealed.sha256:
        return Finding(False, f"{said} was changed")
    return Finding(True, f"{said} holds")
