"""The recorder role: ``recorder.service.Recorder`` and its workshop on the bus address ``recorder``."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from recorder.control import EraseRecording, RecorderFailed, RecorderNotice, RecorderRequest
from recorder.jobs.control import JobNotice, JobRequest
from recorder.jobs.workshop import Workshop
from recorder.service import Recorder
from signaling.bus.port import Bus
from signaling.roles.notices import Notices
from signaling.runtime import TAP
from signaling.settings import Settings

ADDRESS = "recorder"


async def run(settings: Settings, bus: Bus, runtime: Path, ready: Callable[[], None]) -> None:
    """Until cancelled."""
    async with Notices[RecorderNotice | JobNotice](bus, ADDRESS) as notices:
        recorder = Recorder(settings.recordings, tap_address(settings, runtime), notices.notify)
        workshop = Workshop(settings.recordings, notices.notify)
        try:
            await recorder.start()
            workshop.start()

            async def handle(request: Struct) -> Struct:
                if isinstance(request, JobRequest):
                    return await workshop.handle(request)
                if not isinstance(request, RecorderRequest):
                    return RecorderFailed("unsupported", type(request).__name__)
                if isinstance(request, EraseRecording):
                    await workshop.leave(request.recording)
                return await recorder.handle(request)

            async with bus.serve(ADDRESS, handle):
                ready()
                await asyncio.Event().wait()
        finally:
            await asyncio.gather(workshop.close(), recorder.close())


def tap_address(settings: Settings, runtime: Path) -> str:
    """Workers on this machine reach the runtime directory; those of a cluster need an address."""
    if settings.tap_listen:
        return f"tcp:{settings.tap_listen}"
    return f"unix:{runtime / TAP}"
