"""The pure-Python fanout: headers packed in place, libsrtp in place, datagrams in batches."""

import socket
import struct

from media import srtp
from media.fanout.batch import SLOT_SIZE, SLOTS, Batch, make_batch
from media.fanout.legs import PythonLeg, PythonOutlet, PythonSource
from media.fanout.port import Leg, LegSettings, Outlet
from media.fanout.system import address_of
from media.rtp import vp8
from media.rtp.packet import Packet
from media.rtp.rewrite import MAX_BEHIND, Epoch

_ONE_BYTE = struct.Struct("!HII4s6sH")
_TWO_BYTE = struct.Struct("!HII4s8sH")
MAX_PACKET = SLOT_SIZE - srtp.TRAILER


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

    def forward(self, legs: list[PythonLeg], packet: Packet) -> None:
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

    def send_rtx(self, leg: PythonLeg, epoch: Epoch, packet: Packet, out: int) -> int:
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

    def send_rtcp(self, outlet: PythonOutlet, packet: bytes) -> None:
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
