"""A participant without a browser: signs in, is let in, publishes synthetic media, counts what arrives."""

import asyncio
import contextlib
import itertools
import random
import time
from collections.abc import Callable, Coroutine
from typing import Any, Self

from media.parameters import (
    Kind,
    RtpCapabilities,
    RtpCodecParameters,
    RtpEncoding,
    RtpParameters,
    TransportParameters,
)
from signaling.wire import client as ask
from signaling.wire import server as told
from tests.clients.lesson_socket import LessonSocket, Refused, SignedIn
from tests.clients.traffic import Arrivals, Microphone, Screen
from tests.media.peer import Peer

MIME = {"audio": "audio/opus", "video": "video/VP8"}


class Participant:
    """Use as a context manager: it closes what it opened.

    ``consumers``: by SSRC, what the server said of each stream before it sent it.
    """

    def __init__(self, url: str, username: str, password: str) -> None:
        self.username = username
        self.arrivals = Arrivals()
        self.receiving = asyncio.Event()
        self.consumers: dict[int, told.Consumer] = {}
        self.sent: dict[str, int] = {}
        self.account = SignedIn(url)
        self.socket: LessonSocket | None = None
        self._password = password
        self._capabilities: RtpCapabilities | None = None
        self._peers: dict[bool, Peer] = {}
        self._transports: dict[bool, str] = {}
        self._mids = itertools.count()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.account.sign_in(self.username, self._password)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
        await self.account.http.close()

    # --- the lesson -------------------------------------------------------------------------------

    async def knock(self, lesson: str) -> None:
        self.socket = LessonSocket(self.account, lesson)
        self.socket.others.append(self._told)
        await self.socket.connect()
        with contextlib.suppress(Refused):  # "already": who was admitted comes back unasked
            await self.socket.ask(ask.Knock)

    async def admitted(self, seconds: float = 60.0) -> None:
        assert self.socket is not None
        socket = self.socket
        await socket.until(lambda: socket.admitted and socket.media, seconds)

    async def leave(self) -> None:
        """As a browser does by "Leave"."""
        assert self.socket is not None
        await self.socket.ask(ask.Leave)
        await self.close()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        for peer in self._peers.values():
            await peer.close()
        self._peers.clear()
        if self.socket is not None:
            await self.socket.close()
            self.socket = None

    # --- media ------------------------------------------------------------------------------------

    async def receive(self) -> None:
        """Open the receiving side. Consumers follow by themselves."""
        await self._load()
        await self._open(send=False)
        assert self.socket is not None
        assert self._capabilities is not None
        await self.socket.ask(ask.JoinMedia, rtp_capabilities=self._capabilities)

    async def publish(self, source: str) -> None:
        """``microphone`` (50 packets/s) or ``screen`` (300 packets/s), until closed."""
        await self._load()
        if True not in self._peers:
            await self._open(send=True)
        kind: Kind = "audio" if source == "microphone" else "video"
        ssrc = random.randrange(1, 2**31)
        codec = self._codec(kind)
        parameters = RtpParameters(
            codecs=(codec,), encodings=(RtpEncoding(ssrc=ssrc),), mid=str(next(self._mids))
        )
        assert self.socket is not None
        await self.socket.ask(
            ask.Produce,
            transport=self._transports[True],
            kind=kind,
            source=source,
            rtp_parameters=parameters,
        )
        now = time.perf_counter()
        stream = (
            Microphone(ssrc, codec.payload_type, now)
            if kind == "audio"
            else Screen(ssrc, codec.payload_type, now)
        )
        if isinstance(stream, Screen):
            self._peers[True].on_rtcp = _key_frame_asked(ssrc, stream)
        self._own(self._send(source, stream))

    def stop_publishing(self) -> None:
        for task in self._tasks:
            task.cancel()

    @property
    def lost(self) -> int:
        return sum(stream.lost for stream in self.arrivals.streams.values())

    @property
    def packets(self) -> int:
        return sum(stream.packets for stream in self.arrivals.streams.values())

    @property
    def first_packet_at(self) -> float | None:
        """``time.perf_counter`` of the first media packet."""
        return min((stream.first_at for stream in self.arrivals.streams.values()), default=None)

    # --- inside -----------------------------------------------------------------------------------

    def _own(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _codec(self, kind: Kind) -> RtpCodecParameters:
        assert self._capabilities is not None
        found = next(codec for codec in self._capabilities.codecs if codec.mime_type == MIME[kind])
        assert found.preferred_payload_type is not None
        return RtpCodecParameters(
            mime_type=found.mime_type,
            payload_type=found.preferred_payload_type,
            clock_rate=found.clock_rate,
            channels=found.channels,
            parameters=found.parameters,
            rtcp_feedback=found.rtcp_feedback,
        )

    async def _load(self) -> None:
        if self._capabilities is None:
            assert self.socket is not None
            answer = await self.socket.ask(ask.GetCapabilities)
            assert isinstance(answer, told.Capabilities)
            self._capabilities = answer.rtp_capabilities

    async def _open(self, *, send: bool) -> None:
        assert self.socket is not None
        answer = await self.socket.ask(ask.OpenTransport, send=send)
        assert isinstance(answer, told.Transport)
        parameters: TransportParameters = answer.parameters
        peer = Peer(parameters)
        if not send:
            peer.on_rtp = self._take
        self._peers[send] = peer
        self._transports[send] = parameters.id
        await self.socket.ask(
            ask.ConnectTransport, transport=parameters.id, dtls_parameters=peer.dtls_parameters
        )
        await peer.connect(30.0)

    def _take(self, packet: bytes, arrival: float) -> None:
        self.arrivals.take(packet, arrival)
        self.receiving.set()

    def _told(self, message: told.AnyServerMessage) -> None:
        if isinstance(message, told.Consumer):
            ssrc = message.rtp_parameters.encodings[0].ssrc
            assert ssrc is not None
            self.consumers[ssrc] = message
            self._own(self._resume(message.consumer))

    async def _resume(self, consumer: str) -> None:
        if self.socket is not None:
            with contextlib.suppress(Refused, ConnectionError):
                await self.socket.ask(ask.ResumeConsumer, consumer=consumer)

    async def _send(self, source: str, stream: Microphone | Screen) -> None:
        peer = self._peers[True]
        while True:
            for packet in stream.packets(time.perf_counter()):
                peer.send_rtp(packet)
            self.sent[source] = stream.sent
            await asyncio.sleep(0.01)


def _key_frame_asked(ssrc: int, screen: Screen) -> Callable[[bytes], None]:
    def take(packet: bytes) -> None:
        # A PLI is 12 bytes and may stand anywhere in a compound packet (RFC 4585, 6.3.1).
        if b"\x81\xce\x00\x02" in packet and ssrc.to_bytes(4, "big") in packet:
            screen.want_key_frame()

    return take
