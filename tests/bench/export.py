"""`./run bench export`: what the film of a 1080p lesson takes, whether a live lesson feels it, small pictures of 3 h.

The lesson has a screen of text (15 pictures a second), a camera (720p, 25 a second) and a voice; the film has all
of them. Live forwarding: one worker, one stream to ten, as in the bench of joins; delays from the sender's call to
the kernel's time stamp at the receiver, in turns without and with the film being made.
"""

import argparse
import asyncio
import multiprocessing
import os
import signal
import statistics
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
from tests.bench._figures import figure, percentile
from tests.bench._lesson_on_disk import SCREEN, key_frames, lesson_on_disk
from tests.bench.joins import Forwarding, Remote, worker_process
from tests.media.house import video_parameters
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


async def live(directory: Path, rounds: int, seconds: float) -> None:
    """The film's process is held and let go in turns, so that both meet the same weather of the machine."""
    delays: dict[bool, list[list[float]]] = {False: [], True: []}
    async with forwarding() as stream:
        await stream.run(1.0)
        job = Job(directory, "export", ExportDetails(camera="t", chat=CHAT))
        await job.start()
        await asyncio.sleep(2.0)
        for index in range(2 * rounds):
            is_busy = index % 2 == 1
            if is_busy and job.process.returncode is not None:
                await job.start()
                await asyncio.sleep(2.0)
            if job.process.returncode is None:
                job.process.send_signal(signal.SIGCONT if is_busy else signal.SIGSTOP)
            await asyncio.sleep(0.1)
            stream.delays.clear()
            await stream.run(seconds)
            delays[is_busy].append(list(stream.delays))
        await job.stop()
    for share, what in ((0.5, "median"), (0.99, "p99")):
        found = []
        for is_busy, name in ((False, "quiet"), (True, "while a film is made")):
            values = [percentile(one, share) * 1000 for one in delays[is_busy]]
            found.append(statistics.median(values))
            pooled = percentile([each for one in delays[is_busy] for each in one], share) * 1000
            figure(
                BENCH,
                f"forwarding delay {name}, {what}",
                found[-1],
                "ms",
                rounds=rounds,
                of_all_rounds=round(pooled, 3),
                packets=sum(map(len, delays[is_busy])),
                load=round(os.getloadavg()[0], 1),
            )
        figure(BENCH, f"forwarding delay, {what}: with a film by without", found[1] / found[0])


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


async def run(seconds: int, rounds: int, live_seconds: float, hours: int, kilobits: int, codec: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        await thumbnails(directory, hours, kilobits)
        lesson_on_disk(directory, seconds, codec)
        await film(directory / "r1", seconds)
        await live(directory / "r1", rounds, live_seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="of the lesson; a multiple of 20")
    parser.add_argument(
        "--rounds", type=int, default=16, help="of quiet and busy forwarding; the median round counts"
    )
    parser.add_argument("--live-seconds", type=float, default=1.5, help="of each round's halves")
    parser.add_argument("--hours", type=int, default=3, help="of the recording with small pictures")
    parser.add_argument("--kilobits", type=int, default=300, help="of its picture, per second")
    parser.add_argument("--codec", default="vp8", choices=["vp8", "vp9", "h264", "av1"])
    options = parser.parse_args()
    asyncio.run(
        run(
            options.seconds,
            options.rounds,
            options.live_seconds,
            options.hours,
            options.kilobits,
            options.codec,
        )
    )


if __name__ == "__main__":
    main()
