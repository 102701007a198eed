"""A media worker: one UDP port, one TCP port, and everything that is open behind them.

``handle`` is the only way in, ``notify`` the only way out (``media.control``). Owns the sockets, the
fanout, everything in the registry, and one periodic task for all of RTCP.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import NamedTuple

from media import control
from media.dtls import Certificate
from media.ice import host_candidates
from media.network import Network
from media.operations import Operations
from media.registry import Registry
from media.requests import Refused
from media.rhythm import TICK_SECONDS, Rhythm
from media.stats import Counters
from media.taps import Taps
from media.transport import Surroundings, Transport

_log = logging.getLogger(__name__)


class WorkerSettings(NamedTuple):
    """``port`` 0: any free one. ``announced_ips``: what browsers are told; empty: the host itself."""

    host: str = "127.0.0.1"
    port: int = 0
    announced_ips: tuple[str, ...] = ()


class Worker:
    """See the module. All methods are for the event loop's thread."""

    def __init__(
        self,
        settings: WorkerSettings,
        notify: Callable[[control.Notice], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self.notify = notify
        self.clock = clock
        self.certificate = Certificate()
        self.counters = Counters()
        self.port = 0
        self.taps = Taps(lambda numbers: self._tell(control.TapLost(numbers)))
        self.network = Network(self.counters, clock, self._went_wrong)
        self.registry = Registry(self.network, self.taps)
        self._ticker: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._operations: Operations | None = None
        self._rhythm: Rhythm | None = None
        self._told_at = float("-inf")

    async def start(self) -> None:
        """Binds both sockets. Raises OSError."""
        self.port = await self.network.start(self.settings.host, self.settings.port)
        around = Surroundings(
            self.certificate,
            self.network.fanout,
            self.counters,
            self._transport_changed,
            self.clock,
        )
        ips = self.settings.announced_ips or (self.settings.host,)
        self._rhythm = Rhythm(self.registry, self.network, self._tell)
        candidates = host_candidates(ips, self.port)
        self._operations = Operations(self.registry, around, candidates, self._rhythm.give_way)
        self._ticker = asyncio.get_running_loop().create_task(self._tick_on(), name="media rtcp")

    async def handle(self, request: control.Request) -> control.Reply:
        """Never raises: what cannot be done is ``Failed`` and has changed nothing."""
        if self._operations is None or self._rhythm is None:
            return control.Failed("busy", "the worker is not running")
        try:
            return self._rhythm.complete(await self._operations.carry_out(request))
        except Refused as refusal:
            return control.Failed(refusal.code, refusal.detail)
        except Exception as error:
            self.counters.errors += 1
            _log.exception("a %s request failed", type(request).__name__)
            return control.Failed("invalid", f"{type(error).__name__}")
        finally:
            self.network.flush()

    async def close(self) -> None:
        """Closes everything that is open; idempotent."""
        ticker, self._ticker = self._ticker, None
        if ticker is None:
            return
        ticker.cancel()
        await asyncio.gather(ticker, return_exceptions=True)
        await self.registry.close()
        await asyncio.gather(*self._closing, return_exceptions=True)
        self.taps.close()
        self._operations = None
        await self.network.close()

    # --- time ------------------------------------------------------------------------------------

    async def _tick_on(self) -> None:
        assert self._rhythm is not None
        while True:
            await asyncio.sleep(TICK_SECONDS)
            try:
                self._rhythm.beat(self.clock())
            except Exception:
                self._went_wrong("the periodic task failed")

    def _transport_changed(self, transport: Transport) -> None:
        state = transport.state
        if state == "new" or self.registry.transports.get(transport.id) is not transport:
            return
        self._tell(control.TransportChanged(transport.router.id, transport.id, transport.peer, state))
        if state == "closed":
            task = asyncio.get_running_loop().create_task(self.registry.close_transport(transport))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    def _tell(self, notice: control.Notice) -> None:
        try:
            self.notify(notice)
        except Exception:
            self._went_wrong("a notice was not taken")

    def _went_wrong(self, what: str) -> None:
        """A defect of ours: counted always, told once a second, for the network may repeat it at will."""
        self.counters.errors += 1
        now = self.clock()
        if now - self._told_at >= 1.0:
            self._told_at = now
            _log.exception(what)
