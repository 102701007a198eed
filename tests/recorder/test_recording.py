"""A lesson recorded through the real socket, read back with PyAV."""

import numpy as np
import pytest

from recorder.control import (
    CloseRecording,
    EndTrack,
    ListRecordings,
    RecorderDone,
    RecordingClosed,
    RecordingOpened,
    RecordingsOpen,
    SetStage,
)
from tests.recorder.conftest import EPOCH
from tests.recorder.kit import reading
from tests.recorder.kit.sender import Stream, VideoTrack, VoiceTrack, add_track


async def test_lesson_is_a_programme_and_a_file_per_share(studio, opening):
    opened = await studio.recorder.handle(opening)
    assert isinstance(opened, RecordingOpened)
    screen, voice = VideoTrack(1), VoiceTrack(2)
    assert (
        await studio.recorder.handle(add_track("r1", screen, share="s1", source="screen")) == RecorderDone()
    )
    assert (
        await studio.recorder.handle(add_track("r1", voice, share="s2", source="microphone"))
        == RecorderDone()
    )
    assert await studio.recorder.handle(SetStage("r1", "s1")) == RecorderDone()
    stream = Stream([screen, voice], EPOCH)
    await studio.play(stream, 6000)
    closed = await studio.recorder.handle(CloseRecording("r1"))

    assert isinstance(closed, RecordingClosed)
    assert {file.name for file in closed.files} == {"programme.webm", "share-s1.webm", "share-s2.webm"}
    assert 5900 <= closed.duration <= 6100
    for file in closed.files:
        path = studio.directory / "r1" / file.name
        assert path.stat().st_size == file.bytes
        assert abs(file.duration + file.start - 6000) < 150, file
    for name in ("programme.webm", "share-s1.webm"):
        found = reading.counters(studio.directory / "r1" / name)
        assert found == list(range(found[0], found[0] + len(found)))
        assert len(found) > 130
    samples, times = reading.sound(studio.directory / "r1" / "programme.webm")
    starts = [start for start, _ in times]
    assert np.allclose(np.diff(starts[1:]), 20, atol=1.1)
    assert 5.8 < len(samples) / 48000 < 6.1
    assert float(np.sqrt(np.mean(samples[48000:-48000] ** 2))) > 0.1
    assert await studio.recorder.handle(CloseRecording("r1")) == closed
    assert await studio.recorder.handle(ListRecordings()) == RecordingsOpen(())


@pytest.mark.parametrize("codec", ["vp8", "vp9", "h264", "av1"])
async def test_every_codec_is_kept(studio, opening, codec):
    await studio.recorder.handle(opening)
    screen = VideoTrack(1, codec)
    await studio.recorder.handle(add_track("r1", screen, share="s1", source="screen"))
    await studio.recorder.handle(SetStage("r1", "s1"))
    await studio.play(Stream([screen], EPOCH), 4000)
    closed = await studio.recorder.handle(CloseRecording("r1"))
    for file in closed.files:
        found = [counter for _, counter in reading.pictures(studio.directory / "r1" / file.name)]
        first = found[0]
        assert first is not None
        right = sum(counter == first + index for index, counter in enumerate(found))
        # The encoder itself (SVT-AV1 in low delay) smears a picture now and then.
        assert right >= len(found) * (0.6 if codec == "av1" else 1), file.name
        assert len(found) > 70


async def test_ended_share_leaves_its_picture(studio, opening):
    await studio.recorder.handle(opening)
    screen, voice = VideoTrack(1), VoiceTrack(2)
    await studio.recorder.handle(add_track("r1", screen, share="s1", source="screen"))
    await studio.recorder.handle(add_track("r1", voice, share="s2", source="microphone"))
    await studio.recorder.handle(SetStage("r1", "s1"))
    stream = Stream([screen, voice], EPOCH)
    await studio.play(stream, 2000)
    await studio.recorder.handle(EndTrack("r1", "s1"))
    await studio.recorder.handle(SetStage("r1", None))
    await studio.play(stream, 5000)
    closed = await studio.recorder.handle(CloseRecording("r1"))
    programme = next(file for file in closed.files if file.role == "programme")
    assert 4900 <= programme.duration <= 5100
    assert max(reading.packet_times(studio.directory / "r1" / "programme.webm", "video")) < 2100
