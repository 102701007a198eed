"""A job's process: started, listened to, and gone when nobody waits for it any more."""

import asyncio
import contextlib
import os
from collections.abc import Callable, Sequence

from recorder.jobs import report
from recorder.jobs.manners import ENVIRONMENT
from recorder.jobs.report import Done, Failed, Progress

STOP_SECONDS = 3.0
"""Within which a job that is told to stop does so; then it is killed."""


async def run_child(command: Sequence[str], progressed: Callable[[Progress], None]) -> Done | Failed:
    """How it ended. Cancelled: its process is gone when this returns. Raises OSError where it cannot start."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=report.MAX_LINE,
        env={**os.environ, **ENVIRONMENT},
    )
    try:
        assert process.stdout is not None
        ended = await _listen(process.stdout, progressed)
        if not process.stdout.at_eof():
            process.kill()  # it says what is none of ours, without an end, and nobody reads it
        status = await process.wait()
    finally:
        await _stop(process)
    if ended is None:
        return Failed("failed", f"its process ended with {status}")
    return ended


async def _listen(
    lines: asyncio.StreamReader, progressed: Callable[[Progress], None]
) -> Done | Failed | None:
    ended: Done | Failed | None = None
    while True:
        try:
            line = await lines.readline()
        except ValueError:
            return ended
        if not line:
            return ended
        told = report.parse(line)
        if isinstance(told, Progress):
            progressed(told)
        elif told is not None:
            ended = told


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        pass
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
