"""From a synchronous ``notify`` to the bus: one bounded queue, one task, the order kept."""

import asyncio
from collections import deque
from types import TracebackType
from typing import Generic, TypeVar

import structlog
from msgspec import Struct

from signaling.bus.port import Bus, BusError

MAX_WAITING = 4096
"""Notices that wait; more are dropped and counted."""

log = structlog.get_logger(__name__)
N = TypeVar("N", bound=Struct)


class Notices(Generic[N]):
    """``async with Notices(bus, topic) as notices``; then ``notices.notify`` never blocks nor raises."""

    def __init__(self, bus: Bus, topic: str) -> None:
        self.dropped = 0
        self._bus = bus
        self._topic = topic
        self._waiting: deque[N] = deque()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def notify(self, notice: N) -> None:
        if len(self._waiting) >= MAX_WAITING:
            self.dropped += 1
            return
        self._waiting.append(notice)
        self._wake.set()

    async def __aenter__(self) -> "Notices[N]":
        self._task = asyncio.create_task(self._publish(), name=f"notices {self._topic}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _publish(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                notice = self._waiting.popleft()
                try:
                    await self._bus.publish(self._topic, notice)
                except (BusError, TypeError):
                    log.exception("notice_not_published", notice=type(notice).__name__)
