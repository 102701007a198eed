"""One incoming encoding: its primary SSRC, the RTX that repairs it, and what is asked for it."""

from collections import deque
from typing import Protocol

from media.codecs import AUDIO_LEVEL, DEPENDENCY_DESCRIPTOR
from media.fanout.port import CodecName, CodecRule, Fanout, SourceSettings
from media.keyframes import SourceGate
from media.layers import Clock
from media.nack import Missing
from media.negotiation import Accepted
from media.rates import Rates
from media.rtcp.reception import Reception
from media.rtcp.reports import ReportBlock, SenderInfo
from media.rtp.packet import Packet

KEPT_TICKS = 8
"""Slow ticks (of half a second) that packets are kept for retransmission: nobody plays later ones."""
_NAMES: dict[str, CodecName] = {
    "audio/opus": "opus",
    "video/vp8": "vp8",
    "video/vp9": "vp9",
    "video/h264": "h264",
    "video/av1": "av1",
}


class Owner(Protocol):
    """The producer, as its streams need it."""

    def request_key_frame(self, now: float, stream: "Stream | None" = None) -> None: ...
    def take_packet(self, stream: "Stream", packet: Packet, wall_ns: int) -> None: ...


class Stream:
    """``ssrc`` and ``rtx_ssrc`` are None until known. ``source``: the fanout's handle; ``state``: what it last said."""

    def __init__(
        self,
        owner: Owner,
        accepted: Accepted,
        fanout: Fanout,
        rid: str | None,
        ssrc: int | None,
        rtx_ssrc: int | None,
    ) -> None:
        self.accepted = accepted
        self.rid = rid
        self.ssrc = ssrc
        self.rtx_ssrc = rtx_ssrc
        self.is_video = accepted.kind == "video"
        self.clock_rate = accepted.codec.capability.clock_rate
        self.source = fanout.source(settings_of(accepted), self)
        self.state = self.source.state()
        self.missing = Missing()
        self.gate = SourceGate()
        self.reception = Reception()
        self.reported_at = float("-inf")
        self.loudest = 127
        self._rates = Rates()
        self._owner = owner
        self._newest_at_ticks: deque[int] = deque(maxlen=KEPT_TICKS)
        self._key_frame_at = 0.0

    @property
    def last_packet_at(self) -> float | None:
        """None before the first packet."""
        at = max(self.state.last_packet_at, self._key_frame_at)
        return at or None

    @property
    def clock(self) -> Clock:
        return Clock(self.reception.sender, self.state.timestamp, self.state.last_packet_at)

    # --- what the source tells ---

    def heard_gap(self, first: int, last: int, now: float) -> None:
        if not self.missing.gap(first, last, now):
            self._owner.request_key_frame(now, self)

    def heard_late(self, seq: int, now: float) -> None:
        self.missing.arrived(seq, now)

    def heard_key_frame(self, now: float) -> None:
        self._key_frame_at = now
        self.gate.arrived(now)

    def heard_packet(self, packet: Packet, wall_ns: int) -> None:
        self._owner.take_packet(self, packet, wall_ns)

    # --- time ---

    def refresh(self, now: float) -> None:
        """Look at the source again; ten times a second."""
        self.state = state = self.source.state()
        self.loudest = min(self.loudest, state.loudest)
        self._rates.step(state.octets, now)

    @property
    def rate(self) -> float:
        """Octets per second of all temporal layers."""
        return self._rates.total

    @property
    def rates(self) -> list[float]:
        """Octets per second of each temporal layer."""
        return self._rates.values

    def take_loudest(self) -> int | None:
        """The loudest level (-dBov) since the last call; None: nothing was heard."""
        level, self.loudest = self.loudest, 127
        return level if level < 127 else None

    def tick_slowly(self) -> None:
        """Lets go of packets that are too old to be of use: a slow stream would fill its history for minutes."""
        marks = self._newest_at_ticks
        if len(marks) == KEPT_TICKS:
            self.source.drop_before(marks[0] + 1)
        if self.state.highest >= 0:
            marks.append(self.state.highest)

    def sender_report(self, info: SenderInfo, now: float) -> None:
        self.reception.sender_report(info, now)

    def report(self, now: float) -> ReportBlock | None:
        """For a receiver report; None before the first packet."""
        if self.ssrc is None:
            return None
        state = self.source.state()
        self.loudest = min(self.loudest, state.loudest)
        return self.reception.block(self.ssrc, state.base, state.highest, state.packets, state.jitter, now)

    def close(self) -> None:
        self.source.close()


def settings_of(accepted: Accepted) -> SourceSettings:
    return SourceSettings(
        is_video=accepted.kind == "video",
        clock_rate=accepted.codec.capability.clock_rate,
        codecs=tuple(
            CodecRule(pt, codec.payload_type, _NAMES[codec.capability.mime_type.lower()])
            for pt, codec in accepted.payload_types.items()
        ),
        repairs=tuple(accepted.repairs.items()),
        kept=tuple(accepted.kept.items()),
        level_id=accepted.extensions.get(AUDIO_LEVEL, 0),
        descriptor_id=accepted.extensions.get(DEPENDENCY_DESCRIPTOR, 0),
        nacks=any(f.type == "nack" and not f.parameter for f in accepted.parameters.rtcp_feedback),
    )
