"""A lesson's evidence pack: what happened, who was there, what was said and recorded, and the proof.

One ZIP file: the log as people and programs read it, the hash chain that shows any change, and a
program of the standard library alone that checks the whole pack.
"""

import csv
import hashlib
import io
import json
import os
import zipfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from classroom.attendance import attendance, attendance_csv
from classroom.attendance.sheet import neutral
from classroom.lesson.events import Knocked, MessageSent, Recorded
from classroom.log import SealedRow, open_row, verify
from classroom.people import Actor
from classroom.stores.port import LessonEntry, RecordingEntry
from recorder.archive.blocking import BlockingFile, BlockingFiles
from recorder.archive.port import NoSuchFile

CHECKER = Path(__file__).with_name("check_pack.py")


class Material(Struct, frozen=True):
    """All that goes into a pack. ``exported_at``: milliseconds since the epoch."""

    school: str
    lesson: LessonEntry
    rows: Sequence[SealedRow]
    roster: Sequence[Actor]
    recordings: Sequence[RecordingEntry]
    exported_at: int


class Written(Struct, frozen=True):
    """``broken``: first seq of the log that does not hold, else None. ``missing``: files not found."""

    files: int
    broken: int | None
    missing: tuple[str, ...]


def write_pack(out: Path, material: Material, recordings: BlockingFiles) -> Written:
    """Writes ``out`` whole or not at all. Raises OSError, StorageFailed."""
    fresh = out.with_name(f".{out.name}.new")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                written = _Pack(archive).write(material, recordings)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(out)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    return written


class _Pack:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._files: list[dict[str, object]] = []

    def write(self, material: Material, recordings: BlockingFiles) -> Written:
        broken = verify(material.rows, material.lesson.id)
        good = material.rows if broken is None else material.rows[: broken - 1]
        log = [open_row(row) for row in good]
        self._text("log.jsonl", log_lines(log))
        self._text("proof.jsonl", proof_lines(material.rows))
        self._bytes("attendance.csv", attendance_csv(attendance(log, material.roster)))
        self._bytes("chat.csv", chat_csv(log))
        missing = self._recordings(material.recordings, recordings)
        self._bytes("check_pack.py", CHECKER.read_bytes())
        manifest = {
            "format": "classroom evidence pack 1",
            "school": material.school,
            "exported_at": _time(material.exported_at),
            "lesson": msgspec.to_builtins(material.lesson),
            "events": len(material.rows),
            "last_hash": material.rows[-1].hash.hex() if material.rows else None,
            "chain_holds": broken is None,
            "recordings": msgspec.to_builtins(material.recordings),
            "missing": missing,
            "files": self._files,
        }
        self._archive.writestr("manifest.json", json.dumps(manifest, ensure_ascii=False, indent=1))
        return Written(len(self._files) + 1, broken, tuple(missing))

    def _text(self, name: str, text: str) -> None:
        self._bytes(name, text.encode())

    def _bytes(self, name: str, data: bytes) -> None:
        self._archive.writestr(name, data)
        self._files.append({"name": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()})

    def _recordings(self, entries: Iterable[RecordingEntry], files: BlockingFiles) -> list[str]:
        missing = []
        for entry in entries:
            for file in entry.files:
                name = f"recordings/{entry.id}/{file.name}"
                try:
                    with files.open(entry.id, file.name) as opened:
                        self._copy(name, opened)
                except NoSuchFile:
                    missing.append(name)
        return missing

    def _copy(self, name: str, opened: BlockingFile) -> None:
        digest, size = hashlib.sha256(), 0
        modified = datetime.fromtimestamp(opened.facts.modified / 1e9, UTC)
        info = zipfile.ZipInfo(name, max(modified.timetuple()[:6], (1980, 1, 1, 0, 0, 0)))
        info.external_attr = 0o640 << 16  # stored: media does not get smaller
        with self._archive.open(info, "w", force_zip64=True) as target:
            for piece in opened.read():
                digest.update(piece)
                size += len(piece)
                target.write(piece)
        self._files.append({"name": name, "bytes": size, "sha256": digest.hexdigest()})


def log_lines(log: Iterable[Recorded]) -> str:
    """One JSON object a line, with the time written out."""
    return "".join(
        json.dumps(
            {
                "seq": each.seq,
                "at": each.at,
                "time": _time(each.at),
                "event": msgspec.to_builtins(each.event),
            },
            ensure_ascii=False,
        )
        + "\n"
        for each in log
    )


def proof_lines(rows: Iterable[SealedRow]) -> str:
    """The chain as it is stored: bytes that are text as text, the others in hexadecimal."""
    return "".join(
        json.dumps(
            {
                "seq": row.seq,
                "at": row.at,
                "header": row.header.decode("utf-8", "backslashreplace"),
                "personal": None
                if row.personal is None
                else row.personal.decode("utf-8", "backslashreplace"),
                "salt": None if row.salt is None else row.salt.hex(),
                "digest": row.digest.hex(),
                "hash": row.hash.hex(),
            },
            ensure_ascii=False,
        )
        + "\n"
        for row in rows
    )


def chat_csv(log: Iterable[Recorded]) -> bytes:
    """UTF-8 with BOM. No cell is a formula."""
    names: dict[str, tuple[str, str]] = {}
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(("time", "name", "username", "message"))
    for recorded in log:
        match recorded.event:
            case Knocked(participant=participant, name=name, username=username):
                names[participant] = (name, username)
            case MessageSent(participant=participant, text=text):
                cells = (_time(recorded.at), *names.get(participant, ("", "")), text)
                writer.writerow([neutral(cell) for cell in cells])
    return "\ufeff".encode() + out.getvalue().encode("utf-8", "replace")


def _time(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")
