"""What it costs to read a closed file for its SHA-256, as the recorder does it beside lessons."""

import asyncio
import os
import resource
import time
from pathlib import Path

from recorder.control import HashedFile
from recorder.sums import Sums
from tests.bench._figures import figure
from tests.bench._lateness import Lateness


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def run(directory: Path, mebibytes: int) -> None:
    """Of a file that was just written: it is in memory, as one that was just closed is."""
    recording = directory / "hashed"
    recording.mkdir()
    piece = os.urandom(1 << 20)
    with (recording / "programme.webm").open("wb") as file:
        for _ in range(mebibytes):
            file.write(piece)
        os.fsync(file.fileno())
    done: asyncio.Future[tuple[HashedFile, ...]] = asyncio.get_running_loop().create_future()
    sums = Sums(directory, lambda _recording, files: done.set_result(files))
    cpu, began = _cpu(), time.monotonic()
    async with Lateness() as late:
        sums.want("hashed", ("programme.webm",))
        (hashed,) = await done
    took, used = time.monotonic() - began, _cpu() - cpu
    await sums.close()
    assert hashed.bytes == mebibytes << 20
    figure(
        "recorder",
        "SHA-256 of a closed file",
        hashed.bytes / took / 1e6,
        "MB/s",
        megabytes=hashed.bytes // 10**6,
        cpu_percent_of_a_core=round(100 * used / took, 1),
        loop_late_ms_at_most=round(late.worst * 1000, 1),
    )
