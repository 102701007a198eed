"""What every role's process does alike: logs, bus, signals, readiness, a stop within five seconds."""

import asyncio
import errno
import logging
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog
from msgspec import Struct

from recorder import lifeline
from signaling import logs
from signaling.bus.connect import connect_bus
from signaling.bus.messages import Pong, ready_address
from signaling.bus.port import Bus, BusError
from signaling.restart import UNUSABLE
from signaling.runtime import VARIABLE
from signaling.settings import Settings

STOP_WITHIN = 5.0
"""Seconds from the first signal to the end, clean or not."""

_CANNOT_LISTEN = (errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL)

Body = Callable[[Settings, Bus, Path, Callable[[], None]], Awaitable[None]]
"""Runs until cancelled. Calls its last argument, once, when it is ready for work."""

log = structlog.get_logger(__name__)


def run_role(name: str, settings: Settings, body: Body) -> int:
    """Run to the end of the process; returns the exit status. ``name``: ``gateway``, ``media.0`` …"""
    logs.configure(name)
    runtime = os.environ.get(VARIABLE, "")
    if runtime:
        lifeline.hold()
    elif not settings.redis_url:
        log.error("no_bus", detail="give --redis-url, or let `classroom serve` start this role")
        return UNUSABLE
    try:
        status = asyncio.run(_run(name, settings, Path(runtime or settings.data), body))
    except (KeyboardInterrupt, asyncio.CancelledError):
        status = 0
    if runtime:
        # Everything is closed; taking the interpreter apart only costs time that a stop has not.
        logging.shutdown()
        sys.stderr.flush()
        os._exit(status)
    return status


async def _run(name: str, settings: Settings, runtime: Path, body: Body) -> int:
    task = asyncio.current_task()
    assert task is not None
    stopping = False

    def stop() -> None:
        nonlocal stopping
        if not stopping:
            stopping = True
            timer = threading.Timer(STOP_WITHIN, os._exit, (1,))
            timer.daemon = True
            timer.start()
            task.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        async with connect_bus(settings, runtime) as bus:
            await _work(name, settings, bus, runtime, body)
    except asyncio.CancelledError:
        if not stopping:
            raise
        log.info("stopped")
    except BusError as error:
        log.error("no_bus", detail=str(error))
        return 1
    except BaseExceptionGroup as group:
        problem = _cannot_listen(group)
        if problem is None:
            raise
        log.error("cannot_listen", detail=problem)
        return UNUSABLE
    return 0


def _cannot_listen(group: BaseExceptionGroup[BaseException]) -> str | None:
    for error in group.exceptions:
        if isinstance(error, OSError) and error.errno in _CANNOT_LISTEN:
            return error.strerror or str(error)
    return None


async def _work(name: str, settings: Settings, bus: Bus, runtime: Path, body: Body) -> None:
    ready = asyncio.Event()

    async def pong(_ping: Struct) -> Struct:
        return Pong(name, os.getpid())

    async def announce() -> None:
        await ready.wait()
        async with bus.serve(ready_address(name), pong):
            log.info("up")
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        announcing = group.create_task(announce(), name="announce")
        await body(settings, bus, runtime, ready.set)
        announcing.cancel()
