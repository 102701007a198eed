"""`./run bench recorder`: what recording a lesson costs, and how long closing takes whatever the length."""

import argparse
import asyncio
import os
import random
import tempfile
import time
from pathlib import Path

from recorder import journal
from recorder.control import CloseRecording, OpenRecording, RecordingClosed, RecordingOpened, SetStage
from recorder.programme import AUDIO, NAME, TRACKS, VIDEO
from recorder.webm.writer import WebmWriter
from tests.bench._figures import figure
from tests.recorder.kit.material import tone_packets
from tests.recorder.kit.process import RecorderProcess
from tests.recorder.kit.sender import Stream, VideoTrack, VoiceTrack, add_track, connect

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


async def lesson(directory: Path, seconds: float) -> None:
    recorder = RecorderProcess(directory / "lesson", f"unix:{directory}/tap.sock")
    await recorder.start()
    pid = recorder.process.pid
    epoch = int(time.time() * 1000)
    opened = await recorder.ask(OpenRecording("r1", "l1", epoch))
    assert isinstance(opened, RecordingOpened)
    pictures = [SizedTrack(1, 15, 1920, 1080, 1500, 150_000), SizedTrack(2, 25, 1280, 720, 1000, 40_000)]
    voices = [VoiceTrack(3 + index, hertz=300 + 100 * index) for index in range(VOICES)]
    stream = Stream([*pictures, *voices], epoch)
    for track in stream.tracks:
        source = "microphone" if isinstance(track, VoiceTrack) else "screen"
        request = add_track("r1", track, share=f"s{track.tap}", source=source, participant=f"p{track.tap}")
        await recorder.ask(request)
    await recorder.ask(SetStage("r1", "s1"))
    writer = await connect(opened.tap_address)
    before, began, packets = cpu_seconds(pid), time.monotonic(), 0
    while time.monotonic() - began < seconds:
        frames = stream.until(time.time() * 1000 - epoch, delay=lambda track: 0.0)
        packets += len(frames)
        writer.write(b"".join(frame for _, frame in frames))
        await writer.drain()
        for notice in recorder.notices:
            for track in pictures:
                track.key_wanted |= f"s{track.tap}" == getattr(notice, "share", "")
        recorder.notices.clear()
        await asyncio.sleep(0.02)
    used, elapsed = cpu_seconds(pid) - before, time.monotonic() - began
    figure(
        BENCH,
        f"CPU while recording 1080p text, a camera and {VOICES} voices",
        100 * used / elapsed,
        "% of a core",
        packets_per_second=round(packets / elapsed),
        resident_mb=round(resident_mb(pid)),
    )
    writer.close()
    asked = time.monotonic()
    closed = await recorder.ask(CloseRecording("r1"))
    assert isinstance(closed, RecordingClosed)
    figure(
        BENCH,
        "closing it",
        1000 * (time.monotonic() - asked),
        "ms",
        megabytes=round(sum(file.bytes for file in closed.files) / 1e6, 1),
    )
    await recorder.stop()


async def long_recording(directory: Path, hours: int, kilobits: int) -> None:
    """A programme as a crash leaves it after ``hours``: found, cut, given its cues and closed."""
    path = directory / "long" / "r1"
    path.mkdir(parents=True)
    voices = tone_packets(500)
    writer = WebmWriter(TRACKS, started_at=0)
    lines: list[journal.Line] = [journal.Begun("r1", "l1", 0), journal.FileMade(NAME, "programme", 0, TRACKS)]
    lines.append(journal.Retracked(NAME, TRACKS))
    picture = b"\x10\x02\x00\x9d\x01\x2a" + bytes(4) + bytes(kilobits * 125)
    with (path / NAME).open("wb") as file:
        file.write(writer.head())
        for index in range(hours * 180_000):
            ms = index * 20
            if ms % 1000 == 0:
                file.write(writer.block(VIDEO, ms, picture, key=ms % 10_000 == 0))
            file.write(writer.block(AUDIO, ms, voices[index % 500], key=True))
            lines += [journal.CueMade(NAME, cue) for cue in writer.take_cues()]
    (path / journal.NAME).write_bytes(b"".join(map(journal.encode_line, lines)))
    os.sync()  # in a real lesson all but the last seconds has long been on disk
    size = (path / NAME).stat().st_size
    recorder = RecorderProcess(directory / "long", f"unix:{directory}/long.sock")
    await recorder.start()
    asked = time.monotonic()
    closed = await recorder.ask(CloseRecording("r1"))
    took = 1000 * (time.monotonic() - asked)
    assert isinstance(closed, RecordingClosed), closed
    figure(BENCH, f"finishing {hours} hours that a crash left open", took, "ms", megabytes=round(size / 1e6))
    await recorder.stop()


async def run(seconds: float, hours: int, kilobits: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        await lesson(Path(directory), seconds)
        await long_recording(Path(directory), hours, kilobits)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--hours", type=int, default=3)
    parser.add_argument(
        "--kilobits", type=int, default=500, help="of the long recording's picture, per second"
    )
    options = parser.parse_args()
    asyncio.run(run(options.seconds, options.hours, options.kilobits))


if __name__ == "__main__":
    main()
