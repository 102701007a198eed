"""What commands and the recorder role do where closed recordings are in object storage (a real S3 server)."""

import asyncio
import json
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec import Struct

from classroom.ids import ParticipantId
from classroom.lesson.events import RecordingErased, RecordingSealed
from recorder.archive import mark
from recorder.archive.both import Archive
from recorder.archive.opening import open_files
from recorder.archive.pace import ALONE, BESIDE_LESSONS
from recorder.archive.uploads import Uploads
from recorder.control import (
    EraseRecording,
    RecorderDone,
    RecorderFailed,
    RecorderStats,
    RecordingErasedReply,
    TakeRecorderStats,
)
from recorder.jobs.control import RemoveJobFile
from recorder.service import Recorder
from signaling import cli
from signaling.doctor_storage import storage
from signaling.roles.storing import Storing, open_archive, upload_rate
from signaling.settings import Settings
from tests.object_store import ObjectStore
from tests.recorder.archive.closed import Closed
from tests.signaling.test_verify import FILES, LESSON, SEALED, R, seed


def move(data: Path, url: str, recording: str = R) -> None:
    """Everything of a recording, as uploads do it."""

    async def run() -> None:
        archive = open_files(data / "recordings", url)
        assert isinstance(archive, Archive)
        for name in await archive.local.names(recording):
            path = archive.local.path(recording, name)
            mark.add(path.parent, name, await archive.put(recording, name, path))
            path.unlink()

    asyncio.run(run())


def test_verify_and_export_read_from_storage(
    tmp_path: Path, s3: ObjectStore, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(seed(tmp_path, RecordingSealed(R, SEALED)))
    url = s3.url()
    move(tmp_path, url)
    settings = ["--data", str(tmp_path), "--storage-url", url]
    assert cli.main(["verify", LESSON, *settings]) == 0
    assert "recording r1: programme.webm holds" in capsys.readouterr().out
    out = tmp_path / "pack.zip"
    cli.main(["export", LESSON, "--out", str(out), *settings])
    with zipfile.ZipFile(out) as pack:
        assert pack.read("recordings/r1/programme.webm") == FILES["programme.webm"]
        pack.extractall(tmp_path / "pack")
        assert json.loads(pack.read("manifest.json"))["missing"] == ["recordings/r1/share-b.webm"]
    checked = subprocess.run([sys.executable, "check_pack.py"], cwd=tmp_path / "pack", capture_output=True)
    assert checked.returncode == 0
    capsys.readouterr()
    assert cli.main(["verify", LESSON, "--data", str(tmp_path)]) == 1
    assert "programme.webm is missing" in capsys.readouterr().err
    s3.down()
    for command in (["verify", LESSON], ["export", LESSON, "--out", str(tmp_path / "other.zip")]):
        assert cli.main([*command, *settings]) == 1
        assert "storage of recordings: unreachable" in capsys.readouterr().err
    assert not (tmp_path / "other.zip").exists()


def test_a_receipt_with_files_left_in_storage(
    tmp_path: Path, s3: ObjectStore, capsys: pytest.CaptureFixture[str]
) -> None:
    receipt = RecordingErased(R, ParticipantId("t"), "asked", 2, 10)
    asyncio.run(seed(tmp_path, RecordingSealed(R, SEALED), receipt))
    url = s3.url()
    move(tmp_path, url)
    (tmp_path / "recordings" / R / mark.NAME).unlink()
    (tmp_path / "recordings" / R).rmdir()
    assert cli.main(["verify", LESSON, "--data", str(tmp_path), "--storage-url", url]) == 1
    assert "but there are files of it" in capsys.readouterr().err


def test_the_doctor_tries_the_storage(tmp_path: Path, s3: ObjectStore) -> None:
    def said(url: str) -> str:
        return str(storage(Settings(data=tmp_path, storage_url=url)))

    assert said("").startswith("OK       recordings stay")
    url = s3.url("school")
    assert said(url).startswith(f"OK       storage of recordings (s3://recordings/school at {s3.endpoint})")
    assert "written, read and deleted" in said(f"file://{tmp_path}/nas")
    assert list((tmp_path / "nas").iterdir()) == []
    assert "create the bucket" in said(f"s3://nowhere?endpoint={s3.endpoint}&region=us-east-1")
    assert "correct --storage-url" in said(url + "&ca=/nowhere.pem")
    s3.before = lambda _method, _path: 403
    assert "AWS_ACCESS_KEY_ID" in said(url)
    s3.before = lambda method, _path: 403 if method == "POST" else None
    assert "allowed to list, read, write and delete" in said(url)
    s3.down()
    assert said(url).startswith("PROBLEM")
    assert "check the endpoint" in said(url)
    assert "test" not in said(url).replace(s3.endpoint, ""), "no secret"


def test_uploads_give_way_to_lessons() -> None:
    assert upload_rate(None, records=True) == BESIDE_LESSONS < upload_rate(None, records=False) == ALONE
    assert upload_rate(8, records=True) == upload_rate(8, records=False) == 1e6


class Role:
    def __init__(self, root: Path, archive: Archive, storing: Storing, uploads: Uploads) -> None:
        self.root = root
        self.archive = archive
        self.handle = storing.handle
        self.uploads = uploads


@asynccontextmanager
async def role(tmp_path: Path, url: str) -> AsyncIterator[Role]:
    settings = Settings(data=tmp_path, storage_url=url)
    recorder = Recorder(settings.recordings, f"unix:{tmp_path}/tap", lambda _: None)
    archive = open_archive(settings, lambda: recorder.records)
    assert archive is not None

    async def handle(request: Struct) -> Struct:
        if isinstance(request, RemoveJobFile):
            (settings.recordings / request.recording / request.name).unlink(missing_ok=True)
            return RecorderDone()
        return await recorder.handle(request)  # type: ignore[arg-type]

    await recorder.start()
    uploads = Uploads(archive, recorder.hashes, look_seconds=0.02)
    try:
        yield Role(settings.recordings, archive, Storing(uploads, handle), uploads)
    finally:
        await uploads.close()
        await recorder.close()


async def test_erasure_takes_what_is_stored_and_waits_for_storage(tmp_path: Path, s3: ObjectStore) -> None:
    async with role(tmp_path, s3.url()) as here:
        one = Closed(here.root).add("a.webm", 10).add("export-1.mp4", 20, in_manifest=False)
        here.uploads.start()
        async with asyncio.timeout(10):
            # Counted after it is marked as stored.
            while here.uploads.figures["archive_uploaded_files"] < 3:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert len(mark.load(one.directory).files) == 3
        (one.directory / "a.webm").unlink()
        assert await here.handle(RemoveJobFile("r1", "export-1.mp4")) == RecorderDone()
        assert "export-1.mp4" not in await here.archive.names("r1")
        stats = await here.handle(TakeRecorderStats())
        assert isinstance(stats, RecorderStats)
        assert stats.values["recorder_archive_uploaded_files"] == 3
        s3.down()
        refused = await here.handle(EraseRecording("r1"))
        assert isinstance(refused, RecorderFailed)
        assert refused.code == "storage"
        assert one.directory.exists(), "all of it is yet to be done"
        s3.heal()
        erased = await here.handle(EraseRecording("r1"))
        assert isinstance(erased, RecordingErasedReply)
        assert erased.files == len({"a.webm", "manifest.json", "stored.json"})
        assert await here.archive.names("r1") == {}
        assert not one.directory.exists()
        again = await here.handle(EraseRecording("r1"))
        assert again == RecordingErasedReply(0, 0)
        bad = await here.handle(EraseRecording("../r1"))
        assert isinstance(bad, RecorderFailed)


def test_who_has_no_storage_does_not_load_its_library() -> None:
    code = (
        "import sys, signaling.roles.gateway, signaling.roles.recorder, signaling.assembly, signaling.doctor\n"
        "from pathlib import Path\n"
        "from recorder.archive.opening import open_files\n"
        "open_files(Path('x'), '')\n"
        "sys.exit('obstore' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
