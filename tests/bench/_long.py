"""A synthetic recording of hours: from its end to its first frame, and from any seek to its picture."""

import asyncio
import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np

from recorder import journal
from recorder.control import CloseRecording, RecordingClosed
from recorder.programme import AUDIO, NAME, TRACKS, VIDEO
from recorder.webm.tracks import Track
from recorder.webm.writer import WebmWriter
from tests.bench._figures import figure
from tests.recorder.kit.material import VideoEncoder, tone_packets
from tests.recorder.kit.process import RecorderProcess
from tests.recorder.kit.ranges import serve
from tests.recorder.kit.sender import Stream, VideoTrack, VoiceTrack
from tests.recorder.kit.worker import TapWorker

BENCH = "recorder"
FPS = 5
KEY_EVERY = 10
SEEKS = 40


class PageEncoder(VideoEncoder):
    """1080p full of letters, of which a few change with each frame."""

    def __init__(self) -> None:
        super().__init__("vp8", 1920, 1080)
        self._page = np.random.default_rng(1).choice(np.array([16, 235], np.uint8), (135, 480))

    def picture(self) -> np.ndarray:
        row = self.counter % 135
        self._page[row] = np.roll(self._page[row], 7)
        return self._page.repeat(8, axis=0).repeat(4, axis=1)


def pages() -> list[bytes]:
    """Ten seconds of real VP8: a key frame and what follows it."""
    encoder = PageEncoder()
    return [encoder.frame(key=index == 0) for index in range(KEY_EVERY * FPS)]


def write(path: Path, hours: float, started_at: int, recording: str = "r1", lesson: str = "l1") -> int:
    """A programme as a crash leaves it after ``hours``. Returns its size."""
    path.mkdir(parents=True)
    voices, pictures = tone_packets(500), pages()
    tracks = (Track(VIDEO, "vp8", 1920, 1080), TRACKS[1])
    writer = WebmWriter(tracks, started_at=started_at)
    lines: list[journal.Line] = [
        journal.Begun(recording, lesson, started_at),
        journal.FileMade(NAME, "programme", 0, tracks),
        journal.Retracked(NAME, tracks),
    ]
    with (path / NAME).open("wb") as file:
        file.write(writer.head())
        for index in range(int(hours * 180_000)):
            ms = index * 20
            if ms % (1000 // FPS) == 0:
                at = ms * FPS // 1000 % len(pictures)
                file.write(writer.block(VIDEO, ms, pictures[at], key=at == 0))
            file.write(writer.block(AUDIO, ms, voices[index % 500], key=True))
            lines += [journal.CueMade(NAME, cue) for cue in writer.take_cues()]
        # As it is told each ten seconds: all but the last of it is on the disk.
        lines.append(journal.Synced({NAME: writer.position - 500_000}))
    (path / journal.NAME).write_bytes(b"".join(map(journal.encode_line, lines)))
    os.sync()  # in a real lesson all but the last seconds has long been on disk
    return (path / NAME).stat().st_size


async def run(directory: Path, hours: float) -> None:
    await _left_open(directory / "crashed", hours)
    await _taken_up(directory / "live", hours)


async def _left_open(directory: Path, hours: float) -> None:
    size = write(directory / "r1", hours, 0)
    recorder = RecorderProcess(directory, f"unix:{directory}.sock")
    await recorder.start()
    asked = time.monotonic()
    closed = await recorder.ask(CloseRecording("r1"))
    assert isinstance(closed, RecordingClosed), closed
    figure(
        BENCH,
        f"finishing {hours:g} hours that a crash left open",
        1000 * (time.monotonic() - asked),
        "ms",
        megabytes=round(size / 1e6),
    )
    await recorder.stop()


async def _taken_up(directory: Path, hours: float) -> None:
    """The lesson goes on for some seconds and ends; then somebody watches, over HTTP."""
    epoch = int(time.time() * 1000 - hours * 3_600_000)
    write(directory / "r1", hours, epoch)
    stream = Stream([VideoTrack(1), VoiceTrack(2)], epoch)
    stream.skip(hours * 3_600_000)
    worker = TapWorker(stream)
    recorder = RecorderProcess(directory, f"unix:{directory}.sock")
    await recorder.start()
    await worker.attach(recorder)
    await worker.play(recorder, 4)
    runner, url = await serve(directory / "r1")
    try:
        ended = time.monotonic()
        closed = await recorder.ask(CloseRecording("r1"))
        assert isinstance(closed, RecordingClosed), closed
        closing = time.monotonic() - ended
        address = f"{url}/files/{NAME}"
        await asyncio.to_thread(_first_frame, address)
        took = time.monotonic() - ended
        figure(
            BENCH, f"end of {hours:g} hours to first frame", 1000 * took, "ms", closing=round(1000 * closing)
        )
        worker.detach()
        await recorder.stop()
        times = await asyncio.to_thread(seeks, address, hours * 3600, {})
        figure(
            BENCH,
            f"seek to picture in {hours:g} hours, any point, worst of {SEEKS}",
            1000 * max(times),
            "ms",
            median=round(1000 * sorted(times)[len(times) // 2]),
        )
    finally:
        await runner.cleanup()


def _first_frame(url: str) -> None:
    with av.open(url) as container:
        assert container.duration, "the length is known at once"
        next(container.decode(video=0))


def seeks(url: str, seconds: float, options: dict[str, str]) -> list[float]:
    """With one connection, as a player has it. The picture of the very moment, not the key frame before."""
    chance = random.Random(1)
    found = []
    with av.open(url, options=options) as container:
        video = container.streams.video[0]
        for _ in range(SEEKS):
            target = chance.uniform(0, seconds - 1)
            began = time.monotonic()
            container.seek(int(target * 1e6))
            _until(container, lambda at, target=target: at >= target - 1 / FPS, video)  # type: ignore[misc]
            found.append(time.monotonic() - began)
    return found


def _until(
    container: av.container.InputContainer, reached: Callable[[float], bool], video: av.VideoStream
) -> None:
    for frame in container.decode(video):
        if frame.time is not None and reached(frame.time):
            return
    raise AssertionError("the end came first")
