"""A media worker's role: ``media.worker.Worker`` on the bus address ``media.{index}``."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from media import control
from media.worker import Worker, WorkerSettings
from signaling.address import listen_on
from signaling.bus.port import Bus
from signaling.roles.notices import Notices
from signaling.settings import Settings


def address(index: int) -> str:
    """On the bus; also the topic of its notices."""
    return f"media.{index}"


async def run(index: int, settings: Settings, bus: Bus, _runtime: Path, ready: Callable[[], None]) -> None:
    """Until cancelled."""
    async with Notices[control.Notice](bus, address(index)) as notices:
        worker = Worker(
            WorkerSettings(listen_on(settings), settings.media_port + index, settings.media_addresses),
            notices.notify,
        )
        try:
            await worker.start()

            async def handle(request: Struct) -> Struct:
                if not isinstance(request, control.Request):
                    return control.Failed("unsupported", type(request).__name__)
                return await worker.handle(request)

            async with bus.serve(address(index), handle):
                ready()
                await asyncio.Event().wait()
        finally:
            await worker.close()
