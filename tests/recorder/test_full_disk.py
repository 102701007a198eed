"""A disk that is really full, and one that is slow: whole files, said in time, the rest goes on."""

import asyncio
import os
import subprocess
import threading
from itertools import pairwise

import pytest

from recorder.control import (
    CloseRecording,
    OpenRecording,
    RecorderFailed,
    RecordingClosed,
    RecordingTrouble,
    Space,
    TakeSpace,
)
from recorder.disk import LEAST_FREE
from recorder.files import Files
from tests.recorder.conftest import EPOCH
from tests.recorder.kit import reading
from tests.recorder.kit.sender import Stream, VideoTrack, VoiceTrack
from tests.recorder.test_requests import open_and_play

SIZE = 140 << 20


@pytest.fixture
def small_disk(tmp_path):
    directory = tmp_path / "small"
    directory.mkdir()
    command = ("mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", str(directory))
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("a small file system can be mounted by root only")
    yield directory
    subprocess.run(("umount", "-l", str(directory)), check=True)


def leave(directory, free):
    """Fills the disk up to ``free`` bytes."""
    found = os.statvfs(directory)
    with (directory / "filler").open("ab") as file:
        os.posix_fallocate(file.fileno(), file.tell(), found.f_bavail * found.f_frsize - free)


async def play_until_trouble(studio, stream):
    while not any(isinstance(n, RecordingTrouble) for n in studio.notices):
        await studio.play(stream, studio.now - EPOCH + 100)
        await asyncio.sleep(0.01)


async def test_a_full_disk(small_disk, studio_at, opening):
    studio = await studio_at(small_disk / "recordings")
    stream = Stream([VideoTrack(1), VoiceTrack(2)], EPOCH)
    await open_and_play(studio, opening, stream, 3_000)
    leave(small_disk, LEAST_FREE - 100_000)
    await play_until_trouble(studio, stream)
    at = studio.now - EPOCH
    assert [n for n in studio.notices if isinstance(n, RecordingTrouble)] == [
        RecordingTrouble("r1", "disk_full")
    ]
    await studio.play(stream, at + 1_000)
    left = os.statvfs(small_disk)
    assert left.f_bavail * left.f_frsize > LEAST_FREE - 1_000_000
    # Neither is it taken up again nor does another one begin, until there is room.
    for request in (opening, OpenRecording("r2", "lesson2", int(studio.now))):
        refused = await studio.recorder.handle(request)
        assert isinstance(refused, RecorderFailed)
        assert refused.code == "disk_full"
    assert not (studio.directory / "r2").exists()
    space = await studio.recorder.handle(TakeSpace())
    assert isinstance(space, Space)
    assert space.free < LEAST_FREE < space.needed
    # Not even what is kept spare is there: it is tried again when there is some.
    leave(small_disk, 0)
    refused = await studio.recorder.handle(CloseRecording("r1"))
    assert isinstance(refused, RecorderFailed)
    assert refused.code == "disk_full"
    os.truncate(small_disk / "filler", 1 << 20)
    closed = await studio.recorder.handle(CloseRecording("r1"))
    assert isinstance(closed, RecordingClosed)
    assert closed.duration > 1_500
    for file in closed.files:
        path = studio.directory / "r1" / file.name
        assert path.stat().st_size == file.bytes
        assert reading.packet_times(path, "audio" if "s2" in file.name else "video")
    assert None not in [
        counter for _, counter in reading.pictures(studio.directory / "r1" / "programme.webm")
    ]
    space = await studio.recorder.handle(TakeSpace())
    assert isinstance(space, Space)
    assert space.free > space.needed


class SlowFiles(Files):
    """Writes wait for ``go``."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.go.set()

    def write(self, descriptor, offset, data):
        self.go.wait()
        super().write(descriptor, offset, data)


async def test_a_slow_disk_is_told_of_once_and_told_well_again(studio_at, opening):
    files = SlowFiles()
    studio = await studio_at(queue_bytes=60_000, files=files)
    studio.waits_for_disk = True
    stream = Stream([VideoTrack(1), VoiceTrack(2)], EPOCH)
    await open_and_play(studio, opening, stream, 2_000)
    files.go.clear()
    studio.waits_for_disk = False
    await studio.play(stream, 8_000)
    assert studio.recorder._disk.queued < 3 * 60_000, "what waits is bounded"
    files.go.set()
    await studio.recorder._disk.flushed()
    studio.waits_for_disk = True
    await studio.play(stream, 11_000)
    troubles = [n.code for n in studio.notices if isinstance(n, RecordingTrouble)]
    assert troubles == ["slow_disk", "disk_well"]
    closed = await studio.recorder.handle(CloseRecording("r1"))
    assert isinstance(closed, RecordingClosed)
    pictures = reading.pictures(studio.directory / "r1" / "programme.webm")
    assert None not in [counter for _, counter in pictures], "nothing is decoded over a gap"
    times = [at for at, _ in pictures]
    assert max(b - a for a, b in pairwise(times)) > 1_000
    assert times[-1] > 10_700
