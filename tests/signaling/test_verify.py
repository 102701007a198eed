"""``classroom verify``: the log, and every file that was recorded."""

import asyncio
import hashlib
import shutil
from pathlib import Path

import pytest

from classroom.ids import ClassId, LessonId, ParticipantId, RecordingId
from classroom.lesson.events import (
    AnyEvent,
    LessonEnded,
    LessonScheduled,
    LessonStarted,
    RecordingErased,
    RecordingSealed,
    RecordingStarted,
    RecordingStopped,
    SealedFile,
)
from classroom.people import Role
from classroom.stores.database import open_stores
from classroom.stores.port import RecordingEntry, RecordingFileEntry
from signaling import cli

LESSON, R, NEXT = LessonId("bai1"), RecordingId("r1"), RecordingId("r2")
AT = 1_790_000_000_000
FILES = {"programme.webm": b"x" * 3_000_000, "share-a.webm": b"y" * 10}
SEALED = tuple(SealedFile(n, len(d), hashlib.sha256(d).hexdigest()) for n, d in FILES.items())


async def seed(data: Path, *more: AnyEvent) -> None:
    stores = await open_stores(data, school="THPT")
    try:
        class_id = await stores.classes.add("10A1")
        teacher = ParticipantId(await stores.accounts.add("gv", "Lê Lan", Role.TEACHER, "x", [class_id]))
        events: list[AnyEvent] = [
            LessonScheduled(LESSON, ClassId(class_id), "10A1", "Toán", teacher, AT, AT + 2_700_000),
            LessonStarted(teacher),
            RecordingStarted(R, teacher),
            RecordingStopped(R, teacher),
            RecordingStarted(NEXT, teacher),
            RecordingStopped(NEXT, teacher),
            LessonEnded(teacher),
            *more,
        ]
        await stores.log.append(LESSON, 0, events, AT)
        files = tuple(
            RecordingFileEntry(name, "share", "video/webm", 0, 1, 1) for name in [*FILES, "share-b.webm"]
        )
        await stores.recordings.put(RecordingEntry(R, LESSON, AT, "ready", 1000, files))
    finally:
        await stores.close()
    directory = data / "recordings" / R
    directory.mkdir(parents=True)
    for name, content in FILES.items():
        (directory / name).write_bytes(content)


def verify(data: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    status = cli.main(["verify", LESSON, "--data", str(data)])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_what_is_as_it_was_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(seed(tmp_path, RecordingSealed(R, SEALED)))
    (tmp_path / "recordings" / R / "share-b.webm").write_bytes(b"z")
    status, out, err = verify(tmp_path, capsys)
    assert (status, err) == (0, "")
    assert "recording r1: programme.webm holds" in out
    assert "recording r1: share-b.webm is not sealed" in out
    assert "recording r2: not sealed yet" in out


@pytest.mark.parametrize("how", ["longer", "another byte", "missing", "link", "erased by hand"])
def test_what_was_changed_does_not_hold(tmp_path: Path, capsys: pytest.CaptureFixture[str], how: str) -> None:
    asyncio.run(seed(tmp_path, RecordingSealed(R, SEALED)))
    path = tmp_path / "recordings" / R / "programme.webm"
    match how:
        case "longer":
            path.write_bytes(path.read_bytes() + b"!")
        case "another byte":
            path.write_bytes(b"!" + path.read_bytes()[1:])
        case "missing":
            path.unlink()
        case "link":
            shutil.move(path, tmp_path / "elsewhere")
            path.symlink_to(tmp_path / "elsewhere")
        case _:
            shutil.rmtree(path.parent)
    status, _, err = verify(tmp_path, capsys)
    assert status == 1
    assert "programme.webm was changed" in err or "programme.webm is missing" in err


def test_an_erasure_has_its_receipt(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    receipt = RecordingErased(R, ParticipantId("t"), "retention", 2, 3_000_010)
    asyncio.run(seed(tmp_path, RecordingSealed(R, SEALED), receipt))
    status, _, err = verify(tmp_path, capsys)
    assert status == 1
    assert "there are files of it" in err
    shutil.rmtree(tmp_path / "recordings" / R)
    status, out, _ = verify(tmp_path, capsys)
    assert status == 0
    assert "recording r1: erased (retention), event 9 is the receipt" in out
