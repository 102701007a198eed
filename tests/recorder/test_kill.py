"""``kill -9`` in mid-recording: one playable whole, at most two seconds lost each time."""

import asyncio
import random
import time
from itertools import pairwise

import pytest

from recorder.control import (
    CloseRecording,
    KeyFrameWanted,
    ListRecordings,
    OpenRecording,
    RecordingClosed,
    RecordingOpened,
    RecordingsOpen,
    SetStage,
)
from tests.recorder.kit import reading
from tests.recorder.kit.process import RecorderProcess
from tests.recorder.kit.sender import Stream, VideoTrack, VoiceTrack, add_track, connect


async def play(recorder: RecorderProcess, stream: Stream, seconds: float) -> None:
    """In real time."""
    opened = await recorder.ask(OpenRecording("r1", "l1", int(stream.epoch)))
    assert isinstance(opened, RecordingOpened)
    for track in stream.tracks:
        source = "microphone" if isinstance(track, VoiceTrack) else "screen"
        await recorder.ask(add_track("r1", track, share=f"s{track.tap}", source=source))
    await recorder.ask(SetStage("r1", "s1"))
    writer = await connect(opened.tap_address)
    stream.skip(time.time() * 1000 - stream.epoch)
    end = time.time() + seconds
    while (now := time.time()) < end:
        frames = stream.until(now * 1000 - stream.epoch, delay=lambda track: 0.0)
        writer.write(b"".join(frame for _, frame in frames))
        await writer.drain()
        if any(isinstance(notice, KeyFrameWanted) for notice in recorder.notices):
            recorder.notices.clear()
            for track in stream.tracks:
                if isinstance(track, VideoTrack):
                    track.key_wanted = True
        await asyncio.sleep(0.02)
    writer.close()


@pytest.mark.parametrize("seed", [1, 2])
async def test_killed_and_taken_up_again(tmp_path, seed):
    chance = random.Random(seed)
    address = f"unix:{tmp_path}/tap.sock"
    stream = Stream([VideoTrack(1), VoiceTrack(2)], int(time.time() * 1000))
    recorder = RecorderProcess(tmp_path / "recordings", address)
    directory = tmp_path / "recordings" / "r1"
    kills: list[float] = []
    for _ in range(2):
        await recorder.start()
        await play(recorder, stream, 1.5 + chance.random())
        await recorder.kill()
        kills.append(time.time() * 1000 - stream.epoch)
        for name in ("programme.webm", "share-s1.webm", "share-s2.webm"):
            kind = "audio" if name == "share-s2.webm" else "video"
            start = 0.0 if name == "programme.webm" else None
            times = reading.packet_times(directory / name, kind)
            assert times, name
            if start is not None:
                assert kills[-1] - times[-1] < 2000
        assert reading.counters(directory / "programme.webm")
    await recorder.start()
    assert await recorder.ask(ListRecordings()) == RecordingsOpen(("r1",))
    await play(recorder, stream, 1.0)
    closed = await recorder.ask(CloseRecording("r1"))
    await recorder.stop()

    assert isinstance(closed, RecordingClosed)
    assert len(closed.files) == 3
    for file in closed.files:
        assert (directory / file.name).stat().st_size == file.bytes
    pictures = reading.pictures(directory / "programme.webm")
    numbers = [counter for _, counter in pictures if counter is not None]
    assert numbers == sorted(set(numbers))
    for kill in kills:
        before = max(at for at, _ in pictures if at < kill)
        assert kill - before < 2000
    starts = [start for start, _ in reading.sound(directory / "programme.webm")[1]]
    steps = [after - before for before, after in pairwise(starts[1:])]
    assert max(steps) < 22, "the programme has sound throughout"


async def test_left_open_by_a_crash_and_closed_later(tmp_path):
    stream = Stream([VideoTrack(1), VoiceTrack(2)], int(time.time() * 1000))
    recorder = RecorderProcess(tmp_path / "recordings", f"unix:{tmp_path}/tap.sock")
    await recorder.start()
    await play(recorder, stream, 2.0)
    await recorder.kill()
    recorder = RecorderProcess(tmp_path / "recordings", f"unix:{tmp_path}/tap.sock")
    await recorder.start()
    closed = await recorder.ask(CloseRecording("r1"))
    again = await recorder.ask(CloseRecording("r1"))
    await recorder.stop()
    assert isinstance(closed, RecordingClosed)
    assert again == closed
    assert closed.duration > 500
    assert reading.counters(tmp_path / "recordings" / "r1" / "programme.webm")
