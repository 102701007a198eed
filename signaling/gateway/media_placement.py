"""Where a lesson's media is: the worker that has it, what is open there, and how it is asked."""

import asyncio
from typing import Protocol, TypeVar

from msgspec import Struct

from classroom.ids import LessonId
from media import control
from media.parameters import RtpCapabilities
from signaling.bus.port import Bus, BusError
from signaling.gateway.media_table import MediaTable
from signaling.gateway.metrics import Metrics

T = TypeVar("T", bound=Struct)

REQUEST_SECONDS = 3.0
_PLACING_SECONDS = 5.0


class MediaRefused(Exception):
    """``code``: media_unavailable, or a code of ``media.control.Failed``."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class Workers(Protocol):
    """Where a lesson may be placed."""

    def choose(self, lesson: LessonId) -> str | None:
        """The address of the worker that has the lesson already, else of the least loaded."""
        ...

    def instance_of(self, address: str) -> str | None:
        """Which process serves the address now."""
        ...


class Placement:
    """``address``: None while no worker has the lesson. ``table``: what is open there; whoever opens or
    closes something writes it in. ``instance``: of the router, kept while the worker is away."""

    def __init__(self, lesson: LessonId, *, bus: Bus, metrics: Metrics) -> None:
        self.lesson = lesson
        self.address: str | None = None
        self.instance: str | None = None
        self.capabilities: RtpCapabilities | None = None
        self.table = MediaTable()
        self._bus = bus
        self._metrics = metrics
        self._placed = asyncio.Event()

    @property
    def placed(self) -> bool:
        """A worker has the lesson now."""
        return self._placed.is_set()

    async def wait(self) -> None:
        await self._placed.wait()

    async def need(self) -> None:
        """Raises MediaRefused when no worker takes the lesson in time."""
        try:
            async with asyncio.timeout(_PLACING_SECONDS):
                await self._placed.wait()
        except TimeoutError:
            raise MediaRefused("media_unavailable", "no media worker has the lesson") from None

    def put(self, address: str, instance: str, capabilities: RtpCapabilities, table: MediaTable) -> None:
        self.address, self.instance = address, instance
        self.capabilities = capabilities
        self.table = table
        self._placed.set()

    def lost(self) -> None:
        """The worker went away; what it had open counts only if it comes back with it."""
        self.address = None
        self._placed.clear()

    async def ask(self, message: Struct, reply: type[T]) -> T:
        if self.address is None:
            raise MediaRefused("media_unavailable", "the media worker is being replaced")
        instance = self.instance
        answer = await self.ask_at(self.address, message, reply)
        if self.instance != instance:
            raise MediaRefused("media_unavailable", "the media worker was replaced meanwhile")
        return answer

    async def ask_at(self, address: str, message: Struct, reply: type[T]) -> T:
        try:
            answer = await self._bus.request(address, message, timeout=REQUEST_SECONDS)
        except BusError as error:
            self._metrics.media_failures.labels(type(message).__name__).inc()
            raise MediaRefused("media_unavailable", str(error)) from error
        if isinstance(answer, control.Failed):
            raise MediaRefused(answer.code, answer.detail)
        if not isinstance(answer, reply):
            raise MediaRefused("media_unavailable", f"unexpected {type(answer).__name__}")
        return answer

    async def tell(self, message: Struct) -> None:
        """A request whose failure means that the thing is gone already, which is what was wanted."""
        try:
            await self.ask(message, control.Done)
        except MediaRefused as refused:
            if refused.code == "media_unavailable":
                raise
