"""`./run bench recorder`: what recording lessons costs, what kills cost, and how soon hours can be watched."""

import argparse
import asyncio
import os
import random
import tempfile
import time
from pathlib import Path

from media.tap import TapReader
from media.tapping import TapConnection
from recorder.control import (
    CloseRecording,
    KeyFrameWanted,
    OpenRecording,
    RecorderStats,
    RecordingClosed,
    RecordingOpened,
    SetStage,
    TakeRecorderStats,
)
from tests.bench import _hashing, _kills, _long, _whole
from tests.bench._figures import figure
from tests.recorder.kit.process import RecorderProcess
from tests.recorder.kit.sender import Stream, VideoTrack, VoiceTrack, add_track

BENCH = "recorder"
VOICES = 3


class SizedTrack(VideoTrack):
    """VP8 frames of given sizes, with a true header and random rest: the recorder never decodes them."""

    def __init__(
        self, number: int, fps: float, width: int, height: int, kilobits: int, key_bytes: int
    ) -> None:
        super().__init__(number, fps=fps, width=width, height=height)
        chance = random.Random(number)
        size = (width | height << 16).to_bytes(4, "little")
        self._key = b"\x10\x02\x00\x9d\x01\x2a" + size + chance.randbytes(key_bytes)
        self._delta = b"\x11\x02\x00" + chance.randbytes(int(kilobits * 125 / fps))

    def packets(self, at: float) -> list[bytes]:
        self.encoder.counter += 1
        frame = self._key if self.key_wanted else self._delta
        self.key_wanted = False
        return self.wrap(frame, at)


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


class Lesson:
    """Teacher's screen and camera, three voices, by taps of numbers of their own."""

    def __init__(self, number: int, epoch: int) -> None:
        self.recording = f"r{number}"
        first = 10 * number
        self.pictures = [
            SizedTrack(first, 15, 1920, 1080, 1500, 150_000),
            SizedTrack(first + 1, 25, 1280, 720, 1000, 40_000),
        ]
        voices = [VoiceTrack(first + 2 + index, hertz=300 + 100 * index) for index in range(VOICES)]
        self.stream = Stream([*self.pictures, *voices], epoch)

    async def begin(self, recorder: RecorderProcess) -> str:
        """Returns the address of the recorder's taps."""
        opened = await recorder.ask(OpenRecording(self.recording, "l1", int(self.stream.epoch)))
        assert isinstance(opened, RecordingOpened)
        for track in self.stream.tracks:
            source = "microphone" if isinstance(track, VoiceTrack) else "screen"
            share = f"s{track.tap}"
            request = add_track(
                self.recording, track, share=share, source=source, participant=f"p{track.tap}"
            )
            await recorder.ask(request)
        await recorder.ask(SetStage(self.recording, f"s{self.pictures[0].tap}"))
        self.stream.skip(time.time() * 1000 - self.stream.epoch)
        return opened.tap_address

    def answer(self, wanted: set[str]) -> None:
        for track in self.pictures:
            track.key_wanted |= f"s{track.tap}" in wanted


async def lessons(directory: Path, count: int, seconds: float) -> None:
    """Sent as a worker sends, over its one connection."""
    recorder = RecorderProcess(directory / f"lessons{count}", f"unix:{directory}/tap{count}.sock")
    await recorder.start()
    pid = recorder.process.pid
    epoch = int(time.time() * 1000)
    held = [Lesson(number, epoch) for number in range(1, count + 1)]
    for lesson in held:
        address = await lesson.begin(recorder)
    connection = TapConnection(address, lambda _: None)
    await connection.connect()
    before, began, packets = cpu_seconds(pid), time.monotonic(), 0
    while time.monotonic() - began < seconds:
        wanted = {notice.share for notice in recorder.notices if isinstance(notice, KeyFrameWanted)}
        recorder.notices.clear()
        for lesson in held:
            lesson.answer(wanted)
            frames = lesson.stream.until(time.time() * 1000 - epoch, delay=lambda track: 0.0)
            for frame in TapReader().feed(b"".join(data for _, data in frames)):
                connection.write(frame.type, frame.tap, frame.packet, frame.arrival)
                packets += 1
        await asyncio.sleep(0.005)
    used, elapsed = cpu_seconds(pid) - before, time.monotonic() - began
    await asyncio.sleep(0.5)
    stats = await recorder.ask(TakeRecorderStats())
    assert isinstance(stats, RecorderStats)
    asked = time.monotonic()
    closed = await recorder.ask(CloseRecording(held[0].recording))
    took = time.monotonic() - asked
    assert isinstance(closed, RecordingClosed)
    what = f"1080p text, a camera and {VOICES} voices"
    figure(
        BENCH,
        f"CPU while recording {what}"
        if count == 1
        else f"CPU of each of {count} lessons recorded at once, {what}",
        100 * used / elapsed / count,
        "% of a core",
        packets_per_second=round(packets / elapsed),
        packets_sent=packets,
        packets_received=int(stats.values["recorder_packets"]),
        packets_dropped=connection.dropped + int(stats.values["recorder_dropped_packets"]),
        resident_mb=round(resident_mb(pid)),
        sync_ms=round(stats.values["recorder_sync_ms"], 1),
        syncs=int(stats.values["recorder_syncs"]),
    )
    megabytes = sum(file.bytes for file in closed.files) / 1e6
    figure(BENCH, "closing it", 1000 * took, "ms", megabytes=round(megabytes, 1))
    connection.close()
    await recorder.stop()


async def run(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        if options.seconds:
            await lessons(directory, 1, options.seconds)
            if options.lessons > 1:
                await lessons(directory, options.lessons, options.seconds)
        if options.kills:
            await _kills.run(directory, options.kills)
        if options.mebibytes:
            await _hashing.run(directory, options.mebibytes)
        if options.hours:
            await _long.run(directory, options.hours)
            await _whole.run(directory, options.hours)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--seconds", type=float, default=20, help="of each of the two costs; 0: leave them out"
    )
    parser.add_argument("--lessons", type=int, default=10, help="at once")
    parser.add_argument("--kills", type=int, default=50, help="kill -9 of the recorder; 0: none")
    parser.add_argument("--hours", type=float, default=3, help="of a long recording; 0: none")
    parser.add_argument("--mebibytes", type=int, default=512, help="of a file that is hashed; 0: none")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
