"""One incoming encoding: its primary SSRC, the RTX that repairs it, and what is known of both."""

from collections import deque

from media.codecs import AUDIO_LEVEL
from media.fanout.port import Source
from media.keyframes import SourceGate
from media.layers import Clock
from media.nack import Missing
from media.negotiation import Accepted
from media.rtcp.reception import Reception
from media.rtcp.reports import SenderInfo
from media.rtp import header as rtp
from media.rtp import keyframe, vp8
from media.rtp.history import History
from media.rtp.packet import Packet, build
from media.rtp.seq import Unwrapper, unwrap

VIDEO_HISTORY = 1024
AUDIO_HISTORY = 128
MAX_BEHIND = 900
KEPT_TICKS = 8
"""Slow ticks (of half a second) that packets are kept for retransmission: nobody plays later ones."""


class Stream:
    """``ssrc`` and ``rtx_ssrc`` are None until known. ``source``: the fanout's handle."""

    def __init__(
        self, accepted: Accepted, source: Source, rid: str | None, ssrc: int | None, rtx_ssrc: int | None
    ) -> None:
        self.accepted = accepted
        self.source = source
        self.rid = rid
        self.ssrc = ssrc
        self.rtx_ssrc = rtx_ssrc
        self.is_video = accepted.kind == "video"
        self.clock_rate = accepted.codec.capability.clock_rate
        self.level_id = accepted.extensions.get(AUDIO_LEVEL, 0)
        self.history = History(VIDEO_HISTORY if self.is_video else AUDIO_HISTORY)
        self.missing = Missing()
        self.gate = SourceGate()
        self.reception: Reception | None = None
        self.newest: Packet | None = None
        self.numbers: vp8.PictureNumbers | None = None
        self.last_packet_at: float | None = None
        self.reported_at = float("-inf")
        self._newest_at_ticks: deque[int] = deque(maxlen=KEPT_TICKS)
        self.needs_key_frame = False
        self._unwrapper = Unwrapper()
        self._tests = {
            pt: keyframe.test_for(codec.capability.mime_type) for pt, codec in accepted.payload_types.items()
        }
        self._vp8 = {
            pt for pt, codec in accepted.payload_types.items() if codec.capability.mime_type == "video/VP8"
        }
        self._nacks = any(f.type == "nack" and not f.parameter for f in accepted.parameters.rtcp_feedback)

    @property
    def clock(self) -> Clock:
        newest = self.newest
        return Clock(
            self.reception.sender if self.reception else None,
            newest.timestamp if newest else 0,
            self.last_packet_at or 0.0,
        )

    def receive(self, packet: bytes, header: rtp.Header, now: float) -> Packet | None:
        """A packet of the primary SSRC. None: a double, too late, or not of this stream's codecs."""
        codec = self.accepted.payload_types.get(header.payload_type)
        if codec is None:
            return None
        newest = self._unwrapper.highest
        seq = self._unwrapper.unwrap(header.seq)
        if newest is not None:
            if seq > newest + 1:
                self._gap(newest + 1, seq - 1, now)
            elif seq <= newest:
                if newest - seq > MAX_BEHIND:
                    return None
                self.missing.arrived(seq, now)
        return self._take(packet, header, seq, header.payload_type, 0, now)

    def receive_rtx(self, packet: bytes, header: rtp.Header, now: float) -> Packet | None:
        """RFC 4588: the repaired packet, or None when it was not missing (probes) or is mere padding."""
        payload_type = self.accepted.repairs.get(header.payload_type)
        newest = self._unwrapper.highest
        start = header.payload_start
        if payload_type is None or newest is None or header.payload_end - start < 2:
            return None
        seq = unwrap(packet[start] << 8 | packet[start + 1], newest)
        if seq > newest or newest - seq > MAX_BEHIND or not self.missing.arrived(seq, now):
            return None
        return self._take(packet, header, seq, payload_type, 2, now)

    def _gap(self, first: int, last: int, now: float) -> None:
        if self._nacks and not self.missing.gap(first, last, now):
            self.needs_key_frame = True

    def _take(
        self, packet: bytes, header: rtp.Header, seq: int, payload_type: int, skip: int, now: float
    ) -> Packet | None:
        if not self.history.mark(seq):
            return None
        if self.reception is None:
            assert self.ssrc is not None
            self.reception = Reception(self.ssrc, self.clock_rate)
        self.reception.packet(seq, header.timestamp, now, repaired=skip > 0)
        start = header.payload_start + skip
        begins = self._tests[payload_type](packet, start, header.payload_end) if self.is_video else True
        numbers = vp8.read(packet, start, header.payload_end) if payload_type in self._vp8 else None
        built = build(
            packet,
            header,
            seq,
            self.accepted.payload_types[payload_type].payload_type,
            self.accepted.kept,
            begins,
            numbers,
            skip,
            self.ssrc,
        )
        if self.is_video:
            self.history.keep(built)
            if begins:
                self.gate.arrived()
        self.last_packet_at = now
        if self.newest is None or seq > self.newest.seq:
            self.newest = built
            if numbers is not None:
                self.numbers = numbers
        return built

    def tick_slowly(self) -> None:
        """Lets go of packets that are too old to be of use: a slow stream would fill its history for minutes."""
        marks = self._newest_at_ticks
        if len(marks) == KEPT_TICKS:
            self.history.drop_before(marks[0] + 1)
        if self.newest is not None:
            marks.append(self.newest.seq)

    def sender_report(self, info: SenderInfo, now: float) -> None:
        if self.reception is not None:
            self.reception.sender_report(info, now)
