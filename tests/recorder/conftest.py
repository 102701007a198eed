import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from recorder.control import KeyFrameWanted, OpenRecording, RecorderNotice
from recorder.service import Recorder
from tests.recorder.kit.sender import Stream, VideoTrack, connect

EPOCH = 1_790_000_000_000.0


class Studio:
    """A recorder on a clock of the test's own, fed through its real socket."""

    def __init__(self, directory: Path, address: str, **options: object) -> None:
        self.directory = directory
        self.now = EPOCH
        self.waits_for_disk = False
        """Of tests that look at what the disk has taken: the machine's own may be slower than their time."""
        self.notices: list[RecorderNotice] = []
        self.recorder = Recorder(directory, address, self.notices.append, wall_ms=lambda: self.now, **options)
        self._writer: asyncio.StreamWriter | None = None
        self._sent = 0.0

    async def packets(self) -> float:
        from recorder.control import TakeRecorderStats

        values = (await self.recorder.handle(TakeRecorderStats())).values
        return values.get("recorder_packets", 0) + values.get("recorder_unknown_tap_packets", 0)

    async def feed(self, frames: list[tuple[float, bytes]]) -> None:
        """Sends, and waits until the recorder has taken them."""
        if self._writer is None:
            self._writer = await connect(self.recorder.tap_address)
            self._sent = await self.packets()
        self._writer.write(b"".join(frame for _, frame in frames))
        await self._writer.drain()
        self._sent += len(frames)
        while await self.packets() < self._sent:  # noqa: ASYNC110
            await asyncio.sleep(0)

    async def play(self, stream: Stream, until: float, *, step: float = 100.0, **how: object) -> None:
        """Lets time pass up to ``until`` ms after the stream's epoch; key frames asked for are sent."""
        while self.now < stream.epoch + until:
            self.now = min(self.now + step, stream.epoch + until)
            await self.feed(stream.until(self.now - stream.epoch, **how))
            self.recorder.tick()
            self.answer(stream)
            if self.waits_for_disk and self.recorder._disk is not None:
                await self.recorder._disk.flushed()

    def answer(self, stream: Stream) -> None:
        wanted = {notice.share for notice in self.notices if isinstance(notice, KeyFrameWanted)}
        for track in stream.tracks:
            if isinstance(track, VideoTrack) and f"s{track.tap}" in wanted:
                track.key_wanted = True
        self.asked = getattr(self, "asked", 0) + len(wanted)
        self.notices[:] = [n for n in self.notices if not isinstance(n, KeyFrameWanted)]

    async def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        await self.recorder.close()


@pytest.fixture
async def studio_at(tmp_path: Path) -> AsyncIterator[Callable[..., "asyncio.Future[Studio]"]]:
    made: list[Studio] = []

    async def make(directory: Path = tmp_path / "recordings", **options: object) -> Studio:
        studio = Studio(directory, f"unix:{tmp_path}/tap{len(made)}.sock", **options)
        await studio.recorder.start()
        made.append(studio)
        return studio

    yield make
    for studio in made:
        await studio.close()


@pytest.fixture
async def studio(studio_at) -> Studio:
    return await studio_at()


@pytest.fixture
def opening() -> OpenRecording:
    return OpenRecording("r1", "lesson1", int(EPOCH))
