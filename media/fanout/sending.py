"""The outgoing half of the Python fanout: numbers, SRTP and batches; its hot loop serves every plain leg of a source."""

import socket
import struct
from collections.abc import Callable

from media import srtp
from media.fanout.batch import SLOT_SIZE, SLOTS, Batch, make_batch
from media.fanout.legs import PythonLeg
from media.fanout.outlets import PythonOutlet
from media.fanout.port import PROBATOR_PAYLOAD_TYPE, PROBATOR_SSRC
from media.fanout.sources import PythonSource
from media.fanout.system import address_of
from media.fanout.tally import Tally
from media.rtp import vp8
from media.rtp.packet import Packet
from media.rtp.rewrite import MAX_BEHIND, MAX_LEAP, Epoch

_ONE_BYTE = struct.Struct("!HII4s6sH")
_TWO_BYTE = struct.Struct("!HII4s8sH")
_PROBE = struct.Struct("!BBHIIHH")
MAX_PACKET = SLOT_SIZE - srtp.TRAILER
_MASK = 1023


class Sender:
    """Owns the batch over ``sock``, which stays the caller's."""

    def __init__(self, sock: socket.socket, clock: Callable[[], float]) -> None:
        self.tally = Tally()
        self._clock = clock
        self._streamed = self._streamed_bytes = 0
        self._length = srtp.ffi.new("int *")
        self.use_batch(make_batch(sock))

    def use_batch(self, batch: Batch) -> None:
        """How datagrams leave; before anything was sent."""
        self._batch = batch
        # Pointers of one FFI go into functions of another as plain integers cast once.
        self._pointers = [srtp.ffi.cast("void *", address_of(p)) for p in batch.pointers]

    def flush(self) -> None:
        self._batch.flush()

    def counters(self) -> dict[str, int]:
        batch, tally = self._batch, self.tally
        tally.sent_packets = batch.sent + self._streamed
        tally.sent_bytes = batch.sent_bytes + self._streamed_bytes
        tally.sent_dropped_full = batch.dropped
        return tally.values()

    def forward(self, source: PythonSource, packet: Packet, now: float) -> None:
        """To every plain leg of ``source``. What ``send`` does for one, written out."""
        legs: list[PythonLeg] = source.plain  # type: ignore[assignment]
        template = packet.template
        size = len(template)
        if size > MAX_PACKET:
            self.tally.sent_dropped_too_large += len(legs)
            return
        now_us = int(now * 1e6)
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
            if epoch is None or (seq < epoch.first and (epoch := leg.place(seq)) is None):
                continue
            outlet = leg.outlet
            destination = outlet.destination
            if destination is None and outlet.sink is None:
                self.tally.sent_dropped_nowhere += 1
                continue
            out = seq + epoch.offset
            if out > leg.highest:
                if out - leg.highest > MAX_LEAP:
                    epoch = leg.begin_again(seq)
                    out = leg.highest + 1
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
                self.tally.sent_dropped_refused += 1
                continue
            log = outlet.log
            entry = wide & _MASK
            log.times[entry] = now_us
            log.sizes[entry] = whole = size + outlet.tag
            log.octets += whole
            if leg.is_voice:
                log.voice_octets += whole
            leg.packets += 1
            leg.octets += payload_size
            if destination is None:
                self._to_stream(outlet, at, whole)
                continue
            lengths[slot] = whole
            destinations[slot] = destination
            slot += 1
        batch.count = slot

    def send(self, leg: PythonLeg, epoch: Epoch, packet: Packet, out: int, now: float) -> int:
        outlet = leg.outlet
        template = packet.template
        size = len(template)
        if not outlet.is_ready:
            self.tally.sent_dropped_nowhere += 1
            return 0
        if size > MAX_PACKET:
            self.tally.sent_dropped_too_large += 1
            return 0
        at = self._room() * SLOT_SIZE
        view = self._batch.view
        view[at : at + size] = template
        self._numbers(view, at, leg, packet, out, packet.timestamp + epoch.timestamp_offset, leg.ssrc)
        if packet.numbers is not None and (epoch.picture_offset or epoch.tl0_offset):
            at += packet.payload_start
            vp8.write(view, at, packet.numbers, epoch.picture_offset, epoch.tl0_offset)
        if not self._protect_numbered(outlet, size, now):
            return 0
        if leg.is_voice:
            outlet.log.voice_octets += size + outlet.tag
            if outlet.pacer is not None:
                outlet.pacer.spend(size)
        leg.packets += 1
        leg.octets += packet.payload_size
        return size

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
        timestamp = packet.timestamp + epoch.timestamp_offset
        self._numbers(view, at, leg, packet, leg.rtx_seq, timestamp, leg.rtx_ssrc)
        leg.rtx_seq += 1
        view[at + payload_at : at + payload_at + 2] = (out & 0xFFFF).to_bytes(2)
        view[at + payload_at + 2 : at + size] = template[payload_at:]
        if packet.numbers is not None and (epoch.picture_offset or epoch.tl0_offset):
            at += payload_at + 2
            vp8.write(view, at, packet.numbers, epoch.picture_offset, epoch.tl0_offset)
        if not self._protect_numbered(outlet, size, self._clock()):
            return 0
        self.tally.sent_retransmitted += 1
        return size

    def _numbers(
        self, view: memoryview, at: int, leg: PythonLeg, packet: Packet, seq: int, timestamp: int, ssrc: int
    ) -> None:
        """The fields that differ from subscriber to subscriber."""
        two_byte = packet.two_byte
        (_TWO_BYTE if two_byte else _ONE_BYTE).pack_into(
            view,
            at + 2,
            seq & 0xFFFF,
            timestamp & 0xFFFFFFFF,
            ssrc,
            packet.extension_head,
            leg.two_byte if two_byte else leg.one_byte,
            leg.outlet.transport_cc,
        )

    def send_probe(self, outlet: PythonOutlet, size: int) -> int:
        """Padding only (RFC 3550 §5.1), on its own SSRC. Returns the size sent."""
        some = next(iter(outlet.legs.values()), None)
        if some is None or not outlet.is_ready:
            return 0
        at = self._room() * SLOT_SIZE
        view = self._batch.view
        head = _PROBE.pack(
            0xB0, PROBATOR_PAYLOAD_TYPE, outlet.probe_seq & 0xFFFF, 0, PROBATOR_SSRC, 0xBEDE, 1
        )
        cc = some.one_byte[-1:] + outlet.transport_cc.to_bytes(2) + b"\0"
        left = max(1, min(size, MAX_PACKET) - len(head) - len(cc))
        packet = head + cc + bytes(left - 1) + bytes((min(255, left),))
        view[at : at + len(packet)] = packet
        outlet.probe_seq += 1
        if not self._protect_numbered(outlet, len(packet), self._clock()):
            return 0
        self.tally.sent_probes += 1
        outlet.log.probe_octets += len(packet) + outlet.tag
        return len(packet)

    def send_rtcp(self, outlet: PythonOutlet, packet: bytes) -> None:
        size = len(packet)
        if not outlet.is_ready:
            self.tally.sent_dropped_nowhere += 1
            return
        if size > MAX_PACKET:
            self.tally.sent_dropped_too_large += 1
            return
        at = self._room() * SLOT_SIZE
        self._batch.view[at : at + size] = packet
        self._protect(outlet, size, rtcp=True)

    def _room(self) -> int:
        """The slot to write next."""
        if self._batch.count == SLOTS:
            self._batch.flush()
        return self._batch.count

    def _protect_numbered(self, outlet: PythonOutlet, size: int, now: float) -> bool:
        """``_protect`` of a packet that carries the outlet's next transport-wide number."""
        wide = outlet.transport_cc
        outlet.transport_cc = (wide + 1) & 0xFFFF
        if not self._protect(outlet, size, rtcp=False):
            return False
        outlet.log.note(wide, int(now * 1e6), size + outlet.tag)
        return True

    def _protect(self, outlet: PythonOutlet, size: int, rtcp: bool) -> bool:
        """Protect the slot that was just written, and queue it."""
        batch = self._batch
        slot = batch.count
        length = self._length
        length[0] = size
        protect = srtp.protect_rtcp if rtcp else srtp.protect_rtp
        if protect(outlet.handle, self._pointers[slot], length):
            self.tally.sent_dropped_refused += 1
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
