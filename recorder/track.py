"""One tapped track: its packets in, in any order; its pictures or sounds out, on the recording's time."""

from collections.abc import Iterable
from typing import Protocol

from recorder.clock import SenderClock, TrackClock
from recorder.depacketize import Frame, FrameAssembler, opus, payload_format
from recorder.reorder import Reorder
from recorder.rtp import RtpPacket, SenderReport, parse_rtp, parse_sender_reports
from recorder.voice import VoiceLine
from recorder.webm.tracks import Codec

SOURCE_SILENT_MS = 1000.0
"""Another SSRC takes the track over when the one in use has been silent for so long."""
_MOST_REPORTS = 8


class TrackSink(Protocol):
    def picture(self, time: float, frame: Frame) -> None:
        """A whole frame at ``time`` ms; never a delta over a gap."""

    def sound(self, start: float, packet: bytes) -> None:
        """An Opus packet at ``start`` ms."""


class TrackReceiver:
    """Sans-I/O. Times are ms of recording time."""

    def __init__(
        self, codec: Codec, payload_type: int, rate: int, sender: SenderClock, sink: TrackSink
    ) -> None:
        self.codec = codec
        self._payload_type = payload_type
        self._sink = sink
        self._clock = TrackClock(rate, sender)
        self._ssrc: int | None = None
        self._seen = 0.0
        self._reports: dict[int, SenderReport] = {}
        self.malformed = 0
        self.packets = 0
        self.lost = 0
        self._begin()

    def _begin(self) -> None:
        self._reorder = Reorder()
        self._line = VoiceLine()
        self._frames = None if self.codec == "opus" else FrameAssembler(payload_format(self.codec))

    @property
    def wants_key(self) -> bool:
        return self._frames is not None and self._frames.wants_key

    def close(self) -> None:
        self._clock.close()

    def rtp(self, data: bytes, now: float) -> None:
        packet = parse_rtp(data)
        if packet is None or packet.payload_type != self._payload_type:
            self.malformed += 1
            return
        if packet.ssrc != self._ssrc and not self._take_over(packet.ssrc, now):
            return
        self._seen = now
        self.packets += 1
        if packet.payload:
            self._clock.observe(packet.timestamp, now)
            if self._reports and (report := self._reports.pop(packet.ssrc, None)) is not None:
                self._clock.report(report)
        self._consume(self._reorder.push(packet, now))

    def rtcp(self, data: bytes) -> None:
        for report in parse_sender_reports(data):
            if report.ssrc == self._ssrc:
                self._clock.report(report)
            elif len(self._reports) < _MOST_REPORTS:
                self._reports[report.ssrc] = report

    def tick(self, now: float) -> None:
        self._consume(self._reorder.tick(now))

    def _take_over(self, ssrc: int, now: float) -> bool:
        if self._ssrc is not None:
            if now - self._seen < SOURCE_SILENT_MS:
                return False
            self.lost += self._reorder.lost
            self._clock.restart()
            self._begin()
        self._ssrc = ssrc
        return True

    def _consume(self, packets: Iterable[tuple[RtpPacket, bool]]) -> None:
        if self._frames is None:
            for packet, _ in packets:
                self._hear(packet)
            return
        for packet, gap in packets:
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
            self._sink.sound(start, packet.payload)
