"""The recorder role: ``recorder.service.Recorder`` and its workshop on the bus address ``recorder``."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from msgspec import Struct

from recorder.archive.uploads import Uploads
from recorder.control import EraseRecording, RecorderFailed, RecorderNotice, RecorderRequest
from recorder.jobs.control import JobNotice, JobRequest
from recorder.jobs.workshop import Workshop, in_place
from recorder.service import Recorder
from signaling.bus.port import Bus
from signaling.roles.notices import Notices
from signaling.roles.storing import Storing, open_archive
from signaling.runtime import TAP
from signaling.settings import Settings

ADDRESS = "recorder"


async def run(settings: Settings, bus: Bus, runtime: Path, ready: Callable[[], None]) -> None:
    """Until cancelled."""
    async with Notices[RecorderNotice | JobNotice](bus, ADDRESS) as notices, AsyncExitStack() as stack:
        listeners: list[Callable[[Struct], None]] = []

        def notify(notice: RecorderNotice | JobNotice) -> None:
            notices.notify(notice)
            for listener in listeners:
                listener(notice)

        recorder = Recorder(settings.recordings, tap_address(settings, runtime), notify)
        archive = open_archive(settings, lambda: recorder.records)
        uploads = None
        if archive is not None:
            uploads = Uploads(archive, lambda one: recorder.hashes(one) or workshop.works_on(one))
        workshop = Workshop(
            settings.recordings, notify, fetch=in_place if uploads is None else uploads.bring_back
        )

        async def handle(request: Struct) -> Struct:
            if isinstance(request, JobRequest):
                return await workshop.handle(request)
            if not isinstance(request, RecorderRequest):
                return RecorderFailed("unsupported", type(request).__name__)
            if isinstance(request, EraseRecording):
                await workshop.leave(request.recording)
            return await recorder.handle(request)

        serve = handle
        stack.push_async_callback(_close, recorder, workshop)
        await recorder.start()
        workshop.start()
        if archive is not None and uploads is not None:
            storing = Storing(uploads, handle)
            serve = storing.handle
            listeners.append(storing.noticed)
            stack.push_async_callback(archive.close)
            stack.push_async_callback(uploads.close)
            uploads.start()
        async with bus.serve(ADDRESS, serve):
            ready()
            await asyncio.Event().wait()


async def _close(recorder: Recorder, workshop: Workshop) -> None:
    await asyncio.gather(workshop.close(), recorder.close())


def tap_address(settings: Settings, runtime: Path) -> str:
    """Workers on this machine reach the runtime directory; those of a cluster need an address."""
    if settings.tap_listen:
        return f"tcp:{settings.tap_listen}"
    return f"unix:{runtime / TAP}"
