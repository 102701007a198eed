"""``kill -9`` of the recorder at random moments of one lesson."""

import random
import time
from itertools import pairwise
from pathlib import Path

import av

from recorder.control import CloseRecording, RecordingClosed
from tests.bench._figures import figure
from tests.recorder.kit import reading
from tests.recorder.kit.process import RecorderProcess
from tests.recorder.kit.sender import Stream, VideoTrack, VoiceTrack
from tests.recorder.kit.worker import TapWorker

BENCH = "recorder"


async def run(directory: Path, kills: int) -> None:
    """Between two kills the recorder lives for up to three seconds, and is started again by nobody faster
    than here: what a supervisor and a gateway add is in the browser test of kills."""
    chance = random.Random(kills)
    stream = Stream([VideoTrack(1, fps=15), VoiceTrack(2, beep_every=50)], int(time.time() * 1000))
    worker = TapWorker(stream)
    recorder = RecorderProcess(directory / "kills", f"unix:{directory}/kills.sock")
    path = directory / "kills" / "r1"
    unreadable = 0
    away: list[float] = []
    for _ in range(kills):
        began = time.monotonic()
        await recorder.start()
        await worker.attach(recorder)
        away.append(time.monotonic() - began)
        await worker.play(recorder, chance.uniform(0, 3))
        await recorder.kill()
        worker.detach()
        unreadable += sum(not _readable(file) for file in path.glob("*.webm"))
    await recorder.start()
    await worker.attach(recorder)
    await worker.play(recorder, 2)
    closed = await recorder.ask(CloseRecording("r1"))
    assert isinstance(closed, RecordingClosed), closed
    await recorder.stop()
    pictures = reading.pictures(path / "programme.webm")
    counters = [counter for _, counter in pictures]
    samples, times = reading.sound(path / "programme.webm")
    beeps = reading.onsets(samples)
    gaps = [b - a for (a, _), (b, _) in pairwise(pictures)]
    figure(
        BENCH,
        f"longest gap between pictures over {kills} kill -9",
        max(gaps),
        "ms",
        pictures=len(pictures),
        pictures_lost=sum(b - a - 1 for a, b in pairwise(counters)),
        pictures_broken=sum(counter is None for counter in counters),
        sound_gap_ms=round(max(b - a for (a, _), (b, _) in pairwise(times)), 1),
        beep_distance_ms=[
            round(min(b - a for a, b in pairwise(beeps))),
            round(max(b - a for a, b in pairwise(beeps))),
        ],
        unreadable_files=unreadable,
        restart_ms=round(1000 * max(away)),
        seconds=round(closed.duration / 1000),
    )


def _readable(path: Path) -> bool:
    """One that has no whole cluster yet has nothing to lose."""
    try:
        with av.open(str(path)) as container:
            return any(True for _ in container.demux())
    except av.error.FFmpegError:
        return path.stat().st_size < 10_000
