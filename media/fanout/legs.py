"""What a Python fanout hands out: outlets, legs and sources. The hot loop is ``python``'s."""

from collections.abc import Callable
from typing import Protocol

from media import srtp
from media.fanout.batch import Destination
from media.fanout.port import LegCounters, LegSettings, Source
from media.rtp.packet import MID_SIZE, Packet
from media.rtp.rewrite import Epoch, Rewriter
from media.srtp import SrtpKeys


class Loop(Protocol):
    """The hot loop, as what it hands out needs it. ``send_rtx`` returns the size sent, 0: nothing."""

    @property
    def family(self) -> int: ...
    def forward(self, legs: list["PythonLeg"], packet: Packet) -> None: ...
    def send_rtx(self, leg: "PythonLeg", epoch: Epoch, packet: Packet, out: int) -> int: ...
    def send_rtcp(self, outlet: "PythonOutlet", packet: bytes) -> None: ...
    def flush(self) -> None: ...


class PythonOutlet:
    """See ``port.Outlet``. Owns the outgoing SRTP session and the transport-wide sequence."""

    __slots__ = ("_loop", "destination", "handle", "session", "sink", "tag", "transport_cc")

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self.session: srtp.Session | None = None
        self.handle: object = None
        self.tag = 0
        self.destination: Destination | None = None
        self.sink: Callable[[bytes], None] | None = None
        self.transport_cc = 0

    @property
    def is_ready(self) -> bool:
        return self.handle is not None and (self.destination is not None or self.sink is not None)

    def set_keys(self, keys: SrtpKeys) -> None:
        if self.session is not None:
            raise ValueError("an outlet's keys are set once")
        self.session = srtp.Session(keys.profile, keys.outbound, inbound=False)
        self.handle = self.session.handle
        self.tag = self.session.tag

    def to_address(self, ip: str, port: int) -> None:
        self.sink = None
        self.destination = Destination(self._loop.family, ip, port)

    def to_stream(self, send: Callable[[bytes], None]) -> None:
        self.destination = None
        self.sink = send

    def to_nowhere(self) -> None:
        self.destination = self.sink = None

    def send_rtcp(self, packet: bytes) -> None:
        self._loop.send_rtcp(self, packet)

    def close(self) -> None:
        self.to_nowhere()
        self.handle = None
        session, self.session = self.session, None
        if session is not None:
            self._loop.flush()
            session.close()


class PythonLeg(Rewriter):
    """See ``port.Leg``. The rewriting is ``Rewriter``'s; the hot loop writes it out once more for speed."""

    __slots__ = (
        "_loop",
        "octets",
        "one_byte",
        "outlet",
        "packets",
        "rtx_payload_type",
        "rtx_seq",
        "rtx_ssrc",
        "source",
        "ssrc",
        "two_byte",
    )

    def __init__(self, loop: Loop, outlet: PythonOutlet, settings: LegSettings) -> None:
        super().__init__(settings.start)
        mid = settings.mid.encode("ascii")
        if len(mid) != MID_SIZE:
            raise ValueError(f"a mid has {MID_SIZE} characters")
        if not 0 < settings.rtx_start < 0x8000:
            raise ValueError("a sequence starts below 2^15")
        self._loop = loop
        self.outlet = outlet
        self.ssrc = settings.ssrc
        self.one_byte, self.two_byte = _elements(mid, settings.mid_id, settings.transport_cc_id)
        self.rtx_ssrc = settings.rtx_ssrc
        self.rtx_payload_type = settings.rtx_payload_type
        self.rtx_seq = settings.rtx_start
        self.source: PythonSource | None = None
        self.packets = 0
        self.octets = 0

    def begin(  # type: ignore[override]
        self,
        source: Source,
        first: int,
        timestamp_offset: int = 0,
        picture_offset: int = 0,
        tl0_offset: int = 0,
    ) -> None:
        assert isinstance(source, PythonSource)
        super().begin(source, first, timestamp_offset, picture_offset, tl0_offset)
        if self.source is not source:
            if self.source is not None:
                self.source.legs.remove(self)
            self.source = source
            source.legs.append(self)

    def end(self) -> None:
        super().end()
        source, self.source = self.source, None
        if source is not None:
            source.legs.remove(self)

    @property
    def timestamp_offset(self) -> int:
        return self.current.timestamp_offset if self.current is not None else 0

    def resend(self, seq: int, find: Callable[[object, int], Packet | None]) -> int:
        if self.rtx_payload_type < 0:
            return 0
        origin = self.origin(seq)
        if origin is None:
            return 0
        epoch, incoming, out = origin
        packet = find(epoch.source, incoming)
        return 0 if packet is None else self._loop.send_rtx(self, epoch, packet, out)

    def counters(self) -> LegCounters:
        return LegCounters(self.packets, self.octets)

    def close(self) -> None:
        self.end()
        self.epochs.clear()
        session = self.outlet.session
        if session is not None:
            self._loop.flush()
            session.forget(self.ssrc)
            if self.rtx_payload_type >= 0:
                session.forget(self.rtx_ssrc)


class PythonSource:
    """See ``port.Source``."""

    __slots__ = ("_loop", "legs")

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self.legs: list[PythonLeg] = []

    def forward(self, packet: Packet) -> None:
        if self.legs:
            self._loop.forward(self.legs, packet)


def _elements(mid: bytes, mid_id: int, transport_cc_id: int) -> tuple[bytes, bytes]:
    """MID, and transport-cc up to its number, in both extension forms."""
    if not 0 < mid_id <= 14 or not 0 < transport_cc_id <= 14:
        raise ValueError("extension ids are 1 to 14")
    one = bytes((mid_id << 4 | MID_SIZE - 1,)) + mid
    two = bytes((mid_id, MID_SIZE)) + mid
    return one + bytes((transport_cc_id << 4 | 1,)), two + bytes((transport_cc_id, 2))
