"""The pure-Python fanout: headers packed in place, libsrtp in place, datagrams in batches."""

import socket
import struct
from collections.abc import Callable

from media import srtp
from media.fanout.batch import SLOT_SIZE, SLOTS, Batch, Destination, address_of, make_batch
from media.fanout.port import Leg, LegCounters, LegSettings, Outlet, Source
from media.rtp import vp8
from media.rtp.packet import MID_SIZE, Packet
from media.rtp.rewrite import MAX_BEHIND, Epoch, Rewriter
from media.srtp import SrtpKeys

_ONE_BYTE = struct.Struct("!HII4s6sH")
_TWO_BYTE = struct.Struct("!HII4s8sH")
MAX_PACKET = SLOT_SIZE - srtp.TRAILER


class PythonOutlet:
    """See ``port.Outlet``. Owns the outgoing SRTP session and the transport-wide sequence."""

    __slots__ = ("_fanout", "destination", "handle", "session", "sink", "tag", "transport_cc")

    def __init__(self, fanout: "PythonFanout") -> None:
        self._fanout = fanout
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
        self.destination = Destination(self._fanout.family, ip, port)

    def to_stream(self, send: Callable[[bytes], None]) -> None:
        self.destination = None
        self.sink = send

    def to_nowhere(self) -> None:
        self.destination = self.sink = None

    def send_rtcp(self, packet: bytes) -> None:
        self._fanout._send_rtcp(self, packet)

    def close(self) -> None:
        self.to_nowhere()
        self.handle = None
        session, self.session = self.session, None
        if session is not None:
            self._fanout.flush()
            session.close()


class PythonLeg(Rewriter):
    """See ``port.Leg``. The rewriting is ``Rewriter``'s; the hot loop writes it out once more for speed."""

    __slots__ = (
        "_fanout",
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

    def __init__(self, fanout: "PythonFanout", outlet: PythonOutlet, settings: LegSettings) -> None:
        super().__init__(settings.start)
        mid = settings.mid.encode("ascii")
        if len(mid) != MID_SIZE:
            raise ValueError(f"a mid has {MID_SIZE} characters")
        if not 0 < settings.rtx_start < 0x8000:
            raise ValueError("a sequence starts below 2^15")
        self._fanout = fanout
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
        return 0 if packet is None else self._fanout._send_rtx(self, epoch, packet, out)

    def counters(self) -> LegCounters:
        return LegCounters(self.packets, self.octets)

    def close(self) -> None:
        self.end()
        self.epochs.clear()
        session = self.outlet.session
        if session is not None:
            self._fanout.flush()
            session.forget(self.ssrc)
            if self.rtx_payload_type >= 0:
                session.forget(self.rtx_ssrc)


class PythonSource:
    """See ``port.Source``."""

    __slots__ = ("_fanout", "legs")

    def __init__(self, fanout: "PythonFanout") -> None:
        self._fanout = fanout
        self.legs: list[PythonLeg] = []

    def forward(self, packet: Packet) -> None:
        if self.legs:
            self._fanout._forward(self.legs, packet)


class PythonFanout:
    """See ``port.Fanout``. ``sock``: the worker's UDP socket, which stays the caller's."""

    def __init__(self, sock: socket.socket) -> None:
        self.family = sock.family
        self._batch: Batch = make_batch(sock)
        self._length = srtp.ffi.new("int *")
        # Pointers of one FFI go into functions of another as plain integers cast once.
        self._pointers = [srtp.ffi.cast("void *", address_of(p)) for p in self._batch.pointers]
        self._too_large = 0
        self._refused = 0
        self._nowhere = 0
        self._streamed = 0
        self._streamed_bytes = 0
        self._retransmitted = 0

    def outlet(self) -> PythonOutlet:
        return PythonOutlet(self)

    def leg(self, outlet: Outlet, settings: LegSettings) -> Leg:
        assert isinstance(outlet, PythonOutlet)
        return PythonLeg(self, outlet, settings)

    def source(self) -> PythonSource:
        return PythonSource(self)

    def flush(self) -> None:
        self._batch.flush()

    def close(self) -> None:
        self._batch.close()

    def counters(self) -> dict[str, int]:
        batch = self._batch
        return {
            "packets": batch.sent + self._streamed,
            "bytes": batch.sent_bytes + self._streamed_bytes,
            "retransmitted": self._retransmitted,
            "dropped_full": batch.dropped,
            "dropped_too_large": self._too_large,
            "dropped_refused": self._refused,
            "dropped_nowhere": self._nowhere,
        }

    def _forward(self, legs: list[PythonLeg], packet: Packet) -> None:
        template = packet.template
        size = len(template)
        if size > MAX_PACKET:
            self._too_large += len(legs)
            return
        seq = packet.seq
        timestamp = packet.timestamp
        two_byte = packet.two_byte
        pack = _TWO_BYTE.pack_into if two_byte else _ONE_BYTE.pack_into
        extension_head = packet.extension_head
        payload_at = packet.payload_start
        payload_size = packet.payload_size
        numbers = packet.numbers
        batch = self._batch
        view, pointers, length = batch.view, self._pointers, self._length
        lengths, destinations = batch.lengths, batch.destinations
        protect = srtp.protect_rtp
        slot = batch.count
        for leg in legs:
            epoch = leg.current
            if epoch is None or seq < epoch.first:
                continue
            outlet = leg.outlet
            destination = outlet.destination
            if destination is None and outlet.sink is None:
                self._nowhere += 1
                continue
            out = seq + epoch.offset
            if out > leg.highest:
                leg.highest = out
            elif leg.highest - out > MAX_BEHIND:
                continue
            if slot == SLOTS:
                batch.count = slot
                batch.flush()
                slot = 0
            at = slot * SLOT_SIZE
            view[at : at + size] = template
            wide = outlet.transport_cc
            outlet.transport_cc = (wide + 1) & 0xFFFF
            pack(
                view,
                at + 2,
                out & 0xFFFF,
                (timestamp + epoch.timestamp_offset) & 0xFFFFFFFF,
                leg.ssrc,
                extension_head,
                leg.two_byte if two_byte else leg.one_byte,
                wide,
            )
            if numbers is not None and (epoch.picture_offset or epoch.tl0_offset):
                vp8.write(view, at + payload_at, numbers, epoch.picture_offset, epoch.tl0_offset)
            length[0] = size
            if protect(outlet.handle, pointers[slot], length):
                self._refused += 1
                continue
            leg.packets += 1
            leg.octets += payload_size
            if destination is None:
                self._to_stream(outlet, at, size + outlet.tag)
                continue
            lengths[slot] = size + outlet.tag
            destinations[slot] = destination
            slot += 1
        batch.count = slot

    def _send_rtx(self, leg: PythonLeg, epoch: Epoch, packet: Packet, out: int) -> int:
        outlet = leg.outlet
        template = packet.template
        payload_at = packet.payload_start
        size = len(template) + 2
        if not outlet.is_ready or size > MAX_PACKET:
            return 0
        at = self._room() * SLOT_SIZE
        view = self._batch.view
        view[at : at + payload_at] = template[:payload_at]
        view[at + 1] = (template[1] & 0x80) | leg.rtx_payload_type
        pack = _TWO_BYTE if packet.two_byte else _ONE_BYTE
        pack.pack_into(
            view,
            at + 2,
            leg.rtx_seq & 0xFFFF,
            (packet.timestamp + epoch.timestamp_offset) & 0xFFFFFFFF,
            leg.rtx_ssrc,
            packet.extension_head,
            leg.two_byte if packet.two_byte else leg.one_byte,
            outlet.transport_cc,
        )
        outlet.transport_cc = (outlet.transport_cc + 1) & 0xFFFF
        leg.rtx_seq += 1
        view[at + payload_at : at + payload_at + 2] = (out & 0xFFFF).to_bytes(2)
        view[at + payload_at + 2 : at + size] = template[payload_at:]
        if packet.numbers is not None and (epoch.picture_offset or epoch.tl0_offset):
            vp8.write(view, at + payload_at + 2, packet.numbers, epoch.picture_offset, epoch.tl0_offset)
        if not self._protect(outlet, size, rtcp=False):
            return 0
        self._retransmitted += 1
        return size

    def _send_rtcp(self, outlet: PythonOutlet, packet: bytes) -> None:
        size = len(packet)
        if not outlet.is_ready:
            self._nowhere += 1
            return
        if size > MAX_PACKET:
            self._too_large += 1
            return
        at = self._room() * SLOT_SIZE
        self._batch.view[at : at + size] = packet
        self._protect(outlet, size, rtcp=True)

    def _room(self) -> int:
        """The slot to write next."""
        if self._batch.count == SLOTS:
            self._batch.flush()
        return self._batch.count

    def _protect(self, outlet: PythonOutlet, size: int, rtcp: bool) -> bool:
        """Protect the slot that was just written, and queue it."""
        batch = self._batch
        slot = batch.count
        length = self._length
        length[0] = size
        protect = srtp.protect_rtcp if rtcp else srtp.protect_rtp
        if protect(outlet.handle, self._pointers[slot], length):
            self._refused += 1
            return False
        if outlet.destination is None:
            self._to_stream(outlet, slot * SLOT_SIZE, length[0])
            return True
        batch.lengths[slot] = length[0]
        batch.destinations[slot] = outlet.destination
        batch.count = slot + 1
        return True

    def _to_stream(self, outlet: PythonOutlet, at: int, size: int) -> None:
        assert outlet.sink is not None
        self._streamed += 1
        self._streamed_bytes += size
        outlet.sink(bytes(self._batch.view[at : at + size]))


def _elements(mid: bytes, mid_id: int, transport_cc_id: int) -> tuple[bytes, bytes]:
    """MID, and transport-cc up to its number, in both extension forms."""
    if not 0 < mid_id <= 14 or not 0 < transport_cc_id <= 14:
        raise ValueError("extension ids are 1 to 14")
    one = bytes((mid_id << 4 | MID_SIZE - 1,)) + mid
    two = bytes((mid_id, MID_SIZE)) + mid
    return one + bytes((transport_cc_id << 4 | 1,)), two + bytes((transport_cc_id, 2))
