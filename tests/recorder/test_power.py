"""Power lost at any moment, whatever the disk had or had not: everything can be read, two seconds are lost."""

import os
import random
import shutil
import struct

import pytest

from recorder.control import AddStill, CloseRecording, OpenRecording, RecordingClosed, SetPauses, SetStage
from recorder.time import Pause, RecordingClock
from recorder.webm.ebml import read_header
from recorder.webm.head import HEAD_SIZE
from recorder.webm.scan import BadCluster, read_cluster
from tests.recorder.conftest import EPOCH, Studio
from tests.recorder.kit import reading
from tests.recorder.kit.power import TapeFiles, crash
from tests.recorder.kit.sender import Stream, VideoTrack, VoiceTrack, add_track

START = int(EPOCH)
PAUSES = (Pause(START + 6_000, START + 7_000),)
CUES = 0x1C53BB6B
PNG = b"\x89PNG" + bytes(range(256)) * 20


async def play(studio, stream, until):
    while studio.now < EPOCH + until:
        studio.now += 100
        await studio.feed(stream.until(studio.now - EPOCH))
        studio.recorder.tick()
        await studio.recorder._disk.flushed()
        studio.answer(stream)


async def add(studio, *tracks):
    for track in tracks:
        source = "microphone" if isinstance(track, VoiceTrack) else "screen"
        await studio.recorder.handle(add_track("r1", track, share=f"s{track.tap % 10}", source=source))


async def lesson(studio):
    """Voices alone, a screen in another codec than the placeholders', its codec changes, a pause, a still."""
    voice, screen = VoiceTrack(2), VideoTrack(1, "h264")
    stream = Stream([voice], EPOCH)
    await studio.recorder.handle(OpenRecording("r1", "lesson1", START))
    await add(studio, voice)
    await studio.recorder.handle(SetStage("r1", "s1"))
    await play(studio, stream, 2_600)
    stream.join(screen, 2_600)
    await add(studio, screen)
    await play(studio, stream, 4_000)
    await studio.recorder.handle(AddStill("r1", "s1", "p1", 3_900, "image/png", PNG))
    again = VideoTrack(11, "vp8")
    stream.tracks.remove(screen)
    stream.join(again, 4_000)
    await add(studio, again)
    await play(studio, stream, 6_000)
    await studio.recorder.handle(SetPauses("r1", (Pause(START + 6_000),)))
    await play(studio, stream, 7_000)
    await studio.recorder.handle(SetPauses("r1", PAUSES))
    again.key_wanted = True
    await add(studio, voice, again)
    await play(studio, stream, 9_000)
    await studio.recorder.handle(CloseRecording("r1"))


@pytest.fixture
async def taped(tmp_path):
    """(the tape of a lesson, how many entries there were when it had begun)"""
    root = tmp_path / "taped"
    root.mkdir()
    studio = Studio(root, f"unix:{tmp_path}/taped.sock")
    studio.recorder._files = files = TapeFiles(root, lambda: studio.now - EPOCH)
    await studio.recorder.start()
    await studio.recorder.handle(OpenRecording("r1", "lesson1", START))
    begun = len(files.tape)
    await lesson(studio)
    await studio.close()
    return files, begun


def check_file(path, file):
    """As strict as a player can be: head, whole clusters with their checksums, cues, nothing else."""
    data = path.read_bytes()
    assert len(data) == file.bytes

    def read_at(at, length):
        return data[at : at + length]

    position, clusters = HEAD_SIZE, 0
    while position < len(data):
        try:
            length = read_cluster(read_at, position, len(data)).length
        except (BadCluster, struct.error):
            header = read_header(data, position)
            assert header.id == CUES
            length = header.length + header.size
        else:
            clusters += 1
        position += length
    assert position == len(data)
    return clusters


def check(directory, closed, at):
    """``at``: ms since the start at which the power went."""
    assert isinstance(closed, RecordingClosed)
    assert not (directory / "journal").exists()
    heard = 0.0
    for file in closed.files:
        path = directory / file.name
        if file.role == "still":
            assert path.read_bytes() == PNG
            continue
        if not check_file(path, file):
            continue
        if not file.mime_type.startswith("audio"):
            pictures = reading.pictures(path)
            assert all(counter is not None or file.role == "programme" for _, counter in pictures), file.name
        if file.role == "programme":
            times = reading.packet_times(path, "audio")
            heard = max([heard, *(file.start + time for time in times)])
    wanted = RecordingClock(START, PAUSES).time(START + at)
    assert wanted - heard <= 2_000, f"{wanted - heard} ms are lost"
    return wanted - heard


async def recover(tmp_path, name, left):
    root = tmp_path / name
    root.mkdir()
    (root / "r1").mkdir()
    left.write(root)
    studio = Studio(root, f"unix:{tmp_path}/{name}.sock")
    await studio.recorder.start()
    closed = await studio.recorder.handle(CloseRecording("r1"))
    await studio.close()
    return root / "r1", closed


CRASHES = int(os.environ.get("CLASSROOM_TEST_POWER_CRASHES", "30"))
"""Moments, each drawn anew: more of them find what is rarer."""


@pytest.mark.timeout(180 + 2 * CRASHES)
async def test_at_any_moment(tmp_path, taped):
    files, begun = taped
    worst = 0.0
    for seed in range(CRASHES):
        chance = random.Random(seed)
        count = chance.randint(begun, len(files.tape))
        at = files.tape[min(count, len(files.tape) - 1)].at
        left = crash(files, count, chance)
        try:
            directory, closed = await recover(tmp_path, f"left{seed}", left)
            worst = max(worst, check(directory, closed, at))
        except BaseException as error:
            raise AssertionError(f"seed {seed}, entry {count} of {len(files.tape)}, at {at} ms") from error
        # Thousands of them would fill the disk; one that fails stays to be looked at.
        shutil.rmtree(directory.parent)
    print(f"{CRASHES} moments: no file unreadable, {worst / 1000:.2f} s of sound lost at most")
    assert worst > 0


async def test_lost_again_after_it_was_taken_up(tmp_path, taped):
    """What is written where a torn end was cut off is not mixed up with it."""
    files, begun = taped
    for seed in range(8):
        chance = random.Random(1_000 + seed)
        middle = [i for i, op in enumerate(files.tape) if i > begun and 1_000 < op.at < 5_500]
        count = chance.choice(middle)
        at = files.tape[count].at
        root = tmp_path / f"again{seed}"
        (root / "r1").mkdir(parents=True)
        crash(files, count, chance).write(root)
        studio = Studio(root, f"unix:{tmp_path}/again{seed}.sock")
        studio.now = EPOCH + at + 500
        studio.recorder._files = second = TapeFiles(root, lambda studio=studio: studio.now - EPOCH)
        await studio.recorder.start()
        await studio.recorder.handle(OpenRecording("r1", "lesson1", START))
        begun_again = len(second.tape)
        stream = Stream([VoiceTrack(2), VideoTrack(1)], EPOCH)
        stream.skip(at + 500)
        await add(studio, *stream.tracks)
        await studio.recorder.handle(SetStage("r1", "s1"))
        await play(studio, stream, at + 2_500)
        await studio.close()
        count = chance.randint(begun_again, len(second.tape))
        left = crash(second, count, chance)
        directory, closed = await recover(tmp_path, f"twice{seed}", left)
        lost_at = second.tape[min(count, len(second.tape) - 1)].at
        try:
            check(directory, closed, at if lost_at < at + 2_000 else lost_at)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}") from error
