"""Pauses of a recording: nothing of them is in its files, and its time goes on as if they had not been."""

from itertools import pairwise

import pytest

from recorder import manifest
from recorder.control import CloseRecording, OpenRecording, RecorderDone, RecordingClosed, SetPauses, SetStage
from recorder.time import Pause
from tests.recorder.conftest import EPOCH
from tests.recorder.kit import reading
from tests.recorder.kit.sender import Stream, VideoTrack, VoiceTrack, add_track

START = int(EPOCH)
FROM, UNTIL = 2_000, 5_000
PAUSE = Pause(START + FROM, START + UNTIL)


async def add(studio, stream):
    for track in stream.tracks:
        source = "microphone" if isinstance(track, VoiceTrack) else "screen"
        await studio.recorder.handle(add_track("r1", track, share=f"s{track.tap}", source=source))
    await studio.recorder.handle(SetStage("r1", "s1"))


def retap(stream):
    """As the gateway does when the recording goes on: a key frame is asked for."""
    for track in stream.tracks:
        if isinstance(track, VideoTrack):
            track.key_wanted = True


def check(directory, closed, *, until=FROM + 3_000):
    """Three seconds after the pause have been recorded."""
    assert isinstance(closed, RecordingClosed)
    assert closed.pauses == (PAUSE,)
    assert abs(closed.duration - until) < 100
    found = manifest.load(directory)
    assert found is not None
    assert found.pauses == (PAUSE,)
    pictures = reading.pictures(directory / "programme.webm")
    for at, counter in pictures:
        assert counter is not None
        captured = counter * 40
        assert not FROM <= captured < UNTIL, "nothing of the pause is in it"
        there = captured if captured < FROM else captured - (UNTIL - FROM)
        assert abs(there + 20 - at) < 60
    assert pictures[-1][0] > until - 300
    assert any(counter * 40 < FROM and counter * 40 > FROM - 150 for _, counter in pictures)
    starts = [start for start, _ in reading.sound(directory / "programme.webm")[1]]
    assert max(b - a for a, b in pairwise(starts[1:])) < 22, "sound throughout"
    for file in closed.files:
        kind = "audio" if file.name == "share-s2.webm" else "video"
        times = reading.packet_times(directory / file.name, kind)
        assert all(a < b for a, b in pairwise(times)), file.name
        assert abs(file.start + times[-1] - until) < 150, file.name


@pytest.mark.parametrize("told_late", [0, 100, 400])
async def test_paused_and_gone_on(studio, opening, told_late):
    stream = Stream([VideoTrack(1), VoiceTrack(2)], EPOCH)
    await studio.recorder.handle(opening)
    await add(studio, stream)
    await studio.play(stream, FROM + told_late)
    assert await studio.recorder.handle(SetPauses("r1", (Pause(PAUSE.at),))) == RecorderDone()
    await studio.play(stream, UNTIL)
    assert await studio.recorder.handle(SetPauses("r1", (PAUSE,))) == RecorderDone()
    assert await studio.recorder.handle(SetPauses("r1", (PAUSE,))) == RecorderDone()
    retap(stream)
    await add(studio, stream)
    await studio.play(stream, UNTIL + 3_000)
    closed = await studio.recorder.handle(CloseRecording("r1"))
    if told_late < 200:
        check(studio.directory / "r1", closed)
    else:
        # A share's own file may have half a second more of what had been written when the recorder was told.
        assert reading.pictures(studio.directory / "r1" / "programme.webm")
        assert abs(closed.duration - FROM - 3_000) < 100


async def test_the_end_in_a_pause_is_the_pauses_moment(studio, opening):
    stream = Stream([VideoTrack(1), VoiceTrack(2)], EPOCH)
    await studio.recorder.handle(opening)
    await add(studio, stream)
    await studio.play(stream, FROM)
    await studio.recorder.handle(SetPauses("r1", (Pause(PAUSE.at),)))
    await studio.play(stream, UNTIL)
    closed = await studio.recorder.handle(CloseRecording("r1"))
    assert isinstance(closed, RecordingClosed)
    assert FROM - 60 <= closed.duration <= FROM + 60
    assert reading.counters(studio.directory / "r1" / "programme.webm")[-1] * 40 < FROM


async def test_a_pause_the_recorder_hears_of_at_the_end_only(studio, opening):
    stream = Stream([VideoTrack(1), VoiceTrack(2)], EPOCH)
    await studio.recorder.handle(opening)
    await add(studio, stream)
    await studio.play(stream, FROM + 200)
    closed = await studio.recorder.handle(CloseRecording("r1", (Pause(PAUSE.at),)))
    assert isinstance(closed, RecordingClosed)
    assert closed.pauses == (Pause(PAUSE.at),)
    assert reading.counters(studio.directory / "r1" / "programme.webm")[-1] * 40 < FROM


@pytest.mark.parametrize("gone", [(1_000, 3_000), (3_000, 4_000), (3_000, 6_000), (1_500, 6_000)])
async def test_a_restart_around_a_pause(studio_at, opening, gone):
    """The recorder is away from ``gone[0]`` to ``gone[1]``; what it missed of the pause it is told then."""
    away, back = gone
    stream = Stream([VideoTrack(1), VoiceTrack(2)], EPOCH)
    one = await studio_at()
    await one.recorder.handle(opening)
    await add(one, stream)
    await one.play(stream, min(away, FROM))
    if away > FROM:
        await one.recorder.handle(SetPauses("r1", (Pause(PAUSE.at),)))
        await one.play(stream, away)
    await one.close()
    two = await studio_at()
    two.now = EPOCH + back
    stream.skip(back)
    for track in stream.tracks:
        if isinstance(track, VideoTrack):
            track.encoder.counter = round(back / 40)
    known = (Pause(PAUSE.at),) if back < UNTIL else (PAUSE,)
    await two.recorder.handle(OpenRecording("r1", "lesson1", START, known))
    if back < UNTIL:
        await two.play(stream, UNTIL)
        await two.recorder.handle(SetPauses("r1", (PAUSE,)))
    retap(stream)
    await add(two, stream)
    await two.play(stream, UNTIL + 3_000)
    closed = await two.recorder.handle(CloseRecording("r1"))
    assert isinstance(closed, RecordingClosed)
    assert closed.pauses == (PAUSE,)
    assert abs(closed.duration - FROM - 3_000) < 100
    for at, counter in reading.pictures(two.directory / "r1" / "programme.webm"):
        captured = counter * 40
        assert not FROM <= captured < UNTIL
        assert abs((captured if captured < FROM else captured - 3_000) + 20 - at) < 60


async def test_left_open_in_a_pause_and_finished_without_anybody(studio_at, opening):
    one = await studio_at()
    stream = Stream([VideoTrack(1), VoiceTrack(2)], EPOCH)
    await one.recorder.handle(opening)
    await add(one, stream)
    await one.play(stream, FROM)
    await one.recorder.handle(SetPauses("r1", (Pause(PAUSE.at),)))
    await one.close()
    two = await studio_at()
    closed = await two.recorder.handle(CloseRecording("r1"))
    assert isinstance(closed, RecordingClosed)
    assert closed.pauses == (Pause(PAUSE.at),)
    assert abs(closed.duration - FROM) < 60
    assert await two.recorder.handle(CloseRecording("r1")) == closed
