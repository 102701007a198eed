"""An erased recording is gone as a whole, and what cut the erasure short changes nothing about that."""

import os

import pytest

from recorder import erasure
from recorder.control import CloseRecording, EraseRecording, RecorderFailed, RecordingErasedReply
from tests.recorder.kit.sender import Stream, VoiceTrack
from tests.recorder.test_requests import EPOCH, open_and_play


async def closed(studio, opening):
    await open_and_play(studio, opening, Stream([VoiceTrack(2)], EPOCH), 500)
    refused = await studio.recorder.handle(EraseRecording("r1"))
    assert isinstance(refused, RecorderFailed)
    assert refused.code == "open"
    await studio.recorder.handle(CloseRecording("r1"))
    return studio.directory / "r1"


async def test_erased_and_erased_again(studio, opening):
    directory = await closed(studio, opening)
    (directory / "inside").mkdir()
    (directory / "inside" / "foreign").write_bytes(b"x" * 100)
    (directory / "link").symlink_to("/etc")
    files = [path for path in directory.rglob("*") if path.is_file() and not path.is_symlink()]
    size = sum(path.stat().st_size for path in files)
    assert await studio.recorder.handle(EraseRecording("r1")) == RecordingErasedReply(len(files), size)
    assert os.listdir(studio.directory) == []
    assert await studio.recorder.handle(EraseRecording("r1")) == RecordingErasedReply(0, 0)
    refused = await studio.recorder.handle(CloseRecording("r1"))
    assert isinstance(refused, RecorderFailed)
    assert refused.code == "no_such_recording"


async def test_an_erasure_cut_short_is_out_of_sight_and_is_gone_on_with(
    studio, studio_at, opening, monkeypatch
):
    directory = await closed(studio, opening)
    count = len(list(directory.iterdir()))

    def stop(*_: object) -> None:
        raise OSError("power")

    with monkeypatch.context() as broken:
        broken.setattr(erasure.shutil, "rmtree", stop)
        failed = await studio.recorder.handle(EraseRecording("r1"))
    assert isinstance(failed, RecorderFailed)
    assert not directory.exists()
    [trash] = os.listdir(studio.directory)
    assert trash.startswith(".")
    again = await studio.recorder.handle(EraseRecording("r1"))
    assert isinstance(again, RecordingErasedReply)
    assert again.files == count

    (studio.directory / trash).mkdir()
    await studio_at(studio.directory)
    assert os.listdir(studio.directory) == []


@pytest.mark.parametrize("name", ["..", ".trash-x", "a/b", "*", ""])
async def test_nothing_else_is_erased(studio, name):
    (studio.directory / ".trash-x.1").mkdir()
    (studio.directory / ".trash-x.1" / "file").write_bytes(b"x")
    assert isinstance(await studio.recorder.handle(EraseRecording(name)), RecorderFailed)
    assert (studio.directory / ".trash-x.1" / "file").exists()
