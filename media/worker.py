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
from media.downlinks import Downlinks
from media.dtls import Certificate
from media.ice import host_candidates
from media.network import Network
from media.operations import Operations
from media.registry import Registry
from media.requests import Refused
from media.stats import Counters
from media.tapping import Taps
from media.transport import Surroundings, Transport

_log = logging.getLogger(__name__)
TICK_SECONDS = 0.02
_FEEDBACK_TICKS = 5
_SLOW_TICKS = 25
_REPORT_TICKS = 50


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
        self._downlinks: Downlinks
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
        self._downlinks = Downlinks(self.registry, self.network.fanout)
        self._operations = Operations(self.registry, around, host_candidates(ips, self.port))
        self._ticker = asyncio.get_running_loop().create_task(self._tick_on(), name="media rtcp")

    async def handle(self, request: control.Request) -> control.Reply:
        """Never raises: what cannot be done is ``Failed`` and has changed nothing."""
        if self._operations is None:
            return control.Failed("busy", "the worker is not running")
        try:
            return await self._operations.carry_out(request)
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
        count = 0
        while True:
            await asyncio.sleep(TICK_SECONDS)
            count += 1
            try:
                self.tick(count)
            except Exception:
                self._went_wrong("the periodic task failed")

    def tick(self, count: int) -> None:
        """Each kind of RTCP in its own rhythm, in multiples of ``TICK_SECONDS``."""
        now = self.clock()
        self.network.fanout.tick(now)
        for transport in self.registry.transports.values():
            for producer in transport.producers.values():
                producer.tick(now)
                if count % _FEEDBACK_TICKS == 0:
                    producer.refresh(now)
                    layers = producer.take_layers(now)
                    if layers is not None:
                        self._tell(control.LayersWanted(transport.router.id, producer.id, layers))
                    level = producer.take_loudest()
                    if level is not None:
                        transport.router.speakers.note(producer.id, level, now, producer.peer)
                if count % _SLOW_TICKS == 0:
                    producer.tick_slowly(now)
            if count % _FEEDBACK_TICKS == 0:
                transport.feedback()
            if count % _REPORT_TICKS == 0:
                transport.report(now)
        if count % _FEEDBACK_TICKS == 0:
            for held in self._downlinks.step(now):
                self._tell(held)
        if count % _SLOW_TICKS == 0:
            self.network.watch_consent(self.registry.transports.values(), now)
            for router in self.registry.routers.values():
                speakers = router.speakers.changed(now)
                if speakers is not None:
                    self._tell(control.SpeakersChanged(router.id, speakers))
        self.network.flush()

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
