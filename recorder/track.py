"""One tapped track: its packets in, in any order; its pictures or sounds out, on the recording's time."""

from collections.abc import Iterable, Sequence
from math import inf
from typing import Protocol

from recorder.clock import SenderClock, TrackClock
from recorder.depacketize import Frame, FrameAssembler, opus, payload_format
from recorder.reorder import Reorder
from recorder.resume import Origin, after, reached
from recorder.rtp import RtpPacket, SenderReport, parse_rtp, parse_sender_reports
from recorder.voice import VoiceLine
from recorder.webm.tracks import Codec

SOURCE_SILENT_MS = 1000.0
"""Another SSRC takes the track over when the one in use has been silent for so long."""
SKIP_MS = 30_000.0
"""A stream that does not come to where a file ends by then is another one."""
_MOST_REPORTS = 8


class TrackSink(Protocol):
    def picture(self, time: float, frame: Frame) -> None:
        """A whole frame at ``time`` ms; never a delta over a gap."""

    def sound(self, start: float, packet: bytes, timestamp: int) -> None:
        """An Opus packet at ``start`` ms."""


class TrackReceiver:
    """Sans-I/O. Times are ms of recording time. ``ends``: frames that files end with already; where the
    packets of one of them come once more, pictures go on behind it without a key frame."""

    def __init__(
        self,
        codec: Codec,
        payload_type: int,
        rate: int,
        sender: SenderClock,
        sink: TrackSink,
        ends: Sequence[Origin | None] = (),
    ) -> None:
        self.codec = codec
        self._payload_type = payload_type
        self._rate = rate
        self._sink = sink
        self._clock = TrackClock(rate, sender)
        self._ends = ends
        self.reached: list[Origin] = []
        """Those of ``ends`` behind which nothing is missing."""
        self.ssrc: int | None = None
        self._seen = 0.0
        self._reports: dict[int, SenderReport] = {}
        self.malformed = 0
        self.packets = 0
        self._ticked = 0
        self.lost = 0
        self._begin()

    def _begin(self) -> None:
        self._reorder = Reorder()
        self._line = VoiceLine()
        self._frames = None if self.codec == "opus" else FrameAssembler(payload_format(self.codec))
        self._skip_to: int | None = None
        self._skipping_since = 0.0

    @property
    def wants_key(self) -> bool:
        return self._frames is not None and self._frames.wants_key and self._skip_to is None

    def close(self) -> None:
        self._clock.close()

    def rtp(self, data: bytes, now: float) -> None:
        packet = parse_rtp(data)
        if packet is None or packet.payload_type != self._payload_type:
            self.malformed += 1
            return
        if packet.ssrc != self.ssrc and not self._take_over(packet, now):
            return
        self._seen = now
        self.packets += 1
        if packet.payload:
            self._clock.observe(packet.timestamp, now)
            if self._reports and (report := self._reports.pop(packet.ssrc, None)) is not None:
                self._clock.report(report)
            if self._ends:
                self._take_up(packet)
        if self._reorder.next(packet):
            self._consume(packet, False)
        else:
            self._consume_all(self._reorder.push(packet, now))

    def rtcp(self, data: bytes) -> None:
        for report in parse_sender_reports(data):
            if report.ssrc == self.ssrc:
                self._clock.report(report)
            elif len(self._reports) < _MOST_REPORTS:
                self._reports[report.ssrc] = report

    def tick(self, now: float) -> None:
        """While packets come, their own time counts: they may come late all together."""
        flowing, self._ticked = self.packets != self._ticked, self.packets
        self._consume_all(self._reorder.tick(min(now, self._seen) if flowing and now != inf else now))

    def _take_over(self, packet: RtpPacket, now: float) -> bool:
        if self.ssrc is not None:
            if now - self._seen < SOURCE_SILENT_MS:
                return False
            self.lost += self._reorder.lost
            self._clock.restart()
            self._begin()
        self.ssrc = packet.ssrc
        return True

    def _take_up(self, first: RtpPacket) -> None:
        """With the first packet of all."""
        ends, self._ends = self._ends, ()
        self.reached = reached(ends, first.ssrc, first.timestamp, self._rate)
        if self.reached:
            origin = self.reached[0]
            self._clock.go_on(origin.timestamp, origin.ms)
            if self._frames is not None:
                self._skip_to = origin.timestamp
                self._skipping_since = self._seen

    def _consume_all(self, packets: Iterable[tuple[RtpPacket, bool]]) -> None:
        for packet, gap in packets:
            self._consume(packet, gap)

    def _consume(self, packet: RtpPacket, gap: bool) -> None:
        if self._skip_to is not None:
            ahead = after(packet.timestamp, self._skip_to)
            waited = self._seen - self._skipping_since
            if waited < SKIP_MS and (ahead <= 0 or not packet.payload):
                if ahead == 0 and self._frames is not None:
                    self._frames.go_on()
                return
            self._skip_to = None
        if self._frames is None:
            self._hear(packet)
            return
        for frame in self._frames.push(packet, gap):
            self._sink.picture(self._clock.time(frame.timestamp), frame)

    def _hear(self, packet: RtpPacket) -> None:
        samples = opus.samples(packet.payload)
        if not samples:
            self.malformed += bool(packet.payload)
            return
        duration = samples / 48
        start = self._line.place(self._clock.time(packet.timestamp), duration)
        if start is not None and start >= 0:
            self._sink.sound(start, packet.payload, packet.timestamp)
