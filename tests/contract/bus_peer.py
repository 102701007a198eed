"""A process that serves an address until it is killed: ``python bus_peer.py <back-end> <where> <address>``."""

import asyncio
import sys
from pathlib import Path

from msgspec import Struct

from media import control
from signaling.bus.local import LocalBus
from signaling.bus.redis import RedisBus


async def main(kind: str, where: str, address: str) -> None:
    async def handle(message: Struct) -> Struct:
        if isinstance(message, control.CloseRouter):
            await asyncio.Event().wait()
        return control.Failed("busy", address)

    bus = LocalBus(Path(where)) if kind == "local" else RedisBus(where)
    async with bus, bus.serve(address, handle):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
