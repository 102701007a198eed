"""`./run bench export`: what the film of a 1080p lesson takes, whether a live lesson feels it, small pictures of 3 h.

The lesson has a screen of text (15 pictures a second), a camera (720p, 25 a second) and a voice; the film has all
of them. Live forwarding: one worker, one stream to ten, as in the bench of joins; delays from the sender's call to
the kernel's time stamp at the receiver, in pairs of halves without and with the film being made, one right after the
other and in alternating order: what the machine does besides meets both. Percentiles are of all packets; the pairs'
own ratios say how far to trust them.
"""

import argparse
import asyncio
import multiprocessing
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from media import codecs, control
from recorder.jobs import report
from recorder.jobs.control import JobKind
from recorder.jobs.manners import ENVIRONMENT
from recorder.jobs.report import Done
from recorder.jobs.request import ChatLine, ExportDetails, JobFile
from recorder.programme import AUDIO, VIDEO
from tests.bench._figures import figure
from tests.bench._lesson_on_disk import SCREEN, key_frames, lesson_on_disk
from tests.bench._sums import Comparison, Pair, compare, in_turns
from tests.bench.joins import Forwarding, Remote, worker_process
from tests.media.house import video_parameters
from tests.proc import without_real_time
from tests.recorder.kit.material import tone_packets
from tests.recorder.kit.written import Block, WrittenRecording

BENCH = "export"
SUBSCRIBERS = 10
CHAT = tuple(
    ChatLine(second * 1000, "Nguyễn Thị Hồng", "Thưa thầy, em chưa hiểu ạ") for second in range(0, 60, 7)
)


class Job:
    """One job's process, as the workshop starts it."""

    def __init__(self, directory: Path, kind: JobKind, details: ExportDetails) -> None:
        self._file = directory / "job.json"
        self._file.write_bytes(msgspec.json.encode(JobFile("bench", kind, str(directory), details)))

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "recorder.jobs",
            str(self._file),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, **ENVIRONMENT},
        )

    async def finish(self) -> Done:
        output, _ = await self.process.communicate()
        ended = report.parse(output.splitlines()[-1])
        assert isinstance(ended, Done), output
        return ended

    async def stop(self) -> None:
        if self.process.returncode is None:
            self.process.terminate()
        await self.process.communicate()


async def film(directory: Path, seconds: int) -> None:
    for name, details in (
        ("screen, camera", ExportDetails(camera="t")),
        ("screen, camera, chat", ExportDetails(camera="t", chat=CHAT)),
    ):
        before, began = os.times(), time.perf_counter()
        job = Job(directory, "export", details)
        await job.start()
        ended = await job.finish()
        took, after = time.perf_counter() - began, os.times()
        cpu = after.children_user + after.children_system - before.children_user - before.children_system
        figure(
            BENCH,
            f"film of a 1080p lesson ({name}): time by its length",
            took / seconds,
            "",
            lesson_seconds=seconds,
            seconds=round(took, 1),
            cpu_seconds=round(cpu, 1),
            megabytes=round(ended.files[0].bytes / 1e6, 1),
            load=round(os.getloadavg()[0], 1),
        )


@asynccontextmanager
async def forwarding() -> AsyncIterator[Forwarding]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=worker_process, args=(theirs,), daemon=True)
    process.start()
    assert process.pid is not None
    try:
        remote = Remote(ours, process.pid)
        await remote.ask(control.OpenRouter("r"))
        publisher = await remote.join("t", "send")
        await remote.ask(control.Produce("t", "p", "video", video_parameters()))
        peers = []
        for index in range(SUBSCRIBERS):
            peers.append(await remote.join(f"s{index}", "recv"))
            await remote.ask(control.Consume(f"s{index}", f"c{index}", "p", codecs.router_capabilities()))
            await remote.ask(control.ResumeConsumer(f"c{index}"))
        stream = Forwarding(publisher, peers[0])
        for peer in peers[1:]:
            peer.on_rtp = peers[0].on_rtp
        yield stream
        for peer in [publisher, *peers]:
            await peer.close()
        ours.send(None)
        process.join(10)
    finally:
        process.kill()


class Beside:
    """A film that is made or held while something else is measured; begun again when it is done."""

    def __init__(self, directory: Path) -> None:
        self._job = Job(directory, "export", ExportDetails(camera="t", chat=CHAT))

    async def start(self) -> None:
        await self._job.start()
        # Until it is past its start, which is another load than what follows.
        await asyncio.sleep(2.0)

    async def turn(self, on: bool) -> None:
        if on and self.is_done:
            await self._job.finish()
            await self.start()
        if not self.is_done:
            self._job.process.send_signal(signal.SIGCONT if on else signal.SIGSTOP)
        await asyncio.sleep(0.1)

    @property
    def is_done(self) -> bool:
        return self._job.process.returncode is not None

    async def stop(self) -> None:
        if not self.is_done:
            self._job.process.send_signal(signal.SIGCONT)
        await self._job.stop()


async def live(directory: Path, pairs: int, seconds: float) -> None:
    """Pairs of halves without and with the film being made, in turns of their order."""
    measured = []
    async with forwarding() as stream:
        await stream.run(1.0)
        film = Beside(directory)
        await film.start()
        for order in in_turns(pairs):
            halves = {on: await half(stream, film, on, seconds) for on in order}
            measured.append(Pair(halves[False], halves[True]))
        await film.stop()
    for share, what in ((0.5, "median"), (0.99, "p99")):
        told(compare(measured, share), what, measured)


async def half(stream: Forwarding, film: Beside, on: bool, seconds: float) -> list[float]:
    """Milliseconds; of a half in which the film was made to its very end, else it is measured again."""
    while True:
        await film.turn(on)
        stream.delays.clear()
        await stream.run(seconds)
        if not (on and film.is_done):
            return [delay * 1000 for delay in stream.delays]


def told(found: Comparison, what: str, measured: list[Pair]) -> None:
    for name, value, packets in (
        ("without a film", found.without, sum(len(pair.without) for pair in measured)),
        ("while a film is made", found.having, sum(len(pair.having) for pair in measured)),
    ):
        figure(BENCH, f"forwarding delay {name}, {what}", value, "ms", packets=packets)
    figure(
        BENCH,
        f"forwarding delay, {what}: with a film by without",
        found.ratio,
        pairs=len(measured),
        pairs_median=round(found.median, 2),
        pairs_quartiles=[round(found.low, 2), round(found.high, 2)],
        load=round(os.getloadavg()[0], 1),
    )


def three_hours(directory: Path, hours: int, kilobits: int) -> None:
    """Key frames each ten seconds are real; what is between them is never decoded."""
    frames = key_frames(6)
    voice = tone_packets(500)
    blocks: list[Block] = []
    filler = b"\x11\x02\x00" + os.urandom(kilobits * 125)
    for second in range(hours * 3600):
        is_key = second % 10 == 0
        blocks.append(
            (VIDEO, second * 1000, frames[second // 10 % len(frames)] if is_key else filler, is_key)
        )
        blocks += [(AUDIO, second * 1000 + ms, voice[ms // 20], True) for ms in range(0, 1000, 20)]
    recording = WrittenRecording(directory, "long")
    recording.add("programme.webm", "vp8", blocks, size=SCREEN)
    recording.save()
    os.sync()


async def thumbnails(directory: Path, hours: int, kilobits: int) -> None:
    three_hours(directory, hours, kilobits)
    before, began = os.times(), time.perf_counter()
    job = Job(directory / "long", "thumbnails", ExportDetails())
    await job.start()
    ended = await job.finish()
    took, after = time.perf_counter() - began, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    figure(
        BENCH,
        f"small pictures of {hours} hours: CPU",
        cpu,
        "s",
        seconds=round(took, 1),
        sheets=len(ended.files) - 1,
        kilobytes=sum(file.bytes for file in ended.files) // 1000,
    )


async def run(seconds: int, pairs: int, live_seconds: float, hours: int, kilobits: int, codec: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        await thumbnails(directory, hours, kilobits)
        lesson_on_disk(directory, seconds, codec)
        await film(directory / "r1", seconds)
        await live(directory / "r1", pairs, live_seconds)


def main() -> None:
    without_real_time()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="of the lesson; a multiple of 20")
    parser.add_argument(
        "--pairs", type=int, default=16, help="of forwarding without and with a film; 2 or more"
    )
    parser.add_argument("--live-seconds", type=float, default=1.5, help="of each pair's halves")
    parser.add_argument("--hours", type=int, default=3, help="of the recording with small pictures")
    parser.add_argument("--kilobits", type=int, default=300, help="of its picture, per second")
    parser.add_argument("--codec", default="vp8", choices=["vp8", "vp9", "h264", "av1"])
    options = parser.parse_args()
    if 10 * options.live_seconds > options.seconds:
        parser.error(
            "a film of so short a lesson is made before a half is over: at most a tenth of --seconds"
        )
    asyncio.run(
        run(
            options.seconds,
            options.pairs,
            options.live_seconds,
            options.hours,
            options.kilobits,
            options.codec,
        )
    )


if __name__ == "__main__":
    main()
