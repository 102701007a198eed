"""``classroom serve``: starts the roles, keeps them alive, says when they are ready, stops them in order."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import structlog

from signaling import demo, logs, runtime
from signaling.bus.broker import Broker
from signaling.bus.connect import SOCKET, connect_bus
from signaling.bus.messages import Ping, Pong, ready_address
from signaling.bus.port import Bus, BusError, PresenceListener, TimedOut
from signaling.child import Child, StartFailed
from signaling.settings import Settings, to_environment

STOP_WITHIN = 4.5
"""Seconds after which what has not stopped by itself is killed."""
STOP_SHARES = (("gateway", 0.45), ("media", 0.65), ("recorder", 1.0))
"""Who is told to stop, in this order, and the part of the time by which the next is told too."""
READY_ATTEMPTS = 6
IMPATIENCE = 0.5
"""Seconds within which a second signal is taken for the same wish (process groups get both)."""

log = structlog.get_logger(__name__)


def command(name: str) -> tuple[str, ...]:
    """What starts a role."""
    role, _, index = name.partition(".")
    return (sys.executable, "-m", "signaling.cli", role, *(("--worker", index) if index else ()))


class Supervisor:
    """``directory``: the runtime directory. ``say``: prints one line to standard output.

    ``announced_password``: the demonstration's, said when ready; empty when whoever starts gave it.
    """

    def __init__(
        self,
        settings: Settings,
        directory: Path,
        say: Callable[[str], None],
        command: Callable[[str], tuple[str, ...]] = command,
        announced_password: str = "",
    ) -> None:
        self._settings = settings
        self._announced_password = announced_password
        self._say = say
        self._command = command
        self._directory = directory
        self._said_ready = False
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()
        self._asked_at = 0.0
        self.children = {name: self._child(name) for name in role_names(settings)}

    def _child(self, name: str) -> Child:
        environment = {
            **os.environ,
            **to_environment(self._settings),
            runtime.VARIABLE: str(self._directory),
        }
        environment.pop("CLASSROOM_CONFIG", None)
        return Child(name, self._command(name), environment)

    def stop(self) -> None:
        """Stop in order; asked again by an impatient person, at once."""
        now = asyncio.get_running_loop().time()
        if not self._stop.is_set():
            self._stop.set()
            self._asked_at = now
        elif now - self._asked_at > IMPATIENCE:
            self._hurry.set()

    async def run(self) -> None:
        """Until ``stop``. Raises StartFailed."""
        async with AsyncExitStack() as stack:
            if not self._settings.redis_url:
                await stack.enter_async_context(Broker(self._directory / SOCKET))
            tasks = await stack.enter_async_context(self._kept_alive())
            bus = await stack.enter_async_context(connect_bus(self._settings, self._directory))
            await stack.enter_async_context(bus.watch(ready_address(""), self._readiness(bus)))
            stopping = asyncio.create_task(self._stop.wait(), name="stop")
            stack.callback(stopping.cancel)
            done, _ = await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stopping}:
                task.result()

    @asynccontextmanager
    async def _kept_alive(self) -> "AsyncIterator[list[asyncio.Task[None]]]":
        tasks = {
            name: asyncio.create_task(child.keep_alive(), name=f"child {name}")
            for name, child in self.children.items()
        }
        try:
            yield list(tasks.values())
        finally:
            await self._stop_all(tasks)

    async def _stop_all(self, tasks: "dict[str, asyncio.Task[None]]") -> None:
        clock = asyncio.get_running_loop().time
        start = clock()
        hurry = asyncio.create_task(self._hurry.wait(), name="hurry")
        for role, share in STOP_SHARES:
            names = [name for name in tasks if name.partition(".")[0] == role]
            for name in names:
                self.children[name].stop()
            waiting = {tasks[name] for name in names if not tasks[name].done()}
            while waiting and not hurry.done() and (left := start + share * STOP_WITHIN - clock()) > 0:
                done, _ = await asyncio.wait(
                    {*waiting, hurry}, timeout=left, return_when=asyncio.FIRST_COMPLETED
                )
                waiting -= done
        hurry.cancel()
        for name, task in tasks.items():
            if not task.done():
                log.warning("role_killed", child=name)
                self.children[name].signal(signal.SIGKILL)
        await asyncio.gather(*tasks.values(), return_exceptions=True)

    def _readiness(self, bus: Bus) -> PresenceListener:
        async def changed(address: str, instance: str | None) -> None:
            child = self.children.get(address.removeprefix(ready_address("")))
            if child is None or instance is None:
                return
            if await self._is_own(bus, address, child):
                child.became_ready()
            if not self._said_ready and all(each.ready for each in self.children.values()):
                self._said_ready = True
                self._say_ready()

        return changed

    async def _is_own(self, bus: Bus, address: str, child: Child) -> bool:
        """Over Redis a process of an earlier start may still be shown for a moment."""
        for _ in range(READY_ATTEMPTS):
            try:
                pong = await bus.request(address, Ping(), timeout=5.0)
            except TimedOut:
                continue  # a busy machine
            except BusError:
                return False
            return isinstance(pong, Pong) and pong.pid == child.pid
        return False

    def _say_ready(self) -> None:
        if self._settings.demo:
            for line in demo.announcement(self._announced_password):
                self._say(line)
        self._say(f"ready: {self._settings.url}")


def role_names(settings: Settings) -> tuple[str, ...]:
    """Of all roles, those that take longest to start first."""
    return ("gateway", *(f"media.{index}" for index in range(settings.media_workers)), "recorder")


async def _supervise(
    settings: Settings, directory: Path, command: Callable[[str], tuple[str, ...]], announced_password: str
) -> None:
    supervisor = Supervisor(
        settings, directory, lambda line: print(line, flush=True), command, announced_password
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, supervisor.stop)
    await supervisor.run()


def serve(settings: Settings, command: Callable[[str], tuple[str, ...]] = command) -> int:
    """Runs until it is told to stop; returns the exit status."""
    logs.configure("supervisor")
    try:
        with runtime.runtime_directory(settings.data) as directory:
            announced_password = ""
            if settings.demo:
                given = settings.demo_password
                settings = demo.with_password(settings)
                announced_password = "" if given else settings.demo_password
            asyncio.run(_supervise(settings, directory, command, announced_password))
    except (runtime.InUse, StartFailed, BusError) as error:
        log.error("start_failed", detail=str(error))
        print(f"classroom: {error}", file=sys.stderr)
        return 1
    return 0
