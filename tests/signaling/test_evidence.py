"""Evidence packs: whole, checkable without us, and telling when something was changed."""

import asyncio
import csv
import io
import json
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from msgspec.structs import replace

from classroom.ids import ClassId, ConnectionId, LessonId, MessageId, ParticipantId, RecordingId
from classroom.lesson.events import (
    Admitted,
    AnyEvent,
    Entered,
    Knocked,
    LessonEnded,
    LessonScheduled,
    LessonStarted,
    MessageSent,
)
from classroom.people import Role
from classroom.stores.database import open_stores
from classroom.stores.port import RecordingEntry, RecordingFileEntry
from signaling import cli

LESSON = LessonId("bai1")
TEACHER, STUDENT = ParticipantId("t"), ParticipantId("s")
AT = 1_790_000_000_000


async def seed(data: Path) -> None:
    stores = await open_stores(data, school="THPT")
    try:
        class_id = await stores.classes.add("10A1")
        teacher = ParticipantId(await stores.accounts.add("gv", "Lê Lan", Role.TEACHER, "x", [class_id]))
        events: list[AnyEvent] = [
            LessonScheduled(LESSON, ClassId(class_id), "10A1", "Toán", teacher, AT, AT + 2_700_000),
            LessonStarted(teacher),
            Knocked(STUDENT, ConnectionId("c"), Role.STUDENT, True, False, "hs1", "Nguyễn An", "10A1"),
            Admitted(STUDENT, teacher),
            Entered(STUDENT, ConnectionId("c")),
            MessageSent(MessageId("m"), STUDENT, "=1+1 chào cô"),
            LessonEnded(teacher),
        ]
        await stores.log.append(LESSON, 0, events[:-1], AT)
        await stores.log.append(LESSON, len(events) - 1, events[-1:], AT + 2_700_000)
        files = tuple(
            RecordingFileEntry(name, "programme", "video/webm", 0, 1000, 5)
            for name in ("programme.webm", "gone.webm", "../../secret")
        )
        await stores.recordings.put(RecordingEntry(RecordingId("r1"), LESSON, AT, "ready", 1000, files))
    finally:
        await stores.close()
    directory = data / "recordings" / "r1"
    directory.mkdir(parents=True)
    (directory / "programme.webm").write_bytes(b"\x1aE\xdf\xa3" * 5000)
    (data / "secret").write_text("not of this recording")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    asyncio.run(seed(tmp_path / "data"))
    return tmp_path / "data"


def export(data: Path, out: Path) -> int:
    return cli.main(["export", LESSON, "--out", str(out), "--data", str(data)])


def check(directory: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(directory / "check_pack.py")],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def unpack(out: Path, directory: Path) -> Path:
    with zipfile.ZipFile(out) as archive:
        assert archive.testzip() is None
        archive.extractall(directory)
    return directory


def test_a_pack_holds_everything_and_checks_itself(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "bai1.zip"
    assert export(data, out) == 1  # two files of the recording are not there
    assert capsys.readouterr().err.count("not found: ") == 2
    pack = unpack(out, tmp_path / "pack")
    assert check(pack) == (0, "everything holds\n")
    assert "not of this recording" not in "".join(
        path.read_text(errors="replace") for path in pack.rglob("*") if path.is_file()
    )
    manifest = json.loads((pack / "manifest.json").read_text("utf-8"))
    assert manifest["chain_holds"] is True
    assert manifest["events"] == 7
    assert manifest["missing"] == ["recordings/r1/gone.webm", "recordings/r1/../../secret"]
    assert (pack / "recordings/r1/programme.webm").read_bytes() == b"\x1aE\xdf\xa3" * 5000
    log = [json.loads(line) for line in (pack / "log.jsonl").read_text("utf-8").splitlines()]
    assert [line["event"]["kind"] for line in log][-2:] == ["MessageSent", "LessonEnded"]
    chat = list(csv.reader(io.StringIO((pack / "chat.csv").read_text("utf-8-sig"))))
    assert chat[1][1:] == ["Nguyễn An", "hs1", "'=1+1 chào cô"]
    assert "Nguyễn An" in (pack / "attendance.csv").read_text("utf-8-sig")


@pytest.mark.parametrize("name", ["log.jsonl", "attendance.csv", "recordings/r1/programme.webm"])
def test_a_changed_file_shows(data: Path, tmp_path: Path, name: str) -> None:
    export(data, tmp_path / "x.zip")
    pack = unpack(tmp_path / "x.zip", tmp_path / "pack")
    path = pack / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    status, said = check(pack)
    assert status == 1
    assert name in said


def test_a_changed_proof_shows_even_with_a_fitting_manifest(data: Path, tmp_path: Path) -> None:
    export(data, tmp_path / "x.zip")
    pack = unpack(tmp_path / "x.zip", tmp_path / "pack")
    proof = pack / "proof.jsonl"
    for before, after, event in (("Nguyễn An", "Nguyễn Bn", 3), ("LessonStarted", "LessonEnded", 2)):
        text = proof.read_text("utf-8")
        assert before in text
        proof.write_text(text.replace(before, after), "utf-8")
        assert f"event {event}: the chain does not hold" in check(pack)[1]
        proof.write_text(text, "utf-8")


def test_verify(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["verify", LESSON, "--data", str(data)]) == 0
    assert "holds: 7 events" in capsys.readouterr().out
    assert cli.main(["verify", "none", "--data", str(data)]) == 1
    assert "no lesson none" in capsys.readouterr().err

    forged = tmp_path / "forged"
    shutil.copytree(data, forged)
    with sqlite3.connect(forged / "classroom.db") as database:
        for (trigger,) in database.execute("select name from sqlite_master where type='trigger'").fetchall():
            database.execute(f'drop trigger "{trigger}"')
        forge = "cast(replace(cast(personal as text), 'An', 'Bn') as blob)"
        database.execute(f"update log set personal = {forge} where seq = 3")
    assert cli.main(["verify", LESSON, "--data", str(forged)]) == 1
    assert "event 3 does not hold" in capsys.readouterr().out
    assert export(forged, tmp_path / "forged.zip") == 1
    assert json.loads(zipfile.ZipFile(tmp_path / "forged.zip").read("manifest.json"))["chain_holds"] is False


def test_what_is_being_erased_is_in_no_pack(data: Path, tmp_path: Path) -> None:
    async def erase() -> None:
        stores = await open_stores(data, school="THPT")
        try:
            (entry,) = await stores.recordings.of_lesson(LESSON)
            await stores.recordings.put(replace(entry, state="erasing"))
        finally:
            await stores.close()

    asyncio.run(erase())
    assert export(data, tmp_path / "bai1.zip") == 0
    names = zipfile.ZipFile(tmp_path / "bai1.zip").namelist()
    assert [name for name in names if name.startswith("recordings/")] == []


def test_a_pack_is_written_whole_or_not_at_all(data: Path, tmp_path: Path) -> None:
    assert export(data, tmp_path / "no" / "x.zip") == 1
    assert cli.main(["export", "none", "--out", str(tmp_path / "y.zip"), "--data", str(data)]) == 1
    assert list(tmp_path.glob("*.zip")) == []
