"""A WebRTC endpoint for tests and load: ICE controlling, DTLS client, SRTP; over real UDP or TCP.

    peer = Peer(transport_parameters)                      # what OpenTransport answered
    # give peer.dtls_parameters to ConnectTransport
    await peer.connect()
    peer.send_rtp(packet)                                  # plain RTP bytes, protected and sent at once
    peer.on_rtp = lambda packet, arrival: ...              # plain RTP; arrival: time.perf_counter() seconds
    peer.on_rtcp = lambda packet: ...                      # plain compound RTCP
    await peer.close()

``address``: which of the candidates to use; else the first. ``lose_incoming`` / ``lose_outgoing``: predicates over the datagram, for scripted loss. ``counters``:
what passed and what was lost. One certificate is shared by all peers of a process.
"""

import asyncio
import contextlib
import functools
import os
import socket
import time
from collections.abc import Callable, Hashable
from typing import Any

from media import srtp, stun
from media.dtls import Certificate, DtlsTransport
from media.parameters import DtlsParameters, IceParameters, TransportParameters
from media.rtp.header import is_rtcp
from media.stats import Counters
from media.tcp import TcpConnection
from media.udp import UdpSocket

_PROBATOR = (1234).to_bytes(4)
"""Padding, which shows how much the line carries: nobody plays it."""

CHECK_SECONDS = 0.1
CONSENT_SECONDS = 4.0


@functools.cache
def shared_certificate() -> Certificate:
    return Certificate()


class PeerCounters:
    """Packets of this peer."""

    def __init__(self) -> None:
        self.rtp_sent = self.rtp_received = 0
        self.rtcp_sent = self.rtcp_received = 0
        self.bytes_received = 0
        self.lost_by_script = 0
        self.unprotect_failed = 0
        self.checks_sent = self.checks_answered = 0


class _TcpPath(TcpConnection):
    """The client's end of ICE-TCP: the same framing."""


class _TcpOwner:
    """What a TcpConnection reports to."""

    def __init__(self, received: Callable[[bytes], None]) -> None:
        self._take = received
        self.dropped = 0

    def _add(self, connection: TcpConnection) -> bool:
        connection.validated = True
        return True

    def _remove(self, connection: TcpConnection) -> None:
        pass

    def _received(self, connection: TcpConnection, data: bytes) -> None:
        self._take(data)

    def _drained(self) -> None:
        pass


class Peer:
    """See the module."""

    def __init__(
        self,
        parameters: TransportParameters,
        *,
        tcp: bool = False,
        address: str | None = None,
        certificate: Certificate | None = None,
    ) -> None:
        self.parameters = parameters
        self.certificate = certificate or shared_certificate()
        self.dtls_parameters = DtlsParameters("client", self.certificate.fingerprints)
        self.on_rtp: Callable[[bytes, float], None] | None = None
        self.on_rtcp: Callable[[bytes], None] | None = None
        self.lose_incoming: Callable[[bytes], bool] | None = None
        self.lose_outgoing: Callable[[bytes], bool] | None = None
        self.counters = PeerCounters()
        self.closed_by_remote = asyncio.Event()
        self.answered = asyncio.Event()
        self._ice = parameters.ice_parameters
        self._is_tcp = tcp
        self._udp: UdpSocket | None = None
        self._tcp: TcpConnection | None = None
        protocol = "tcp" if tcp else "udp"
        candidate = next(
            c for c in parameters.ice_candidates if c.protocol == protocol and address in (None, c.address)
        )
        self._remote = (candidate.address, candidate.port)
        self._ufrag = os.urandom(4).hex()
        self._tie_breaker = int.from_bytes(os.urandom(8))
        self._checks: asyncio.Task[None] | None = None
        self._dtls = DtlsTransport(
            self.certificate, "client", self._send_raw, self.closed_by_remote.set, Counters()
        )
        self._inbound: srtp.Session | None = None
        self._outbound: srtp.Session | None = None
        self._buffer = srtp.ffi.new("char[]", 4096)
        self._view = memoryview(srtp.ffi.buffer(self._buffer)).cast("B")

    async def connect(self, seconds: float = 10.0) -> None:
        """ICE, then DTLS. Raises TimeoutError or media.dtls.DtlsFailed."""
        async with asyncio.timeout(seconds):
            await self._open()
            self._checks = asyncio.get_running_loop().create_task(self._check_on())
            await self.answered.wait()
            keys = await self._dtls.run(self.parameters.dtls_parameters)
        self._inbound = srtp.Session(keys.profile, keys.inbound, inbound=True)
        self._outbound = srtp.Session(keys.profile, keys.outbound, inbound=False)

    async def _open(self) -> None:
        if self._is_tcp:
            owner: Any = _TcpOwner(self._receive_copy)
            loop = asyncio.get_running_loop()
            _, self._tcp = await loop.create_connection(lambda: _TcpPath(owner), *self._remote)
            return
        self._open_udp()

    def _open_udp(self) -> None:
        host = "::" if ":" in self._remote[0] else "0.0.0.0"
        if self._remote[0].startswith("127."):
            host = "127.0.0.1"
        self._udp = UdpSocket(host, 0)
        self._udp.start(self._receive, lambda: None)

    def move(self) -> None:
        """Go on from a new local address (what a phone does between Wi-Fi and mobile)."""
        assert self._udp is not None
        self._udp.close()
        self._open_udp()
        self.check()

    @property
    def local_port(self) -> int:
        assert self._udp is not None
        return self._udp.port

    def restart_ice(self, parameters: IceParameters) -> None:
        self._ice = parameters
        self.answered.clear()
        self.check()

    async def _check_on(self) -> None:
        while True:
            self.check()
            await asyncio.sleep(CONSENT_SECONDS if self.answered.is_set() else CHECK_SECONDS)

    def check(self, nominate: bool = True) -> None:
        """Send one connectivity check now."""
        username = f"{self._ice.username_fragment}:{self._ufrag}"
        request = stun.binding_request(
            username, self._ice.password.encode(), 1853824767, self._tie_breaker, nominate
        )
        self.counters.checks_sent += 1
        self._send_raw(request)

    def stop_checks(self) -> None:
        """Fall silent, as a browser that lost its network."""
        if self._checks is not None:
            self._checks.cancel()

    def hand_over(self) -> tuple[socket.socket, srtp.Session, srtp.Session]:
        """The socket (connected to the server) and SRTP, in and out, for a loop that the caller runs: nothing is
        read here any more. All three stay the peer's; checks are the caller's to send (``check``)."""
        assert self._udp is not None
        assert self._inbound is not None
        assert self._outbound is not None
        self.stop_checks()
        self._udp.stop()
        self._udp.sock.connect(self._remote)
        return self._udp.sock, self._inbound, self._outbound

    def send_rtp(self, packet: bytes) -> None:
        self._protect(packet, rtcp=False)
        self.counters.rtp_sent += 1

    def send_rtcp(self, packet: bytes) -> None:
        self._protect(packet, rtcp=True)
        self.counters.rtcp_sent += 1

    def _protect(self, packet: bytes, rtcp: bool) -> None:
        if self._outbound is None:
            raise ConnectionError("not connected")
        size = len(packet)
        self._view[:size] = packet
        size = self._outbound.protect(self._buffer, size, rtcp)
        if size < 0:
            raise ValueError(f"libsrtp status {-size}")
        data = bytes(self._view[:size])
        if self.lose_outgoing is not None and self.lose_outgoing(packet):
            self.counters.lost_by_script += 1
            return
        self._send_raw(data)

    def send_datagram(self, data: bytes) -> None:
        """Anything, as it is."""
        self._send_raw(data)

    def _send_raw(self, data: bytes) -> None:
        if self._udp is not None:
            self._udp.send(data, self._remote)
        elif self._tcp is not None:
            self._tcp.send(data)

    def _receive_copy(self, data: bytes) -> None:
        buffer = srtp.ffi.new("char[]", data)
        view = memoryview(srtp.ffi.buffer(buffer)).cast("B")
        self._receive(buffer, view[: len(data)], None, 0.0)

    def _receive(self, pointer: Any, view: memoryview, _source: Hashable, age: float) -> None:
        first = view[0]
        if first < 4:
            self._on_stun(bytes(view))
        elif first < 64:
            self._dtls.feed(bytes(view))
        elif first < 192 and self._inbound is not None:
            rtcp = is_rtcp(view[1])
            size = self._inbound.unprotect(pointer, len(view), rtcp)
            if size < 0:
                self.counters.unprotect_failed += 1
                return
            packet = bytes(view[:size])
            if self.lose_incoming is not None and self.lose_incoming(packet):
                self.counters.lost_by_script += 1
                return
            if rtcp:
                self.counters.rtcp_received += 1
                if self.on_rtcp is not None:
                    self.on_rtcp(packet)
                return
            self.counters.rtp_received += 1
            self.counters.bytes_received += size
            if self.on_rtp is not None and packet[8:12] != _PROBATOR:
                self.on_rtp(packet, time.perf_counter() - age)

    def _on_stun(self, data: bytes) -> None:
        message = stun.parse(data)
        if (
            message is not None
            and message.type == stun.Type.SUCCESS
            and message.is_authentic(self._ice.password.encode())
        ):
            self.counters.checks_answered += 1
            self.answered.set()

    async def close(self, *, silently: bool = False) -> None:
        """``silently``: without a DTLS goodbye, as a killed browser. Idempotent."""
        checks, self._checks = self._checks, None
        if checks is not None:
            checks.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await checks
        if silently and self._udp is not None:
            self._udp.close()
            self._udp = None
        await self._dtls.close()
        for session in (self._inbound, self._outbound):
            if session is not None:
                session.close()
        self._inbound = self._outbound = None
        if self._udp is not None:
            self._udp.close()
            self._udp = None
        if self._tcp is not None:
            self._tcp.close()
            self._tcp = None
