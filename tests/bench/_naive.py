"""What aiortc's own objects cost: a forwarder as one would write it with them, one task, one packet at a time.

For every subscriber it has aiortc's ``RTCDtlsTransport`` with SRTP keys set (its handshake is left out), and
sends over an asyncio datagram transport. A packet is opened and parsed once. Decoding, history, feedback and
ICE are left out as well: it is the least that such a forwarder does.
"""

import asyncio
import multiprocessing.connection
import time
from typing import Any

from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsTransport, State
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import HeaderExtensions, HeaderExtensionsMap, RtpPacket
from pylibsrtp import Policy, Session

from media import codecs
from media.udp import UdpSocket

FIRST_SSRC = 10_000
MID, TRANSPORT_CC = 1, 5


def ssrcs(index: int) -> list[int]:
    """Video and voice of a subscriber."""
    return [FIRST_SSRC + 2 * index, FIRST_SSRC + 2 * index + 1]


def _session(key: bytes, ssrc_type: int) -> Session:
    policy = Policy(key=key, ssrc_type=ssrc_type, srtp_profile=Policy.SRTP_PROFILE_AEAD_AES_128_GCM)
    policy.allow_repeat_tx = True
    policy.window_size = 1024
    return Session(policy)


class _Path:
    """In the place of an ICE transport."""

    role = "controlled"

    def __init__(self, udp: asyncio.DatagramTransport, address: tuple[str, int]) -> None:
        self._udp = udp
        self._address = address

    async def _send(self, data: bytes) -> None:
        self._udp.sendto(data, self._address)


class _Sender:
    """One subscriber's two outgoing streams."""

    def __init__(self, dtls: Any, index: int, extensions: HeaderExtensionsMap) -> None:
        self._dtls = dtls
        self._ssrcs = ssrcs(index)
        self._mid = f"{index:04x}"
        self._extensions = extensions
        self._seqs = [1, 1]
        self._wide = 0

    async def send(self, packet: RtpPacket) -> None:
        which = packet.payload_type == 111
        copy = RtpPacket(packet.payload_type, packet.marker, self._seqs[which], packet.timestamp)
        copy.ssrc = self._ssrcs[which]
        copy.payload = packet.payload
        copy.extensions = HeaderExtensions(mid=self._mid, transport_sequence_number=self._wide)
        self._seqs[which] = (self._seqs[which] + 1) & 0xFFFF
        self._wide = (self._wide + 1) & 0xFFFF
        await self._dtls._send_rtp(copy.serialize(self._extensions))


class _Incoming(asyncio.DatagramProtocol):
    def __init__(self, queue: "asyncio.Queue[bytes]") -> None:
        self._queue = queue

    def datagram_received(self, data: bytes, _address: Any) -> None:
        self._queue.put_nowait(data)


def naive_process(pipe: multiprocessing.connection.Connection) -> None:
    """Told the publisher's key, the subscribers' keys and ports; answers its port, and then processor seconds
    whenever it is asked; None ends it."""
    asyncio.run(_serve(pipe))


async def _serve(pipe: multiprocessing.connection.Connection) -> None:
    key, keys, ports = pipe.recv()
    incoming = _session(key, Policy.SSRC_ANY_INBOUND)
    queue: asyncio.Queue[bytes] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    # The product's own socket, for its buffers.
    udp = UdpSocket("127.0.0.1", 0)
    transport, _ = await loop.create_datagram_endpoint(lambda: _Incoming(queue), sock=udp.sock)
    extensions = HeaderExtensionsMap()
    extensions.configure(
        RTCRtpParameters(
            headerExtensions=[
                RTCRtpHeaderExtensionParameters(id=MID, uri=codecs.MID),
                RTCRtpHeaderExtensionParameters(id=TRANSPORT_CC, uri=codecs.TRANSPORT_CC),
            ]
        )
    )
    certificate = RTCCertificate.generateCertificate()
    senders: list[_Sender] = []
    for index, (each, port) in enumerate(zip(keys, ports, strict=True)):
        path: Any = _Path(transport, ("127.0.0.1", port))
        dtls = RTCDtlsTransport(path, [certificate])
        dtls._tx_srtp = _session(each, Policy.SSRC_ANY_OUTBOUND)
        dtls._set_state(State.CONNECTED)
        senders.append(_Sender(dtls, index, extensions))
    forwarding = loop.create_task(_forward(queue, incoming, senders))
    asked = asyncio.Event()
    loop.add_reader(pipe.fileno(), asked.set)
    pipe.send(udp.port)
    while True:
        await asked.wait()
        asked.clear()
        while pipe.poll(0):
            if pipe.recv() is None:
                loop.remove_reader(pipe.fileno())
                forwarding.cancel()
                transport.close()
                return
            pipe.send(time.process_time())


async def _forward(queue: "asyncio.Queue[bytes]", incoming: Session, senders: list[_Sender]) -> None:
    while True:
        packet = RtpPacket.parse(incoming.unprotect(await queue.get()))
        for sender in senders:
            await sender.send(packet)
