"""What the programme shows and when it sounds."""

import random
from itertools import pairwise

import numpy as np
import pytest

from recorder.control import CloseRecording, EndTrack, SetStage
from recorder.mixer import FRAME, Mixer, soft_clip
from tests.recorder.conftest import EPOCH
from tests.recorder.kit import reading
from tests.recorder.kit.sender import Stream, VideoTrack, VoiceTrack, add_track


async def add(studio, *tracks, participant="p1"):
    for track in tracks:
        source = "microphone" if isinstance(track, VoiceTrack) else "screen"
        await studio.recorder.handle(
            add_track("r1", track, share=f"s{track.tap}", source=source, participant=participant)
        )


def beeps(path):
    """ms at which tones begin."""
    samples, times = reading.sound(path)
    loud = np.abs(samples[: len(samples) // 240 * 240]).reshape(-1, 240).max(axis=1) > 0.1
    return [
        times[0][0] + i * 5 for i in range(1, len(loud)) if loud[i] and not loud[max(0, i - 40) : i].any()
    ]


async def test_stage_switches_at_key_frames(studio, opening):
    await studio.recorder.handle(opening)
    one, two = VideoTrack(1, width=320, height=192), VideoTrack(2, width=640, height=384)
    two.encoder.counter = 1000
    await add(studio, one, two)
    await studio.recorder.handle(SetStage("r1", "s1"))
    stream = Stream([one, two], EPOCH)
    await studio.play(stream, 3000)
    await studio.recorder.handle(SetStage("r1", "s2"))
    await studio.play(stream, 6000)
    await studio.recorder.handle(SetStage("r1", "s1"))
    await studio.play(stream, 9000)
    await studio.recorder.handle(CloseRecording("r1"))
    found = reading.pictures(studio.directory / "r1" / "programme.webm")
    assert all(counter is not None for _, counter in found)
    times = [at for at, _ in found]
    assert max(b - a for a, b in pairwise(times)) < 300
    shown = [(counter >= 1000) for _, counter in found]
    assert [a for a, b in pairwise(shown) if a != b] == [False, True]
    for base, of_two in ((0, False), (1000, True)):
        rows = [(at, counter - base) for at, counter in found if (counter >= 1000) == of_two]
        assert all(abs(counter * 40 - at) < 60 for at, counter in rows)


async def test_window_resized_in_mid_stream(studio, opening):
    await studio.recorder.handle(opening)
    screen = VideoTrack(1)
    await add(studio, screen)
    await studio.recorder.handle(SetStage("r1", "s1"))
    stream = Stream([screen], EPOCH)
    for index, (width, height) in enumerate(((320, 192), (640, 384), (480, 256), (320, 192))):
        screen.encoder.resize(width, height)
        screen.key_wanted = True
        await studio.play(stream, 1000 * (index + 1))
    await studio.recorder.handle(CloseRecording("r1"))
    for name in ("programme.webm", "share-s1.webm"):
        found = reading.counters(studio.directory / "r1" / name)
        assert found == list(range(found[0], found[0] + len(found)))
        assert len(found) > 90


async def test_loss_and_reordering_keep_the_programme_whole(studio, opening):
    await studio.recorder.handle(opening)
    screen, voice = VideoTrack(1), VoiceTrack(2)
    await add(studio, screen, voice)
    await studio.recorder.handle(SetStage("r1", "s1"))
    chance = random.Random(3)
    stream = Stream([screen, voice], EPOCH)
    await studio.play(
        stream, 12_000, delay=lambda t: 20 + chance.random() * 60, lose=lambda t: chance.random() < 0.01
    )
    await studio.recorder.handle(CloseRecording("r1"))
    found = reading.pictures(studio.directory / "r1" / "programme.webm")
    numbers = [counter for _, counter in found]
    assert None not in numbers
    assert numbers == sorted(set(numbers))
    assert max(b - a for a, b in pairwise([at for at, _ in found])) < 1000
    assert all(abs(counter * 40 - at) < 120 for at, counter in found)


@pytest.mark.parametrize("late", [0.0, 60.0, 150.0])
async def test_sound_is_in_step_with_picture(studio, opening, late):
    """Beeps begin each second, where counters are multiples of 25; pictures are ``late`` ms under way."""
    await studio.recorder.handle(opening)
    screen, voice = VideoTrack(1), VoiceTrack(2, beep_every=50)
    await add(studio, screen, voice)
    await studio.recorder.handle(SetStage("r1", "s1"))
    chance = random.Random(1)

    def delay(track):
        return 20 + chance.random() * 30 + (late if isinstance(track, VideoTrack) else 0)

    await studio.play(Stream([screen, voice], EPOCH), 12_000, delay=delay)
    await studio.recorder.handle(CloseRecording("r1"))
    path = studio.directory / "r1" / "programme.webm"
    shown = {counter: at for at, counter in reading.pictures(path)}
    heard = beeps(path)
    assert len(heard) >= 10
    skews = []
    for at in heard:
        second = round(at / 1000)
        if second * 25 in shown:
            skews.append(at - shown[second * 25])
    assert len(skews) >= 8
    print("skew ms", [round(skew) for skew in skews])
    settled = [skew for second, skew in enumerate(skews) if second >= 2]
    assert max(abs(skew) for skew in settled) < 80


async def test_voice_that_joins_late_is_in_step(studio, opening):
    await studio.recorder.handle(opening)
    one = VoiceTrack(1, beep_every=50)
    await add(studio, one)
    stream = Stream([one], EPOCH)
    await studio.play(stream, 4000)
    two = VoiceTrack(2, beep_every=50, hertz=880)
    await add(studio, two, participant="p2")
    stream.join(two, 4500)
    await studio.play(stream, 10_000)
    await studio.recorder.handle(EndTrack("r1", "s1"))
    await studio.recorder.handle(CloseRecording("r1"))
    heard = beeps(studio.directory / "r1" / "programme.webm")
    assert all(abs(at % 500 - 30) < 40 or at % 500 > 480 for at in heard)
    late = [at for at in heard if at > 5000]
    assert len(late) >= 9
    closed = await studio.recorder.handle(CloseRecording("r1"))
    share = next(file for file in closed.files if file.share == "s2")
    assert abs(share.start - 4520) < 40


def test_mix_is_bounded():
    mixer = Mixer()
    loud = np.ones((FRAME, 2), np.float32)
    mixer.add(-100, loud)
    mixer.add(1e9, loud)
    assert mixer.late == 2
    assert len(mixer.mix(1000)) == 50
    assert mixer.mix(1000) == []
    assert float(np.abs(soft_clip(loud * 7)).max()) <= 1.0
    quiet = loud * 0.5
    assert soft_clip(quiet) is quiet


async def test_first_picture_of_another_codec_after_placeholders(studio, opening):
    """The black VP8 pictures of the beginning are blotted out, since a track has one codec."""
    await studio.recorder.handle(opening)
    voice = VoiceTrack(2)
    await add(studio, voice)
    stream = Stream([voice], EPOCH)
    await studio.play(stream, 14_000)
    screen = VideoTrack(1, "vp9")
    await add(studio, screen)
    await studio.recorder.handle(SetStage("r1", "s1"))
    stream.join(screen, 14_000)
    await studio.play(stream, 17_000)
    await studio.recorder.handle(CloseRecording("r1"))
    found = reading.pictures(studio.directory / "r1" / "programme.webm")
    assert found[0][0] > 13_900
    assert [counter for _, counter in found] == list(range(found[0][1], found[0][1] + len(found)))
    assert reading.sound(studio.directory / "r1" / "programme.webm")[1][-1][0] > 16_900


async def test_muted_voice_keeps_its_time(studio, opening):
    """The gap of a voice that was silent is as long in its own file, which players read by its samples."""
    await studio.recorder.handle(opening)
    voice = VoiceTrack(2, beep_every=50)
    await add(studio, voice)
    stream = Stream([voice], EPOCH)
    await studio.play(stream, 3000)
    stream.skip(6000 + 7)
    await studio.play(stream, 9000)
    closed = await studio.recorder.handle(CloseRecording("r1"))
    share = next(file for file in closed.files if file.role == "share")
    samples, _ = reading.sound(studio.directory / "r1" / share.name)
    assert abs(len(samples) / 48 - share.duration) < 30
    assert abs(share.start + share.duration - 9000) < 60
