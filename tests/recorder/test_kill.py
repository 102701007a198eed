"""``kill -9`` in mid-recording: one playable whole, at most two seconds lost each time."""

import random
import time
from itertools import pairwise

import pytest

from recorder.control import CloseRecording, ListRecordings, RecordingClosed, RecordingsOpen
from tests.recorder.kit import reading
from tests.recorder.kit.process import RecorderProcess
from tests.recorder.kit.sender import Stream, VideoTrack, VoiceTrack
from tests.recorder.kit.worker import TapWorker


@pytest.mark.parametrize("codec", ["vp8", "vp9"])
async def test_killed_and_taken_up_again(tmp_path, codec):
    """What the worker holds meanwhile closes the gap: nothing is lost, nothing is there twice."""
    chance = random.Random(codec)
    stream = Stream([VideoTrack(1, codec), VoiceTrack(2, beep_every=50)], int(time.time() * 1000))
    worker = TapWorker(stream)
    recorder = RecorderProcess(tmp_path / "recordings", f"unix:{tmp_path}/tap.sock")
    directory = tmp_path / "recordings" / "r1"
    for _ in range(2):
        await recorder.start()
        await worker.attach(recorder)
        await worker.play(recorder, 1.5 + chance.random())
        await recorder.kill()
        worker.detach()
        for name in ("programme.webm", "share-s1.webm"):
            assert reading.counters(directory / name)
    await recorder.start()
    assert await recorder.ask(ListRecordings()) == RecordingsOpen(("r1",))
    await worker.attach(recorder)
    await worker.play(recorder, 1.0)
    closed = await recorder.ask(CloseRecording("r1"))
    await recorder.stop()

    assert isinstance(closed, RecordingClosed)
    assert len(closed.files) == 3
    for file in closed.files:
        assert (directory / file.name).stat().st_size == file.bytes
    for name in ("programme.webm", "share-s1.webm"):
        pictures = reading.pictures(directory / name)
        numbers = [counter for _, counter in pictures]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), name
        assert max(b - a for (a, _), (b, _) in pairwise(pictures)) < 200
    samples, times = reading.sound(directory / "programme.webm")
    assert max(b - a for (a, _), (b, _) in pairwise(times[1:])) < 22, "the programme has sound throughout"
    heard = reading.onsets(samples)
    assert len(heard) >= closed.duration // 1000 - 1
    assert all(900 < b - a < 1100 for a, b in pairwise(heard)), "no beep is lost, none is there twice"


async def test_left_open_by_a_crash_and_closed_later(tmp_path):
    stream = Stream([VideoTrack(1), VoiceTrack(2)], int(time.time() * 1000))
    recorder = RecorderProcess(tmp_path / "recordings", f"unix:{tmp_path}/tap.sock")
    worker = TapWorker(stream)
    await recorder.start()
    await worker.attach(recorder)
    await worker.play(recorder, 2.0)
    await recorder.kill()
    worker.detach()
    recorder = RecorderProcess(tmp_path / "recordings", f"unix:{tmp_path}/tap.sock")
    await recorder.start()
    closed = await recorder.ask(CloseRecording("r1"))
    again = await recorder.ask(CloseRecording("r1"))
    await recorder.stop()
    assert isinstance(closed, RecordingClosed)
    assert again == closed
    assert closed.duration > 500
    assert reading.counters(tmp_path / "recordings" / "r1" / "programme.webm")
