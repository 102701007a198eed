"""A worker's sockets and who is behind which address: RFC 7983 demultiplexing, STUN, validated paths.

Invariant: nothing but STUN is taken from an address that ICE has not validated.
"""

from collections.abc import Callable, Hashable, Iterable

from media import stun
from media.fanout.choose import make_fanout
from media.fanout.port import Fanout
from media.paths import Path
from media.stats import Counters
from media.tcp import TcpConnection, TcpListener
from media.transport import Transport
from media.udp import UdpSocket

_BIND_ATTEMPTS = 20


class Network:
    """Owns both sockets and the fanout. ``went_wrong`` is told of defects while an exception is handled."""

    def __init__(
        self, counters: Counters, clock: Callable[[], float], went_wrong: Callable[[str], None]
    ) -> None:
        self.clock = clock
        self.fanout: Fanout
        self.paths: dict[Hashable, Path] = {}
        self.by_ufrag: dict[str, Transport] = {}
        self._counters = counters
        self._went_wrong = went_wrong
        self._udp: UdpSocket
        self._tcp: TcpListener

    async def start(self, host: str, port: int) -> int:
        """Binds UDP and TCP to one port number and begins to receive; returns it. Raises OSError."""
        await self._bind(host, port)
        self.fanout.start(self)
        return self._udp.port

    async def _bind(self, host: str, port: int) -> None:
        for attempt in range(1, _BIND_ATTEMPTS + 1):
            self._udp = UdpSocket(host, port)
            self.fanout = make_fanout(self._udp.sock, self.clock)
            self._tcp = TcpListener(self._on_frame, self._on_connection_lost, self.flush)
            try:
                await self._tcp.start(host, self._udp.port)
            except OSError:
                # A free UDP port may be somebody's TCP port: try another, unless this one was asked for.
                self.fanout.close()
                self._udp.close()
                if port or attempt == _BIND_ATTEMPTS:
                    raise
            else:
                return

    async def close(self) -> None:
        await self._tcp.close()
        self.fanout.close()
        self._udp.close()

    def flush(self) -> None:
        self.fanout.flush()

    def add(self, ufrag: str, transport: Transport, gone: tuple[str, ...] = ()) -> None:
        """Checks for ``ufrag`` are the transport's; ``gone`` are no more."""
        self.by_ufrag[ufrag] = transport
        for old in gone:
            self.by_ufrag.pop(old, None)

    def forget(self, transport: Transport) -> None:
        """Drop its names; its paths stay for its last words: ``drop_paths`` afterwards."""
        for ufrag in [u for u, each in self.by_ufrag.items() if each is transport]:
            del self.by_ufrag[ufrag]

    def drop_paths(self, transport: Transport) -> None:
        for path in [p for p in self.paths.values() if p.transport is transport]:
            del self.paths[path.key]
            self._distrust(path)
            if path.connection is not None:
                path.connection.close()

    def heard_stun(self, data: bytes, key: bytes) -> None:
        """From the fanout. Nothing it contains may end the reading."""
        try:
            ip, port = self._udp.address(key)
            self._on_stun(data, key, ip, port, None)
        except Exception:
            self._went_wrong("a check could not be handled")

    def _on_frame(self, connection: TcpConnection, data: bytes) -> None:
        try:
            if data[0] < 4:
                self._on_stun(data, connection, *connection.remote, connection)
                return
            path = self.paths.get(connection)
            if path is None:
                self._counters.tcp_unvalidated += 1
            else:
                path.transport.inlet.receive(data)
        except Exception:
            self._went_wrong("a frame over TCP could not be handled")

    def _on_stun(
        self, data: bytes, key: Hashable, ip: str, port: int, connection: TcpConnection | None
    ) -> None:
        self._counters.stun_received += 1
        message = stun.parse(data)
        transport = self.by_ufrag.get(message.username.partition(":")[0]) if message is not None else None
        if message is None or transport is None:
            self._counters.stun_refused += 1
            return
        checked = transport.ice.check(message, key, ip, port, self.clock())
        if checked is None:
            self._counters.stun_refused += 1
            return
        path = self.paths.get(key)
        if path is None or path.transport is not transport:
            if path is not None and path.transport.ice.forget(key):
                self._reselect(path.transport)
            path = self.paths[key] = Path(key, ip, port, transport, self._udp, connection)
            if isinstance(key, bytes):
                self.fanout.trust(key, transport.inlet)
        if connection is not None:
            connection.validated = True
        if checked.forgotten is not None:
            self._drop(checked.forgotten)
        for ufrag in checked.retired:
            self.by_ufrag.pop(ufrag, None)
        path.send(checked.response)
        if checked.after_silence:
            transport.lose_path()  # so that what comes next begins with a key frame
        if checked.selected:
            self._use(path)

    def _on_connection_lost(self, connection: TcpConnection) -> None:
        path = self.paths.pop(connection, None)
        if path is not None and path.transport.ice.forget(connection):
            self._reselect(path.transport)

    def _reselect(self, transport: Transport) -> None:
        """The selected address is gone: go on with another valid one, or with none."""
        path = self.paths.get(transport.ice.selected) if transport.ice.selected is not None else None
        if path is not None:
            self._use(path)
        else:
            transport.inlet.answer_checks(None, "", "")
            transport.lose_path()

    def _use(self, path: Path) -> None:
        """From now on everything goes there, and its checks may be answered where they arrive."""
        credentials = path.transport.ice.credentials
        key = path.key if isinstance(path.key, bytes) else None
        path.transport.inlet.answer_checks(key, credentials.ufrag, credentials.password)
        path.transport.use_path(path)

    def watch_consent(self, transports: Iterable[Transport], now: float) -> None:
        """Addresses whose consent has expired get nothing more; transports without any other wait."""
        for transport in transports:
            if transport.ice.selected is not None:
                transport.ice.heard(transport.ice.selected, transport.inlet.checked_at)
            gone, was_selected = transport.ice.expire(now)
            for key in gone:
                self._drop(key)
            if was_selected:
                self._counters.consents_lost += 1
                self._reselect(transport)

    def _drop(self, key: Hashable) -> None:
        """An address that is valid no more; its connection is closed with it."""
        path = self.paths.pop(key, None)
        if path is not None:
            self._distrust(path)
            if path.connection is not None:
                path.connection.close()

    def _distrust(self, path: Path) -> None:
        if isinstance(path.key, bytes):
            self.fanout.trust(path.key, None)

    def counters(self) -> dict[str, float]:
        """Of the sockets and the fanout, by metric name."""
        values = {
            "media_udp_send_dropped_total": self._udp.send_dropped,
            "media_tcp_connections": self._tcp.connections,
            "media_tcp_dropped_total": self._tcp.dropped,
            "media_tcp_refused_total": self._tcp.refused,
        }
        values |= {f"media_{name}_total": value for name, value in self.fanout.counters().items()}
        return {name: float(value) for name, value in values.items()}
