"""Connection tests under way: routers of their own at the workers, with nothing of any lesson in them.

Invariant: what a test has open at a worker is closed with it; how many run at once, how much each may
open and how long it may take is bounded.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from msgspec import Struct

from classroom.ids import AccountId
from media import control
from media.parameters import DtlsParameters, Kind, RtpCapabilities, RtpParameters, TransportParameters
from signaling.bus.port import Bus, BusError
from signaling.gateway.clock import MakeId

_log = structlog.get_logger("self_test")

ROUTERS = "self-test."
"""No lesson's id has a dot: a gateway that finds such a router after a restart closes it as a stray."""
MAX_AT_ONCE = 8
MAX_WORKERS = 8
MAX_TRANSPORTS = 32
SECONDS = 90
RELAY_SECONDS = 120
_ASK_SECONDS = 3.0

T = TypeVar("T", bound=Struct)


class TestRefused(Exception):
    """``code``: media_unavailable, invalid, no_such_transport, no_such_producer, or a worker's."""

    __test__ = False

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class Trial:
    """One account's test. ``stop`` makes its socket close, with a reason."""

    def __init__(
        self,
        account: AccountId,
        workers: tuple[str, ...],
        bus: Bus,
        make_id: MakeId,
        stop: Callable[[str], None],
    ) -> None:
        self.account = account
        self.workers = workers[:MAX_WORKERS]
        self.stop = stop
        self._bus = bus
        self._make_id = make_id
        self._router = ROUTERS + make_id()
        self._routers: set[str] = set()
        self._transports: dict[str, str] = {}
        self._producers: dict[str, str] = {}
        self._consumers: dict[str, str] = {}

    async def capabilities(self) -> RtpCapabilities:
        return await self._open_router(self._worker(0))

    async def open_transport(self, worker: int, *, send: bool) -> TransportParameters:
        address = self._worker(worker)
        if len(self._transports) >= MAX_TRANSPORTS:
            raise TestRefused("invalid", "too many transports")
        if address not in self._routers:
            await self._open_router(address)
        transport = self._make_id()
        # Written down first: whatever becomes of the request, it counts.
        self._transports[transport] = address
        request = control.OpenTransport(self._router, transport, self._router, "send" if send else "recv")
        return (await self._ask(address, request, control.TransportOpened)).parameters

    async def connect(self, transport: str, dtls: DtlsParameters) -> None:
        await self._ask(self._at(transport), control.ConnectTransport(transport, dtls), control.Done)

    async def produce(self, transport: str, kind: Kind, parameters: RtpParameters) -> str:
        address = self._at(transport)
        if self._producers:
            raise TestRefused("invalid", "one producer is enough")
        producer = self._make_id()
        self._producers[producer] = address
        await self._ask(address, control.Produce(transport, producer, kind, parameters), control.Done)
        return producer

    async def loop_back(
        self, transport: str, producer: str, capabilities: RtpCapabilities
    ) -> tuple[str, control.Consuming]:
        address = self._at(transport)
        if self._producers.get(producer) != address:
            raise TestRefused("no_such_producer")
        if self._consumers:
            raise TestRefused("invalid", "one consumer is enough")
        consumer = self._make_id()
        self._consumers[consumer] = address
        request = control.Consume(transport, consumer, producer, capabilities)
        return consumer, await self._ask(address, request, control.Consuming)

    async def resume(self, consumer: str) -> None:
        address = self._consumers.get(consumer)
        if address is None:
            raise TestRefused("no_such_consumer")
        await self._ask(address, control.ResumeConsumer(consumer), control.Done)

    async def close(self) -> None:
        """Idempotent. A worker that does not answer has lost them, or is told by the next gateway."""
        routers, self._routers = self._routers, set()
        for address in routers:
            try:
                await self._bus.request(address, control.CloseRouter(self._router), timeout=_ASK_SECONDS)
            except BusError as error:
                _log.warning("test_not_closed", worker=address, error=str(error))

    def _worker(self, index: int) -> str:
        if index >= len(self.workers):
            raise TestRefused("media_unavailable", "no such worker")
        return self.workers[index]

    def _at(self, transport: str) -> str:
        address = self._transports.get(transport)
        if address is None:
            raise TestRefused("no_such_transport")
        return address

    async def _open_router(self, address: str) -> RtpCapabilities:
        self._routers.add(address)
        opened = await self._ask(address, control.OpenRouter(self._router), control.RouterOpened)
        return opened.rtp_capabilities

    async def _ask(self, address: str, request: control.Request, reply: type[T]) -> T:
        try:
            answer = await self._bus.request(address, request, timeout=_ASK_SECONDS)
        except BusError as error:
            raise TestRefused("media_unavailable", str(error)) from error
        if isinstance(answer, reply):
            return answer
        if isinstance(answer, control.Failed):
            raise TestRefused(answer.code, answer.detail)
        raise TestRefused("media_unavailable", type(answer).__name__)


class SelfTests:
    """All tests under way, at most one per account: who begins another ends the first."""

    def __init__(self, bus: Bus, workers: Callable[[], tuple[str, ...]], make_id: MakeId) -> None:
        self._bus = bus
        self._workers = workers
        self._make_id = make_id
        self._trials: dict[AccountId, Trial] = {}

    @property
    def count(self) -> int:
        return len(self._trials)

    async def run(
        self, account: AccountId, stop: Callable[[str], None], body: Callable[[Trial], Awaitable[None]]
    ) -> bool:
        """``body`` with a new test, closed afterwards. False: too many run already."""
        old = self._trials.pop(account, None)
        if old is not None:
            old.stop("replaced")
        if len(self._trials) >= MAX_AT_ONCE:
            return False
        workers = tuple(sorted(self._workers()))
        trial = self._trials[account] = Trial(account, workers, self._bus, self._make_id, stop)
        try:
            await body(trial)
        finally:
            if self._trials.get(account) is trial:
                del self._trials[account]
            await trial.close()
        return True

    def shut_down(self) -> None:
        for trial in list(self._trials.values()):
            trial.stop("shutting_down")
