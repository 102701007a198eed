"""Shares of every codec: another size in mid-lesson, any number of starts and ends, two screens at once."""

from itertools import pairwise

import av
import pytest

from recorder.control import CloseRecording, EndTrack, RecordingClosed, SetStage
from tests.recorder.conftest import EPOCH
from tests.recorder.kit import reading
from tests.recorder.kit.sender import Stream, VideoTrack, VoiceTrack, add_track

CODECS = ["vp8", "vp9", "h264", "av1"]


def right(pictures, codec, *, offset=0.0):
    """Each picture is that of its moment. SVT-AV1 in low delay smears some of its own."""
    good = [counter is not None and abs(counter * 40 - offset - at) < 100 for at, counter in pictures]
    return sum(good) >= len(good) * (0.6 if codec == "av1" else 1)


def sizes(path):
    with av.open(str(path)) as container:
        found = [(frame.width, frame.height) for frame in container.decode(video=0)]
    return [one for one, before in zip(found, [None, *found], strict=False) if one != before]


async def share(studio, stream, track, name, at):
    await studio.recorder.handle(add_track("r1", track, share=name, source="screen"))
    track.encoder.counter = round(at / 40)
    track.key_wanted = True
    stream.join(track, at)


@pytest.mark.parametrize("codec", CODECS)
async def test_another_size_in_mid_lesson(studio, opening, codec):
    """A window made larger; a phone that is turned, whose browser turns the picture."""
    await studio.recorder.handle(opening)
    screen, voice = VideoTrack(1, codec), VoiceTrack(2)
    for track, name in ((screen, "s1"), (voice, "s2")):
        await studio.recorder.handle(add_track("r1", track, share=name, source="screen"))
    await studio.recorder.handle(SetStage("r1", "s1"))
    stream = Stream([screen, voice], EPOCH)
    await studio.play(stream, 1500)
    for until, size in ((3000, (640, 384)), (4500, (384, 640))):
        screen.encoder.resize(*size)
        screen.key_wanted = True
        await studio.play(stream, until)
    closed = await studio.recorder.handle(CloseRecording("r1"))
    assert isinstance(closed, RecordingClosed)
    directory = studio.directory / "r1"
    for file in closed.files:
        if file.share == "s2":
            continue
        pictures = reading.pictures(directory / file.name)
        assert len(pictures) > 95
        assert right(pictures, codec, offset=file.start), file.name
        assert sizes(directory / file.name) == [(320, 192), (640, 384), (384, 640)]


@pytest.mark.parametrize("codec", CODECS)
async def test_shares_come_and_go_two_at_once(studio, opening, codec):
    """One screen of this codec ends and comes back; another, of VP8, is there as well for a while."""
    await studio.recorder.handle(opening)
    voice = VoiceTrack(9)
    await studio.recorder.handle(add_track("r1", voice, share="s9", source="microphone"))
    stream = Stream([voice], EPOCH)
    first, second, again = (
        VideoTrack(1, codec),
        VideoTrack(2, "vp8", width=640, height=384),
        VideoTrack(3, codec),
    )
    await share(studio, stream, first, "s1", 0)
    await studio.recorder.handle(SetStage("r1", "s1"))
    await studio.play(stream, 2000)
    await share(studio, stream, second, "s2", 2000)
    await studio.play(stream, 3000)
    await studio.recorder.handle(SetStage("r1", "s2"))
    await studio.play(stream, 4000)
    stream.tracks.remove(first)
    await studio.recorder.handle(EndTrack("r1", "s1"))
    await studio.play(stream, 5000)
    stream.tracks.remove(second)
    await studio.recorder.handle(EndTrack("r1", "s2"))
    await studio.recorder.handle(SetStage("r1", None))
    await studio.play(stream, 5500)
    await share(studio, stream, again, "s1", 5500)
    await studio.recorder.handle(SetStage("r1", "s1"))
    await studio.play(stream, 7000)
    closed = await studio.recorder.handle(CloseRecording("r1"))
    assert isinstance(closed, RecordingClosed)
    directory = studio.directory / "r1"
    shown = []
    for file in closed.files:
        if file.share == "s9":
            continue
        pictures = reading.pictures(directory / file.name)
        if file.role == "programme":
            shown += [(file.start + at, counter) for at, counter in pictures]
        of = "vp8" if file.share == "s2" else codec
        assert right(pictures, of, offset=file.start), file.name
    one = [file for file in closed.files if file.share == "s1"]
    two = next(file for file in closed.files if file.share == "s2")
    assert len(one) == 1, "one that comes back goes on in its file"
    assert abs(one[0].start + one[0].duration - 7000) < 200
    assert abs(two.start - 2000) < 150
    assert abs(two.start + two.duration - 5000) < 200
    # Nothing is on stage for half a second; changes wait for a key frame, which comes within a second.
    gaps = [(at, after - at) for (at, _), (after, _) in pairwise(shown) if after - at > 200]
    assert all(gap < 1400 for _, gap in gaps)
    assert len(gaps) <= 3
    assert shown[-1][0] > 6800
    heard = [start for start, _ in reading.sound(directory / "share-s9.webm")[1]]
    assert max(after - before for before, after in pairwise(heard[1:])) < 22
