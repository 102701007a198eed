"""A programme whose pictures change their codec goes on in a further part, and loses none of them."""

from itertools import pairwise

from recorder.control import CloseRecording, RecordingClosed, SetStage
from tests.recorder.conftest import EPOCH
from tests.recorder.kit import reading
from tests.recorder.kit.sender import Stream, VideoTrack, VoiceTrack, add_track


def parts_of(closed):
    assert isinstance(closed, RecordingClosed)
    return [file for file in closed.files if file.role == "programme"]


def shown(directory, parts):
    """(ms of the recording, counter) over all parts."""
    return [
        (part.start + at, counter)
        for part in parts
        for at, counter in reading.pictures(directory / part.name)
    ]


async def begin(studio, opening, *tracks):
    await studio.recorder.handle(opening)
    for track in tracks:
        source = "microphone" if isinstance(track, VoiceTrack) else "screen"
        await studio.recorder.handle(add_track("r1", track, share=f"s{track.tap}", source=source))
    await studio.recorder.handle(SetStage("r1", "s1"))
    return Stream(tracks, EPOCH)


async def change_codec(studio, stream, codec, at, tap):
    """The first share goes on by another tap; both send for half a second."""
    old = next(t for t in stream.tracks if isinstance(t, VideoTrack))
    new = VideoTrack(tap, codec)
    new.encoder.counter = old.encoder.counter
    stream.join(new, at)
    await studio.recorder.handle(add_track("r1", new, share="s1", source="screen"))
    await studio.play(stream, at + 500)
    stream.tracks.remove(old)


def check_whole(directory, parts, until):
    pictures = shown(directory, parts)
    counters = [counter for _, counter in pictures]
    assert None not in counters
    assert counters == list(range(counters[0], counters[0] + len(counters)))
    assert all(abs(counter * 40 - at) < 60 for at, counter in pictures)
    assert max(b - a for (a, _), (b, _) in pairwise(pictures)) < 100
    assert counters[-1] * 40 > until - 200
    heard = []
    for part in parts:
        heard += [part.start + at for at in reading.packet_times(directory / part.name, "audio")]
    assert max(b - a for a, b in pairwise(heard)) <= 40
    for one, next_one in pairwise(parts):
        assert abs(one.start + one.duration - next_one.start) <= 60


async def test_a_share_changes_its_codec(studio, opening):
    stream = await begin(studio, opening, VideoTrack(1, "vp9"), VoiceTrack(2))
    await studio.play(stream, 3000)
    await change_codec(studio, stream, "vp8", 3000, tap=3)
    await studio.play(stream, 6000)
    closed = await studio.recorder.handle(CloseRecording("r1"))
    parts = parts_of(closed)
    assert [part.name for part in parts] == ["programme.webm", "programme-2.webm"]
    directory = studio.directory / "r1"
    check_whole(directory, parts, 6000)
    # The share's own files: one of each codec.
    shares = [file.name for file in closed.files if file.share == "s1"]
    assert shares == ["share-s1.webm", "share-s1-2.webm"]
    own = [counter for name in shares for counter in reading.counters(directory / name)]
    assert sorted(set(own)) == list(range(max(own) + 1))


async def test_another_share_of_another_codec_comes_on_stage(studio, opening):
    one, two, voice = VideoTrack(1), VideoTrack(2, "vp9"), VoiceTrack(3)
    stream = await begin(studio, opening, one, two, voice)
    await studio.play(stream, 2000)
    await studio.recorder.handle(SetStage("r1", "s2"))
    await studio.play(stream, 4000)
    await studio.recorder.handle(SetStage("r1", "s1"))
    await studio.play(stream, 6000)
    closed = await studio.recorder.handle(CloseRecording("r1"))
    parts = parts_of(closed)
    assert len(parts) == 3
    pictures = shown(studio.directory / "r1", parts)
    assert max(b - a for (a, _), (b, _) in pairwise(pictures)) < 1300


async def test_a_recorder_that_comes_back_goes_on_in_the_last_part(studio_at, opening):
    one = await studio_at()
    stream = await begin(one, opening, VideoTrack(1, "vp9"), VoiceTrack(2))
    await one.play(stream, 2000)
    await change_codec(one, stream, "vp8", 2000, tap=3)
    await one.play(stream, 4000)
    await one.close()
    two = await studio_at()
    two.now = EPOCH + 5000
    stream.skip(5000)
    screen = next(t for t in stream.tracks if isinstance(t, VideoTrack))
    screen.key_wanted = True
    screen.encoder.counter = 125
    await two.recorder.handle(opening)
    for track, share, source in ((stream.tracks[0], "s2", "microphone"), (screen, "s1", "screen")):
        await two.recorder.handle(add_track("r1", track, share=share, source=source))
    await two.recorder.handle(SetStage("r1", "s1"))
    await two.play(stream, 7000)
    parts = parts_of(await two.recorder.handle(CloseRecording("r1")))
    assert len(parts) == 2
    pictures = shown(two.directory / "r1", parts)
    assert all(abs(counter * 40 - at) < 60 for at, counter in pictures)
    assert pictures[-1][0] > 6700
    assert abs(parts[1].start + parts[1].duration - 7000) < 200
