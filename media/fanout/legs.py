"""A consumer's outgoing stream, in Python: which source it takes, which pictures, under which numbers.

The hot loop (``python``) serves legs that are plain: not waiting for a key frame, not limited, not paced. All
others look at every packet themselves.
"""

from collections.abc import Sequence
from typing import Protocol

from media import layers
from media.fanout.outlets import PythonOutlet
from media.fanout.pacer import Flushed
from media.fanout.port import ALL_LAYERS, HearsLeg, LegSettings, LegState, Source
from media.fanout.sources import PythonSource, Taking
from media.rtcp.reports import ReportBlock, SenderInfo, build_cname, build_sender
from media.rtp.packet import MID_SIZE, Packet
from media.rtp.picture import UP_TO_ALL, UP_TO_ITSELF
from media.rtp.rewrite import Epoch, Rewriter

_OVERHEAD = 40


class Loop(Protocol):
    """The hot loop, as a leg needs it. Both return the size sent, 0: nothing."""

    def send(self, leg: "PythonLeg", epoch: Epoch, packet: Packet, out: int, now: float) -> int: ...
    def send_rtx(self, leg: "PythonLeg", epoch: Epoch, packet: Packet, out: int) -> int: ...
    def flush(self) -> None: ...
    def count_flushed(self, packets: int) -> None: ...


class PythonLeg(Rewriter):
    """See ``port.Leg``."""

    __slots__ = (
        "_closed",
        "_cname",
        "_dropped_at",
        "_flushed_picture",
        "_hears",
        "_last",
        "_limit",
        "_listed",
        "_loop",
        "_offsets",
        "_picture_at",
        "_starving",
        "_temporal",
        "_wanted",
        "flushed",
        "is_voice",
        "octets",
        "one_byte",
        "outlet",
        "packets",
        "reported",
        "rtx_octets",
        "rtx_packets",
        "rtx_payload_type",
        "rtx_seq",
        "rtx_ssrc",
        "source",
        "ssrc",
        "two_byte",
    )

    def __init__(self, loop: Loop, outlet: PythonOutlet, settings: LegSettings, hears: HearsLeg) -> None:
        super().__init__(settings.start)
        mid = settings.mid.encode("ascii")
        if len(mid) != MID_SIZE:
            raise ValueError(f"a mid has {MID_SIZE} characters")
        if not 0 < settings.rtx_start < 0x8000:
            raise ValueError("a sequence starts below 2^15")
        self._loop = loop
        self._hears = hears
        self._cname = settings.cname
        self.is_voice = settings.is_voice
        self.outlet = outlet
        self.ssrc = settings.ssrc
        self.one_byte, self.two_byte = elements(mid, settings.mid_id, settings.transport_cc_id)
        self.rtx_ssrc = settings.rtx_ssrc
        self.rtx_payload_type = settings.rtx_payload_type
        self.rtx_seq = settings.rtx_start
        self.source: PythonSource | None = None
        self.packets = self.octets = self.rtx_packets = self.rtx_octets = self.flushed = 0
        self.reported: ReportBlock | None = None
        self._wanted: PythonSource | None = None
        self._last: PythonSource | None = None
        self._offsets = (0, 0, 0)
        self._limit = self._temporal = ALL_LAYERS
        self._picture_at = self._dropped_at = -1
        self._starving = False
        self._flushed_picture: int | None = None
        self._listed: tuple[list[Taking], ...] = ()
        self._closed = False
        outlet.legs[self.ssrc] = self

    # --- what the consumer asks ---

    def follow(self, source: Source | None) -> None:
        if self._closed:
            return
        if source is None:
            self._wanted = self.source = None
            self.end()
            self._drop_queue()
        else:
            assert isinstance(source, PythonSource)
            self._wanted = source
        self.arrange()

    def limit(self, temporal: int) -> None:
        self._limit = temporal
        self.arrange()

    def resend(self, seqs: Sequence[int], octets: int) -> None:
        pacer = self.outlet.pacer
        for seq in seqs:
            if octets <= 0:
                return
            if pacer is None:
                octets -= self.send_again(seq)
                continue
            origin = self.origin(seq)
            packet = self._kept(origin)
            if packet is not None:
                size = len(packet.template) + _OVERHEAD
                octets -= size
                pacer.push_rtx((self, None, seq), self, size, pacer.at)

    def state(self) -> LegState:
        block = self.reported
        return LegState(
            self.packets,
            self.octets,
            self.rtx_packets,
            self.rtx_octets,
            block.fraction_lost if block else 0,
            block.lost if block else 0,
            block.jitter if block else 0,
            self.flushed,
        )

    def close(self) -> None:
        if self._closed:
            return
        self.follow(None)
        self._closed = True
        self.epochs.clear()
        self.outlet.legs.pop(self.ssrc, None)
        session = self.outlet.session
        if session is not None:
            self._loop.flush()
            session.forget(self.ssrc)
            if self.rtx_payload_type >= 0:
                session.forget(self.rtx_ssrc)

    # --- what the source says ---

    def arrange(self) -> None:
        """Stand in the lists of the sources it needs to hear of."""
        for listed in self._listed:
            listed.remove(self)
        wanted, source = self._wanted, self.source
        if wanted is not None:
            lists = [wanted.careful]
            if source is not None and source is not wanted:
                lists.append(source.careful)
        elif source is not None:
            paced = self.outlet.pacer is not None and not self.is_voice
            limited = self._limit != ALL_LAYERS or self._temporal != ALL_LAYERS
            lists = [source.careful if paced or limited or self._starving else source.plain]
        else:
            lists = []
        for each in lists:
            each.append(self)
        self._listed = tuple(lists)

    def lose(self, source: PythonSource) -> None:
        """The source closes."""
        if self._wanted is source:
            self._wanted = None
        if self.source is source:
            self.source = None
            self.end()
            self._drop_queue()
        self.arrange()

    def offer(self, source: PythonSource, packet: Packet, now: float) -> None:
        if source is self._wanted and packet.key_frame_start:
            self._switch(source, packet, now)
        if source is not self.source:
            return
        if self._starving:
            if not packet.key_frame_start:
                return
            self._starving = False
        outlet = self.outlet
        pacer = outlet.pacer
        if pacer is None or self.is_voice:
            self.emit(source, packet, now)
            return
        size = len(packet.template) + _OVERHEAD
        flushed = pacer.push(
            (self, source, packet), self, packet.timestamp, size, packet.key_frame_start, now
        )
        if flushed is not None:
            assert isinstance(flushed.stream, PythonLeg)
            flushed.stream.was_flushed(flushed, now)

    def was_flushed(self, flushed: Flushed, now: float) -> None:
        """The next key frame that leaves closes the hole in the numbers."""
        self.flushed += flushed.packets
        self._loop.count_flushed(flushed.packets)
        self._flushed_picture = flushed.picture
        if flushed.starves and not self._starving:
            self._starving = True
            self._hears.heard_starved(now)

    def _switch(self, source: PythonSource, packet: Packet, now: float) -> None:
        self._wanted = None
        last = self._last
        if self.epochs:
            # Pictures that were left out moved it.
            self._offsets = (self._offsets[0], self.epochs[-1].picture_offset, self._offsets[2])
        if last is not None and last is not source:
            timestamp_offset, picture_offset, tl0_offset = self._offsets
            if last.numbers is not None and packet.numbers is not None:
                picture_offset = last.numbers.picture + picture_offset + 1 - packet.numbers.picture
                tl0_offset = last.numbers.tl0 + tl0_offset + 1 - packet.numbers.tl0
            timestamp_offset = layers.timestamp_offset(
                last.clock, timestamp_offset, source.clock, packet.timestamp, now, source.settings.clock_rate
            )
            self._offsets = (timestamp_offset, picture_offset, tl0_offset)
        self._drop_queue()
        self.source = self._last = source
        self._starving = False
        self._temporal = self._limit
        self.begin(source, packet.seq, *self._offsets)
        self.arrange()
        self._hears.heard_began(source)
        self.report(source)

    def _drop_queue(self) -> None:
        if self.outlet.pacer is not None:
            self.outlet.pacer.forget(self)

    def report(self, source: PythonSource) -> None:
        """The publisher's sender report in this leg's numbers."""
        info = source.sender
        if info is None or source is not self.source or self.current is None:
            return
        moved = (info.rtp_timestamp + self.current.timestamp_offset) & 0xFFFFFFFF
        report = SenderInfo(self.ssrc, info.ntp, moved, self.packets, self.octets)
        self.outlet.send_rtcp(build_sender(report) + build_cname(self.ssrc, self._cname))

    # --- numbering and sending ---

    def emit(self, source: PythonSource, packet: Packet, now: float) -> None:
        """Number it and send it, unless it is left out. Also for the pacer, when the packet's time has come."""
        if source is not self.source or self.current is None:
            return
        if (
            self._flushed_picture is not None
            and packet.key_frame_start
            and packet.timestamp != self._flushed_picture
        ):
            epoch = self.current
            self._flushed_picture = None
            self.begin(source, packet.seq, epoch.timestamp_offset, epoch.picture_offset, epoch.tl0_offset)
        if self._leaves_out(packet):
            return
        placed = self.place(packet.seq)
        out = None if placed is None else self.give(placed, packet.seq)
        if placed is not None and out is not None:
            self._loop.send(self, placed, packet, out, now)

    def _leaves_out(self, packet: Packet) -> bool:
        if self._temporal == ALL_LAYERS and self._limit == ALL_LAYERS:
            return False
        epoch = self.current
        assert epoch is not None
        is_newer = packet.seq + epoch.offset > self.highest
        if is_newer and packet.timestamp != self._picture_at:
            self._picture_at = packet.timestamp
            self._step(packet)
        if packet.temporal <= self._temporal:
            return False
        if is_newer:
            self.drop(packet.seq, picture=packet.timestamp != self._dropped_at)
            self._dropped_at = packet.timestamp
        return True

    def _step(self, packet: Packet) -> None:
        """A new picture: the limit may take effect."""
        if self._limit <= self._temporal or (packet.up == UP_TO_ALL and packet.temporal <= self._temporal):
            self._temporal = self._limit
        elif packet.up == UP_TO_ITSELF and packet.temporal <= self._limit:
            self._temporal = max(self._temporal, packet.temporal)
        else:
            return
        if self._temporal == self._limit == ALL_LAYERS:
            self.arrange()

    def send_again(self, seq: int) -> int:
        """Octets sent on the RTX stream, 0: it cannot be."""
        origin = self.origin(seq)
        packet = self._kept(origin)
        if origin is None or packet is None:
            return 0
        size = self._loop.send_rtx(self, origin[0], packet, origin[2])
        if size:
            self.rtx_packets += 1
            self.rtx_octets += size
        return size

    def _kept(self, origin: tuple[Epoch, int, int] | None) -> Packet | None:
        if self.rtx_payload_type < 0 or origin is None:
            return None
        source = origin[0].source
        return source.history.get(origin[1]) if isinstance(source, PythonSource) else None


def elements(mid: bytes, mid_id: int, transport_cc_id: int) -> tuple[bytes, bytes]:
    """MID, and transport-cc up to its number, in both extension forms."""
    if not 0 < mid_id <= 14 or not 0 < transport_cc_id <= 14:
        raise ValueError("extension ids are 1 to 14")
    one = bytes((mid_id << 4 | MID_SIZE - 1,)) + mid
    two = bytes((mid_id, MID_SIZE)) + mid
    return one + bytes((transport_cc_id << 4 | 1,)), two + bytes((transport_cc_id, 2))
