"""One browser's ICE and DTLS with this worker: what arrives is checked, opened and handed to producers
and consumers; what leaves goes through its outlet."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from media.consumer import Consumer
from media.dtls import Certificate, DtlsFailed, DtlsTransport
from media.fanout.port import Fanout, Outlet
from media.ice import IceAgent, new_credentials
from media.incoming import IncomingRtcp, Routing
from media.parameters import DtlsParameters
from media.producer import SENDER_SSRC, Producer
from media.rtcp.reports import build_receiver
from media.rtcp.transport_cc import Arrivals
from media.speakers import Speakers
from media.srtp import SrtpKeys
from media.stats import Counters

_log = logging.getLogger(__name__)
ICE_SECONDS = 30.0
State = Literal["new", "connected", "disconnected", "closed"]


class Parent(Protocol):
    """The router, as its transports need it."""

    id: str
    speakers: Speakers

    def forget_transport(self, transport: "Transport") -> None: ...


class Way(Protocol):
    """An address that ICE has validated, as a transport needs it. ``send``: DTLS; the rest leaves by the outlet."""

    def direct(self, outlet: Outlet) -> None: ...
    def send(self, data: bytes) -> None: ...


@dataclass(frozen=True)
class Surroundings:
    """What a worker lends to its transports. ``changed`` is called when a transport's state changes by itself."""

    certificate: Certificate
    fanout: Fanout
    counters: Counters
    changed: Callable[["Transport"], None]
    clock: Callable[[], float]


class Transport:
    """Child of its router; parent of the producers or the consumers it carries."""

    def __init__(
        self,
        transport_id: str,
        router: Parent,
        peer: str,
        direction: Literal["send", "recv"],
        around: Surroundings,
    ) -> None:
        self.id = transport_id
        self.router = router
        self.peer = peer
        self.direction = direction
        self.counters = around.counters
        self.ice = IceAgent(new_credentials())
        self.outlet = around.fanout.outlet()
        self.inlet = around.fanout.inlet(self, self.outlet)
        self.state: State = "new"
        self.producers: dict[str, Producer] = {}
        self.consumers: dict[str, Consumer] = {}
        self.by_ssrc: dict[int, Consumer] = {}
        self.used_ssrcs: set[int] = {0, SENDER_SSRC, 1234}
        self.next_mid = 0
        self.begins = False
        """Its first picture was asked for, and its line is not known yet."""
        self.arrivals = Arrivals()
        self.routing = Routing(self.inlet)
        self.remote: DtlsParameters | None = None
        self._around = around
        self._path: Way | None = None
        self._secure = False
        self._has_path = asyncio.Event()
        self._dtls = DtlsTransport(
            around.certificate, "server", self._send_dtls, self._remote_closed, around.counters
        )
        self._task: asyncio.Task[None] | None = None
        self._rtcp = IncomingRtcp(around.counters, self.routing, self.by_ssrc)

    @property
    def is_connected(self) -> bool:
        return self.state == "connected"

    def connect(self, remote: DtlsParameters) -> None:
        """Begins to wait for ICE and DTLS; once."""
        self.remote = remote
        self._task = asyncio.get_running_loop().create_task(self._associate(remote), name=f"dtls {self.id}")

    async def _associate(self, remote: DtlsParameters) -> None:
        try:
            async with asyncio.timeout(ICE_SECONDS):
                await self._has_path.wait()
            keys = await self._dtls.run(remote)
        except (TimeoutError, DtlsFailed) as error:
            _log.info("transport %s did not connect: %s", self.id, str(error) or "no ICE check came")
            self.counters.handshakes_failed += 1
            self._fail()
        except Exception:
            _log.exception("transport %s: the DTLS handshake broke", self.id)
            self._fail()
        else:
            self._secured(keys)

    def _secured(self, keys: SrtpKeys) -> None:
        self.inlet.set_keys(keys)
        self.outlet.set_keys(keys)
        self._secure = True
        self.counters.handshakes += 1
        self._become_connected()

    def _become_connected(self) -> None:
        if self.state in ("connected", "closed") or not self._secure or self._path is None:
            return
        self.state = "connected"
        now = self._around.clock()
        for consumer in self.consumers.values():
            consumer.wait(now)
        for producer in self.producers.values():
            if producer.has_waiting:
                producer.request_key_frame(now)
        self._around.changed(self)

    def use_path(self, path: Way) -> None:
        """ICE selected this address."""
        self._path = path
        path.direct(self.outlet)
        self._has_path.set()
        self._become_connected()

    def lose_path(self) -> None:
        """No address is left, or consent expired: sends nothing until ICE comes back."""
        self._path = None
        self._has_path.clear()
        self.outlet.to_nowhere()
        if self.state == "connected":
            self.state = "disconnected"
            for consumer in self.consumers.values():
                consumer.interrupt()
            self._around.changed(self)

    def _send_dtls(self, data: bytes) -> None:
        if self._path is not None:
            self._path.send(data)

    def _remote_closed(self) -> None:
        _log.info("transport %s: closed by the remote", self.id)
        self._fail()

    def _fail(self) -> None:
        """Closes by itself; the worker hears of it and finishes the close."""
        if self.state != "closed":
            self.state = "closed"
            self._around.changed(self)

    # --- what the inlet tells ---

    def heard_dtls(self, data: bytes) -> None:
        self._dtls.feed(data)

    def heard_rtcp(self, packet: bytes, now: float) -> None:
        self._rtcp.receive(packet, now)

    def heard_unknown(self, packet: bytes) -> None:
        self.routing.discover(packet)

    # --- time ---

    def feedback(self) -> None:
        """Transport-cc to the publisher."""
        for number, now_us in self.inlet.take_arrivals():
            self.arrivals.note(number, now_us)
        if self.arrivals.pending and self.is_connected:
            ssrc = self.routing.any_ssrc
            if ssrc is not None:
                for report in self.arrivals.take(SENDER_SSRC, ssrc):
                    self.outlet.send_rtcp(report)

    def report(self, now: float) -> None:
        """A receiver report to the publisher."""
        if not self.is_connected:
            return
        blocks = [
            block
            for producer in self.producers.values()
            for stream in producer.streams
            if (block := stream.report(now)) is not None
        ]
        if blocks:
            self.outlet.send_rtcp(build_receiver(SENDER_SSRC, blocks))

    def add_consumer(self, consumer: Consumer) -> None:
        self.consumers[consumer.id] = consumer
        self.by_ssrc[consumer.ssrc] = consumer
        rtx = consumer.parameters.encodings[0].rtx
        if rtx is not None:
            self.by_ssrc[rtx.ssrc] = consumer

    def forget_consumer(self, consumer: Consumer) -> None:
        self.consumers.pop(consumer.id, None)
        for ssrc in [ssrc for ssrc, each in self.by_ssrc.items() if each is consumer]:
            del self.by_ssrc[ssrc]

    def add_producer(self, producer: Producer) -> None:
        self.producers[producer.id] = producer
        self.routing.add(producer)

    def forget_producer(self, producer: Producer) -> None:
        self.producers.pop(producer.id, None)
        self.routing.remove(producer)
        self.router.speakers.forget(producer.id)

    def _close_children(self) -> None:
        for consumer in list(self.consumers.values()):
            consumer.close()
        for producer in list(self.producers.values()):
            producer.close()

    async def close(self) -> None:
        """Children first; says goodbye to the remote; its router forgets it. Idempotent."""
        self._close_children()
        self.router.forget_transport(self)
        self.state = "closed"
        task, self._task = self._task, None
        if task is not None and task is not asyncio.current_task():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self._dtls.close()
        self._path = None
        self.inlet.close()
        self.outlet.close()
