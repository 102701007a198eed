"""A worker, and peers that send and receive through it: what most tests of this folder need."""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from media import codecs, control
from media.parameters import (
    RtpCodecParameters,
    RtpEncoding,
    RtpHeaderExtensionParameters,
    RtpParameters,
    RtxEncoding,
)
from media.worker import Worker, WorkerSettings
from tests.media.peer import Peer

R = TypeVar("R")
VP8_KEY = bytes((0x90, 0xE0, 0x81, 0x00, 0x00, 0x20)) + bytes((0x00, 0x9D, 0x01, 0x2A))
"""Descriptor with a 15-bit PictureID, TL0PICIDX and TID, then a key frame's payload header."""


async def until(condition: Callable[[], object], seconds: float = 8.0) -> None:
    """Waits for a condition that other tasks make true."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


def rtp(
    seq: int,
    payload: bytes,
    *,
    ssrc: int,
    payload_type: int,
    timestamp: int = 0,
    marker: bool = True,
    extensions: dict[int, bytes] | None = None,
) -> bytes:
    """A packet, with one-byte extensions when given."""
    head = struct.pack(
        "!BBHII",
        0x90 if extensions else 0x80,
        payload_type | (0x80 if marker else 0),
        seq & 0xFFFF,
        timestamp & 0xFFFFFFFF,
        ssrc,
    )
    if not extensions:
        return head + payload
    elements = b"".join(bytes((i << 4 | len(data) - 1,)) + data for i, data in extensions.items())
    elements += bytes(-len(elements) % 4)
    return head + struct.pack("!HH", 0xBEDE, len(elements) // 4) + elements + payload


def vp8_payload(number: int, key: bool, size: int = 200) -> bytes:
    """A one-packet picture whose bytes after the headers say ``number``."""
    descriptor = bytes((0x90, 0xE0, 0x80 | (number >> 8) & 0x7F, number & 0xFF, number & 0xFF, 0x20))
    head = bytes((0x00 if key else 0x01, 0x9D, 0x01, 0x2A))
    return descriptor + head + struct.pack("!I", number) + bytes(size)


def video_parameters(ssrc: int = 1111, rtx: int | None = 2222, mid: str = "0") -> RtpParameters:
    """What a browser with VP8 would produce with (its own ids differ from the router's)."""
    capability = next(c for c in codecs.CODECS if c.capability.mime_type == "video/VP8").capability
    offered = [
        RtpCodecParameters(
            mime_type="video/VP8",
            payload_type=96,
            clock_rate=90_000,
            rtcp_feedback=capability.rtcp_feedback,
        )
    ]
    if rtx is not None:
        offered.append(
            RtpCodecParameters(
                mime_type="video/rtx", payload_type=97, clock_rate=90_000, parameters={"apt": 96}
            )
        )
    return RtpParameters(
        codecs=tuple(offered),
        encodings=(RtpEncoding(ssrc=ssrc, rtx=RtxEncoding(rtx) if rtx is not None else None),),
        header_extensions=(
            RtpHeaderExtensionParameters(uri=codecs.MID, id=4),
            RtpHeaderExtensionParameters(uri=codecs.TRANSPORT_CC, id=3),
            RtpHeaderExtensionParameters(uri=codecs.RID, id=10),
            RtpHeaderExtensionParameters(uri=codecs.REPAIRED_RID, id=11),
        ),
        mid=mid,
    )


def audio_parameters(ssrc: int = 3333, mid: str = "1") -> RtpParameters:
    return RtpParameters(
        codecs=(
            RtpCodecParameters(
                mime_type="audio/opus",
                payload_type=111,
                clock_rate=48_000,
                channels=2,
                parameters={"useinbandfec": 1},
            ),
        ),
        encodings=(RtpEncoding(ssrc=ssrc),),
        header_extensions=(
            RtpHeaderExtensionParameters(uri=codecs.MID, id=4),
            RtpHeaderExtensionParameters(uri=codecs.TRANSPORT_CC, id=3),
            RtpHeaderExtensionParameters(uri=codecs.AUDIO_LEVEL, id=1),
        ),
        mid=mid,
    )


class House:
    """A running worker with one router ``r``; keeps the peers it made and closes them."""

    def __init__(self, worker: Worker, notices: list[control.Notice]) -> None:
        self.worker = worker
        self.notices = notices
        self.peers: list[Peer] = []

    async def ask(self, request: control.Request, reply: type[R]) -> R:
        answer = await self.worker.handle(request)
        assert isinstance(answer, reply), answer
        return answer

    async def open(self, name: str, direction: str, *, tcp: bool = False, address: str | None = None) -> Peer:
        """A peer for a new transport, not connected yet."""
        opened = await self.ask(
            control.OpenTransport("r", name, f"peer {name}", direction),  # type: ignore[arg-type]
            control.TransportOpened,
        )
        peer = Peer(opened.parameters, tcp=tcp, address=address)
        self.peers.append(peer)
        return peer

    async def join(self, name: str, direction: str, *, tcp: bool = False, address: str | None = None) -> Peer:
        """A connected peer; its transport is ``name``."""
        peer = await self.open(name, direction, tcp=tcp, address=address)
        await self.ask(control.ConnectTransport(name, peer.dtls_parameters), control.Done)
        await peer.connect()
        await until(lambda: self.worker.registry.transports[name].is_connected)
        return peer

    async def produce(self, transport: str, producer: str, kind: str, parameters: RtpParameters) -> None:
        await self.ask(control.Produce(transport, producer, kind, parameters), control.Done)  # type: ignore[arg-type]

    async def consume(
        self, transport: str, consumer: str, producer: str, *, resume: bool = True
    ) -> RtpParameters:
        consuming = await self.ask(
            control.Consume(transport, consumer, producer, codecs.router_capabilities()),
            control.Consuming,
        )
        if resume:
            await self.ask(control.ResumeConsumer(consumer), control.Done)
        return consuming.rtp_parameters

    def count(self, name: str) -> int:
        """One of the fanout's counters."""
        return self.worker.network.fanout.counters()[name]

    async def stats(self) -> dict[str, float]:
        return (await self.ask(control.TakeStats(), control.Stats)).values


@contextlib.asynccontextmanager
async def house(settings: WorkerSettings | None = None) -> AsyncIterator[House]:
    notices: list[control.Notice] = []
    worker = Worker(settings or WorkerSettings(), notices.append)
    await worker.start()
    home = House(worker, notices)
    try:
        await home.ask(control.OpenRouter("r"), control.RouterOpened)
        yield home
    finally:
        for peer in home.peers:
            await peer.close()
        await worker.close()
