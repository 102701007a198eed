"""Requests in any order and of any shape; packets when nobody wants them."""

import asyncio
import os
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from media import tap
from media.parameters import RtpCodecParameters
from recorder.control import (
    AddTrack,
    CloseRecording,
    EndTrack,
    ListRecordings,
    OpenRecording,
    RecorderDone,
    RecorderFailed,
    RecordingClosed,
    RecordingOpened,
    RecordingsOpen,
    RecordingTrouble,
    SetStage,
    TakeRecorderStats,
)
from recorder.disk import Disk, DiskFull
from tests.recorder.conftest import EPOCH
from tests.recorder.kit import reading
from tests.recorder.kit.sender import Stream, VideoTrack, VoiceTrack, add_track, connect


def snapshot(directory):
    return {path.name: (path.stat().st_size, path.read_bytes()) for path in directory.iterdir()}


async def test_packets_after_close_change_nothing(studio, opening):
    await studio.recorder.handle(opening)
    screen, voice = VideoTrack(1), VoiceTrack(2)
    for track, share in ((screen, "s1"), (voice, "s2")):
        await studio.recorder.handle(add_track("r1", track, share=share, source="screen"))
    stream = Stream([screen, voice], EPOCH)
    await studio.play(stream, 1500)
    await studio.recorder.handle(CloseRecording("r1"))
    before = snapshot(studio.directory / "r1")
    screen.key_wanted = True
    await studio.play(stream, 3000)
    late = await studio.recorder.handle(add_track("r1", screen, share="s1", source="screen"))
    assert isinstance(late, RecorderFailed)
    assert late.code == "closed"
    again = await studio.recorder.handle(opening)
    assert isinstance(again, RecorderFailed)
    assert again.code == "closed"
    await studio.play(stream, 4000)
    assert snapshot(studio.directory / "r1") == before
    stats = (await studio.recorder.handle(TakeRecorderStats())).values
    assert stats["recorder_unknown_tap_packets"] > 50


async def test_same_requests_again(studio, opening):
    first = await studio.recorder.handle(opening)
    assert await studio.recorder.handle(opening) == first
    track = add_track("r1", VoiceTrack(2), share="s2", source="microphone")
    assert await studio.recorder.handle(track) == RecorderDone()
    assert await studio.recorder.handle(track) == RecorderDone()
    assert await studio.recorder.handle(EndTrack("r1", "s2")) == RecorderDone()
    assert await studio.recorder.handle(EndTrack("r1", "s2")) == RecorderDone()
    assert await studio.recorder.handle(SetStage("r1", "unknown")) == RecorderDone()
    assert await studio.recorder.handle(ListRecordings()) == RecordingsOpen(("r1",))


async def test_what_cannot_be_recorded_is_refused(studio, opening):
    await studio.recorder.handle(opening)
    codec = RtpCodecParameters("video/mystery", 100, 90000)
    refused = await studio.recorder.handle(AddTrack("r1", 5, "s", "p", "screen", "video", (codec,)))
    assert refused == RecorderFailed("unsupported", "video/mystery")
    assert (
        await studio.recorder.handle(AddTrack("r1", 5, "s", "p", "screen", "video", ()))
    ).code == "unsupported"


BAD_IDS = ["", "..", "../x", "a/b", "a" * 65, "é", "a\0b", "r1\n", ".", "con:1"]


@pytest.mark.parametrize("name", BAD_IDS)
async def test_ids_never_leave_the_directory(studio, opening, name):
    for request in (
        OpenRecording(name, "l", int(EPOCH)),
        CloseRecording(name),
        SetStage(name, None),
        EndTrack(name, "s"),
    ):
        assert isinstance(await studio.recorder.handle(request), RecorderFailed)
    await studio.recorder.handle(opening)
    bad_share = add_track("r1", VoiceTrack(2), share=name, source="microphone")
    assert isinstance(await studio.recorder.handle(bad_share), RecorderFailed)
    assert os.listdir(studio.directory) == ["r1"]


async def test_unknown_recording(studio):
    assert (await studio.recorder.handle(CloseRecording("nothing"))).code == "no_such_recording"
    assert (await studio.recorder.handle(SetStage("nothing", None))).code == "no_such_recording"


async def test_stopped_and_started_recorder_goes_on(studio_at, opening):
    """A recorder told to stop leaves whole files, which the next one takes up again."""
    one = await studio_at()
    screen, voice = VideoTrack(1), VoiceTrack(2)
    stream = Stream([screen, voice], EPOCH)
    await open_and_play(one, opening, stream, 2000)
    await one.close()
    first = reading.counters(one.directory / "r1" / "programme.webm")
    assert len(first) > 40
    two = await studio_at()
    two.now = EPOCH + 3000
    stream.skip(3000)
    screen.key_wanted = True
    assert await two.recorder.handle(ListRecordings()) == RecordingsOpen(("r1",))
    await open_and_play(two, opening, stream, 5000)
    closed = await two.recorder.handle(CloseRecording("r1"))
    assert isinstance(closed, RecordingClosed)
    found = reading.counters(one.directory / "r1" / "programme.webm")
    assert found[: len(first)] == first
    assert len(found) > 85
    assert 4900 < closed.duration < 5100


async def open_and_play(studio, opening, stream, until):
    assert isinstance(await studio.recorder.handle(opening), RecordingOpened)
    for track in stream.tracks:
        source = "microphone" if isinstance(track, VoiceTrack) else "screen"
        await studio.recorder.handle(add_track("r1", track, share=f"s{track.tap}", source=source))
    await studio.recorder.handle(SetStage("r1", "s1"))
    await studio.play(stream, until)


async def test_full_disk_stops_cleanly(studio, opening, monkeypatch):
    studio.waits_for_disk = True
    stream = Stream([VideoTrack(1), VoiceTrack(2)], EPOCH)
    await open_and_play(studio, opening, stream, 2000)

    def full(self: Disk) -> None:
        raise DiskFull("none left")

    monkeypatch.setattr(Disk, "check_space", full)
    await studio.play(stream, 4000)
    await studio.recorder._disk.flushed()
    assert RecordingTrouble("r1", "disk_full") in studio.notices
    closed = await studio.recorder.handle(CloseRecording("r1"))
    assert isinstance(closed, RecordingClosed)
    assert 1000 < closed.duration < 3500
    assert reading.counters(studio.directory / "r1" / "programme.webm")


async def test_slow_disk_drops_pictures_up_to_the_next_key_frame(studio_at, opening):
    studio = await studio_at(queue_bytes=20_000)
    studio.waits_for_disk = True
    stream = Stream([VideoTrack(1), VoiceTrack(2)], EPOCH)
    await open_and_play(studio, opening, stream, 1000)
    disk = studio.recorder._disk
    with disk._lock:
        disk.queued += 25_000
    await studio.play(stream, 2500)
    assert RecordingTrouble("r1", "slow_disk") in studio.notices
    with disk._lock:
        disk.queued -= 25_000
    await studio.play(stream, 5000)
    await studio.recorder.handle(CloseRecording("r1"))
    pictures = reading.pictures(studio.directory / "r1" / "programme.webm")
    numbers = [counter for _, counter in pictures]
    assert None not in numbers, "nothing is decoded over a gap"
    times = [at for at, _ in pictures]
    assert max(b - a for a, b in pairwise(times)) > 1000
    assert times[-1] > 4800


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=80), max_size=20), st.integers(0, 1))
async def test_rubbish_packets_harm_nothing(studio_at, tmp_path, packets, kind):
    studio = await studio_at(tmp_path / "fuzz")
    name = f"r{len(list((tmp_path / 'fuzz').iterdir()))}"
    await studio.recorder.handle(OpenRecording(name, "l", int(EPOCH)))
    for number, codec in enumerate(("vp8", "vp9", "h264", "av1")):
        track = VideoTrack.__new__(VideoTrack)
        track.tap, track.codec = number, codec
        await studio.recorder.handle(add_track(name, track, share=f"s{number}", source="screen"))
    frames = []
    for index, packet in enumerate(packets):
        header = bytes((0x80, 0x80 | 101)) + index.to_bytes(2, "big") + bytes(8)
        frames.append((0.0, tap.encode(tap.RTP + kind, index % 4, int(EPOCH * 1e6), header + packet)))
        frames.append((0.0, tap.encode(tap.RTP + kind, index % 4, int(EPOCH * 1e6), packet)))
    await studio.feed(frames)
    studio.now = EPOCH + 1000
    studio.recorder.tick()
    assert isinstance(await studio.recorder.handle(CloseRecording(name)), RecordingClosed)
    await studio.close()


async def test_broken_tap_stream_is_cut_and_others_live(studio, opening):
    await studio.recorder.handle(opening)
    bad = await connect(studio.recorder.tap_address)
    bad.write(b"\xff" * 64)
    await bad.drain()
    while (await studio.recorder.handle(TakeRecorderStats())).values["recorder_tap_streams_malformed"] < 1:  # noqa: ASYNC110
        await asyncio.sleep(0)
    stream = Stream([VoiceTrack(2)], EPOCH)
    await open_and_play(studio, opening, stream, 500)
    assert (await studio.recorder.handle(TakeRecorderStats())).values["recorder_packets"] > 20
    bad.close()
