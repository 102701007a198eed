"""A role that does nothing, run as the real ones are: ``python fake_role.py <name> <behaviour>``."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

from signaling.bus.port import Bus
from signaling.roles.shell import run_role
from signaling.settings import Settings, parse


def main(name: str, behaviour: str) -> int:
    async def body(settings: Settings, bus: Bus, runtime: Path, ready: Callable[[], None]) -> None:
        diary = settings.data / "diary"

        def note(word: str) -> None:
            with diary.open("a") as file:
                file.write(f"{word} {name} {os.getpid()}\n")

        note("start")
        if behaviour == "unusable":
            await asyncio.start_server(lambda _r, _w: None, settings.host, settings.port)
        if behaviour == "crash":
            raise RuntimeError("on purpose")
        ready()
        try:
            await asyncio.Event().wait()
        finally:
            note("stopping")
            if behaviour == "stuck":
                await asyncio.to_thread(__import__("time").sleep, 60)
            note("stopped")

    return run_role(name, parse({}, os.environ, {}), body)


if __name__ == "__main__":
    status = main(*sys.argv[1:])
    sys.exit(status)
