"""A media worker: one UDP port, one TCP port, and everything that is open behind them.

``handle`` is the only way in, ``notify`` the only way out (``media.control``). Owns the sockets, the
fanout, the routers and one periodic task for all of RTCP.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

from media import control, srtp, stun
from media.dtls import Certificate
from media.fanout.python import PythonFanout
from media.operations import Operations, Refused
from media.parameters import IceCandidate
from media.paths import Path
from media.router import Router
from media.stats import Counters
from media.tapping import Taps
from media.tcp import TcpConnection, TcpListener
from media.transport import Surroundings, Transport
from media.udp import UdpSocket

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
        self.routers: dict[str, Router] = {}
        self.transports: dict[str, Transport] = {}
        self.port = 0
        self.taps = Taps(lambda numbers: self._tell(control.TapLost(numbers)))
        self._paths: dict[Hashable, Path] = {}
        self._by_ufrag: dict[str, Transport] = {}
        self._scratch = srtp.ffi.new("char[]", 4096)
        self._scratch_view = memoryview(srtp.ffi.buffer(self._scratch)).cast("B")
        self._udp: UdpSocket | None = None
        self._tcp: TcpListener | None = None
        self._ticker: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._operations: Operations | None = None
        self._fanout: PythonFanout | None = None
        self._told_at = float("-inf")

    async def start(self) -> None:
        """Binds both sockets. Raises OSError."""
        udp, tcp = await self._bind()
        self._udp, self._tcp, self.port = udp, tcp, udp.port
        self._fanout = PythonFanout(udp.sock)
        around = Surroundings(
            self.certificate, self._fanout, self.counters, self.send, self._transport_changed, self.clock
        )
        self._operations = Operations(self, around)
        udp.start(self._on_datagram, self._fanout.flush)
        self._ticker = asyncio.get_running_loop().create_task(self._tick_on(), name="media rtcp")

    async def _bind(self) -> tuple[UdpSocket, TcpListener]:
        host, port = self.settings.host, self.settings.port
        for attempt in range(20):
            udp = UdpSocket(host, port)
            tcp = TcpListener(self._on_frame, self._on_connection_lost, self._flush)
            try:
                await tcp.start(host, udp.port)
            except OSError:
                udp.close()
                if port or attempt == 19:
                    raise
                continue
            return udp, tcp
        raise AssertionError

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
            self._flush()

    async def close(self) -> None:
        """Closes everything that is open; idempotent."""
        ticker, self._ticker = self._ticker, None
        if ticker is None:
            return
        ticker.cancel()
        await asyncio.gather(ticker, return_exceptions=True)
        for transport in list(self.transports.values()):
            await self.close_transport(transport)
        self.routers.clear()
        await asyncio.gather(*self._closing, return_exceptions=True)
        self.taps.close()
        self._operations = None
        assert self._fanout is not None
        assert self._udp is not None
        assert self._tcp is not None
        self._fanout.close()
        await self._tcp.close()
        self._udp.close()

    # --- what operations use ---------------------------------------------------------------------

    def candidates(self) -> tuple[IceCandidate, ...]:
        """UDP first."""
        found: list[IceCandidate] = []
        for index, ip in enumerate(self.settings.announced_ips or (self.settings.host,)):
            for protocol, preference in (("udp", 2130706431), ("tcp", 1671430143)):
                found.append(
                    IceCandidate(
                        foundation=f"{protocol}{index}",
                        priority=preference - index * 256,
                        ip=ip,
                        address=ip,
                        port=self.port,
                        protocol="udp" if protocol == "udp" else "tcp",
                        type="host",
                        tcp_type=None if protocol == "udp" else "passive",
                    )
                )
        return tuple(sorted(found, key=lambda candidate: -candidate.priority))

    def add_transport(self, transport: Transport) -> None:
        self.transports[transport.id] = transport
        transport.router.transports[transport.id] = transport
        self._by_ufrag[transport.ice.credentials.ufrag] = transport

    def add_ufrag(self, ufrag: str, transport: Transport, gone: tuple[str, ...]) -> None:
        self._by_ufrag[ufrag] = transport
        for old in gone:
            self._by_ufrag.pop(old, None)

    async def close_transport(self, transport: Transport) -> None:
        if self.transports.get(transport.id) is not transport:
            return
        del self.transports[transport.id]
        transport.router.transports.pop(transport.id, None)
        for producer in transport.producers:
            transport.router.speakers.forget(producer)
        for ufrag in [u for u, each in self._by_ufrag.items() if each is transport]:
            del self._by_ufrag[ufrag]
        await transport.close()
        for path in [p for p in self._paths.values() if p.transport is transport]:
            del self._paths[path.key]
            if path.connection is not None:
                path.connection.close()
        self.taps.sweep()

    # --- the network -----------------------------------------------------------------------------

    def send(self, path: Path, data: bytes) -> None:
        if path.connection is not None:
            path.connection.send(data)
        elif self._udp is not None:
            self._udp.send(data, (path.ip, path.port))

    def _flush(self) -> None:
        if self._fanout is not None:
            self._fanout.flush()

    def _on_datagram(self, pointer: Any, view: memoryview, key: Hashable, age: float) -> None:
        """RFC 7983: the first byte tells what it is. Nothing it contains may end the reading."""
        try:
            first = view[0]
            if first < 4:
                assert self._udp is not None
                ip, port = self._udp.address(key)
                self._on_stun(bytes(view), key, ip, port, None)
                return
            path = self._paths.get(key)
            if path is None:
                self.counters.dropped_unvalidated += 1
            elif 128 <= first < 192:
                path.transport.receive_srtp(pointer, view, age)
            elif 20 <= first < 64:
                path.transport.receive_dtls(bytes(view))
            else:
                self.counters.dropped_unknown += 1
        except Exception:
            self._went_wrong("a datagram could not be handled")

    def _on_frame(self, connection: TcpConnection, data: bytes) -> None:
        if data[0] < 4:
            ip, port = connection.remote
            self._on_stun(data, connection, ip, port, connection)
            return
        size = len(data)
        self._scratch_view[:size] = data
        self._on_datagram(self._scratch, self._scratch_view[:size], connection, 0.0)

    def _on_stun(
        self, data: bytes, key: Hashable, ip: str, port: int, connection: TcpConnection | None
    ) -> None:
        self.counters.stun_received += 1
        message = stun.parse(data)
        transport = self._by_ufrag.get(message.username.partition(":")[0]) if message is not None else None
        if message is None or transport is None:
            self.counters.stun_refused += 1
            return
        checked = transport.ice.check(message, key, ip, port, self.clock())
        if checked is None:
            self.counters.stun_refused += 1
            return
        path = self._paths.get(key)
        if path is None or path.transport is not transport:
            if path is not None and path.transport.ice.forget(key):
                self._reselect(path.transport)
            path = self._paths[key] = Path(key, ip, port, transport, connection)
        if connection is not None:
            connection.validated = True
        if checked.forgotten is not None:
            self._paths.pop(checked.forgotten, None)
        for ufrag in checked.retired:
            self._by_ufrag.pop(ufrag, None)
        self.send(path, checked.response)
        if checked.selected:
            transport.use_path(path)

    def _on_connection_lost(self, connection: TcpConnection) -> None:
        path = self._paths.pop(connection, None)
        if path is not None and path.transport.ice.forget(connection):
            self._reselect(path.transport)

    def _reselect(self, transport: Transport) -> None:
        """The selected address is gone: go on with another valid one, or with none."""
        path = self._paths.get(transport.ice.selected) if transport.ice.selected is not None else None
        if path is not None:
            transport.use_path(path)
        else:
            transport.lose_path()

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
        for transport in self.transports.values():
            for producer in transport.producers.values():
                producer.tick(now)
                if count % _SLOW_TICKS == 0:
                    producer.tick_slowly(now)
            if count % _FEEDBACK_TICKS == 0:
                transport.feedback()
            if count % _REPORT_TICKS == 0:
                transport.report(now)
        if count % _SLOW_TICKS == 0:
            self._watch_consent(now)
            for router in self.routers.values():
                speakers = router.speakers.changed(now)
                if speakers is not None:
                    self._tell(control.SpeakersChanged(router.id, speakers))
        self._flush()

    def _watch_consent(self, now: float) -> None:
        for transport in self.transports.values():
            if transport.ice.selected is not None and not transport.ice.has_consent(now):
                self.counters.consents_lost += 1
                for key in transport.ice.lose():
                    self._paths.pop(key, None)
                transport.lose_path()

    def _transport_changed(self, transport: Transport) -> None:
        state = transport.state
        if state == "new" or self.transports.get(transport.id) is not transport:
            return
        self._tell(control.TransportChanged(transport.router.id, transport.id, transport.peer, state))
        if state == "closed":
            task = asyncio.get_running_loop().create_task(self.close_transport(transport))
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

    def network_counters(self) -> dict[str, float]:
        """Of the sockets and the fanout, by metric name."""
        values: dict[str, float] = {}
        if self._udp is not None and self._tcp is not None and self._fanout is not None:
            values["media_udp_received_total"] = float(self._udp.received)
            values["media_udp_received_bytes_total"] = float(self._udp.received_bytes)
            values["media_udp_send_dropped_total"] = float(self._udp.send_dropped)
            values["media_tcp_connections"] = float(self._tcp.connections)
            values["media_tcp_dropped_total"] = float(self._tcp.dropped)
            values["media_tcp_refused_total"] = float(self._tcp.refused)
            for name, value in self._fanout.counters().items():
                values[f"media_sent_{name}_total"] = float(value)
        return values
