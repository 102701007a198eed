"""SHA-256 of closed files: as they are on disk, kept in the manifest, told again to who asks again."""

import asyncio
import hashlib

from recorder import manifest
from recorder.control import (
    CloseRecording,
    EraseRecording,
    HashRecording,
    RecorderDone,
    RecorderFailed,
    RecordingErasedReply,
    RecordingHashed,
)
from recorder.sums import PIECE, Sums
from tests.recorder.conftest import EPOCH
from tests.recorder.kit.sender import Stream, VoiceTrack
from tests.recorder.test_requests import open_and_play

NAMES = ("programme.webm", "share-s2.webm")


async def hashed(studio):
    while not any(isinstance(n, RecordingHashed) for n in studio.notices):  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    [notice] = [n for n in studio.notices if isinstance(n, RecordingHashed)]
    studio.notices.clear()
    return notice


async def test_sums_are_told_and_kept(studio, studio_at, opening):
    await open_and_play(studio, opening, Stream([VoiceTrack(2)], EPOCH), 1000)
    early = await studio.recorder.handle(HashRecording("r1", NAMES))
    assert isinstance(early, RecorderFailed)
    assert early.code == "open"
    closed = await studio.recorder.handle(CloseRecording("r1"))
    directory = studio.directory / "r1"
    names = (*NAMES, "../../secret", "gone.webm")
    assert await studio.recorder.handle(HashRecording("r1", names)) == RecorderDone()
    notice = await hashed(studio)
    right = {name: hashlib.sha256((directory / name).read_bytes()).hexdigest() for name in NAMES}
    assert {file.name: file.sha256 for file in notice.files} == right
    assert {f.name: f.bytes for f in notice.files} == {f.name: f.bytes for f in closed.files}
    found = manifest.load(directory)
    assert found is not None
    assert {file.name: file.sha256 for file in found.files} == right
    # Asked again, by a gateway that missed it, of a recorder that has been started anew.
    other = await studio_at(studio.directory)
    (directory / "programme.webm").unlink()
    await other.recorder.handle(HashRecording("r1", NAMES))
    assert await hashed(other) == notice


async def test_an_erasure_does_not_wait_for_a_long_file(tmp_path, studio, opening):
    await open_and_play(studio, opening, Stream([VoiceTrack(2)], EPOCH), 500)
    await studio.recorder.handle(CloseRecording("r1"))
    with (studio.directory / "r1" / "programme.webm").open("r+b") as file:
        file.truncate(1 << 40)
    await studio.recorder.handle(HashRecording("r1", NAMES))
    erased = await studio.recorder.handle(EraseRecording("r1"))
    assert isinstance(erased, RecordingErasedReply)
    assert erased.bytes > 1 << 40
    assert not any(isinstance(n, RecordingHashed) for n in studio.notices)


async def test_pieces_and_rest(tmp_path):
    data = bytes(range(256)) * (PIECE // 256) + b"and more"
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "f").write_bytes(data)
    told: asyncio.Queue[tuple[str, object]] = asyncio.Queue()
    sums = Sums(tmp_path, lambda *what: told.put_nowait(what), rest=0.1)
    sums.want("r", ("f", "not there"))
    _, (file,) = await told.get()
    assert (file.bytes, file.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    await sums.close()
    await sums.close()
