"""`./run bench storage`: what moving recordings to an S3 server and replaying them from there costs.

The server (moto's, in Python) is a process of its own: its speed bounds the speeds, not the processor figures.
"""

import argparse
import asyncio
import multiprocessing
import os
import resource
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

from recorder.archive.address import parse
from recorder.archive.both import Archive
from recorder.archive.local import LocalFiles
from recorder.archive.objects import FIRST_WINDOW
from recorder.archive.opening import open_storage
from recorder.archive.pace import BESIDE_LESSONS
from recorder.archive.port import RecordingFiles
from recorder.archive.uploads import Uploads
from tests.bench._figures import figure
from tests.bench._lateness import Lateness
from tests.bench._sums import percentile
from tests.object_store import CREDENTIALS, object_store
from tests.recorder.archive.closed import Closed

SEEKS = 40


def _serve(pipe: Connection) -> None:
    with object_store() as store:
        pipe.send(store.url())
        pipe.recv()


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def _measure(url: str, mebibytes: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        one = Closed(root).add("programme.webm", mebibytes << 20)
        stored = open_storage(parse(url))
        uploads = Uploads(Archive(LocalFiles(root), stored), look_seconds=0.02)
        memory, cpu, began = _memory(), _cpu(), time.monotonic()
        async with Lateness() as late:
            uploads.start()
            while uploads.figures["archive_uploaded_files"] < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        seconds, used = time.monotonic() - began, _cpu() - cpu
        await uploads.close()
        figure("storage", "upload", mebibytes / seconds, "MiB/s", unpaced=True)
        figure("storage", "upload_cpu", used / mebibytes * 1000, "ms/MiB")
        figure(
            "storage",
            "upload_cpu_beside_lessons",
            used / mebibytes * (BESIDE_LESSONS >> 20) * 100,
            "% of a core",
        )
        figure("storage", "upload_loop_late", late.worst * 1000, "ms at most")
        figure("storage", "upload_memory", (_memory() - memory) / 1024, "MiB more at most")
        assert one.directory.exists()
        await _read(stored, mebibytes << 20)


async def _read(stored: RecordingFiles, size: int) -> None:
    cpu, began = _cpu(), time.monotonic()
    opened = await stored.open("r1", "programme.webm")
    async for _ in opened.read(0, size):
        pass
    seconds, used = time.monotonic() - began, _cpu() - cpu
    figure("storage", "read", (size >> 20) / seconds, "MiB/s", viewers=1)
    figure("storage", "read_cpu", used / (size >> 20) * 1000, "ms/MiB")
    took = []
    for number in range(SEEKS):
        start = number * (size - FIRST_WINDOW) // SEEKS
        began = time.monotonic()
        opened = await stored.open("r1", "programme.webm")
        await anext(opened.read(start, start + FIRST_WINDOW))
        took.append((time.monotonic() - began) * 1000)
    figure("storage", "seek_p50", percentile(took, 0.5), "ms", bytes=FIRST_WINDOW)
    figure("storage", "seek_worst", max(took), "ms", of=SEEKS)


def _memory() -> float:
    """Highest so far, in KiB (Linux)."""
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--mebibytes", type=int, default=256)
    mebibytes = parser.parse_args().mebibytes
    os.environ.update(CREDENTIALS)
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=_serve, args=(theirs,), daemon=True)
    server.start()
    try:
        asyncio.run(_measure(ours.recv(), mebibytes))
        ours.send(None)
    finally:
        server.join(5)
        server.kill()


if __name__ == "__main__":
    main()
