"""What a publisher sends of one source: its streams, its subscribers, its taps."""

from typing import Protocol

from media import layers
from media.consumer import Consumer
from media.fanout.port import Fanout, Outlet
from media.negotiation import Accepted
from media.parameters import RtpParameters
from media.rtcp.feedback import build_nack, build_pli
from media.rtcp.reports import SenderInfo
from media.rtp.packet import Packet
from media.stats import Counters
from media.stream import Stream
from media.tapping import Tap

SENDER_SSRC = 1
REPORT_SECONDS = 0.1
"""Sender reports that follow each other closer are not passed on: a few bytes become one for each subscriber."""
_NACKED_AT_ONCE = 256
"""Fits a packet, however they are scattered."""


class Carrier(Protocol):
    """The transport, as the producers it carries need it."""

    id: str
    outlet: Outlet
    counters: Counters

    def forget_producer(self, producer: "Producer") -> None: ...


class Producer:
    """Child of its transport. ``waiting``: consumers that begin with the next key frame."""

    def __init__(
        self,
        producer_id: str,
        transport: Carrier,
        accepted: Accepted,
        parameters: RtpParameters,
        tag: str,
        paused: bool,
        fanout: Fanout,
    ) -> None:
        self.id = producer_id
        self.transport = transport
        self.accepted = accepted
        self.parameters = parameters
        self.tag = tag
        self.paused = paused
        self.closed = False
        self.is_video = accepted.kind == "video"
        self.streams = [
            Stream(accepted, fanout.source(), e.rid, e.ssrc, e.rtx.ssrc if e.rtx else None)
            for e in accepted.encodings
        ]
        self.consumers: dict[str, Consumer] = {}
        self.waiting: set[Consumer] = set()
        self.taps: list[Tap] = []
        self.key_frames_asked = 0
        self._by_source: dict[int, Stream] = {id(stream.source): stream for stream in self.streams}

    def stream_for(self, rid: str | None) -> Stream | None:
        if rid is None:
            return self.streams[0] if len(self.streams) == 1 else None
        return next((stream for stream in self.streams if stream.rid == rid), None)

    def target(self, now: float) -> Stream | None:
        """The stream subscribers should be on."""
        if len(self.streams) == 1:
            return self.streams[0]
        index = layers.best([stream.last_packet_at for stream in self.streams], now)
        return None if index is None else self.streams[index]

    def deliver(self, stream: Stream, packet: Packet, now: float) -> None:
        """A packet that was not here before: to everyone who takes it."""
        if stream.needs_key_frame:
            stream.needs_key_frame = False
            self.request_key_frame(now, stream)
        if self.paused:
            return
        if packet.key_frame_start:
            if self.waiting:
                self._start_waiting(stream, packet, now)
            if len(self.streams) > 1:
                self._switch(stream, packet, now)
        stream.source.forward(packet)
        for tap in self.taps:
            tap.take(stream, packet, now)

    def _start_waiting(self, stream: Stream, packet: Packet, now: float) -> None:
        if len(self.streams) > 1 and stream is not self.target(now):
            return
        for consumer in list(self.waiting):
            consumer.start(stream, packet, now)

    def _switch(self, stream: Stream, packet: Packet, now: float) -> None:
        """Simulcast: a key frame of the best stream moves everyone there."""
        if stream is not self.target(now):
            return
        for consumer in self.consumers.values():
            if consumer.stream is not None and consumer.stream is not stream:
                consumer.start(stream, packet, now)

    def tick(self, now: float) -> None:
        """Requests that are due: retransmissions and key frames."""
        for stream in self.streams:
            if stream.ssrc is None:
                continue
            if len(stream.missing):
                wanted, gave_up = stream.missing.due(now)
                if wanted:
                    for at in range(0, len(wanted), _NACKED_AT_ONCE):
                        part = wanted[at : at + _NACKED_AT_ONCE]
                        self.transport.outlet.send_rtcp(build_nack(SENDER_SSRC, stream.ssrc, part))
                    self.transport.counters.nacks_sent += len(wanted)
                if gave_up and self.is_video:
                    self.request_key_frame(now, stream)
            if self.is_video and stream.gate.due(now) and (self.waiting or self._is_watched(stream)):
                self._send_pli(stream)

    def _is_watched(self, stream: Stream) -> bool:
        return any(
            consumer.stream is stream or not consumer.paused for consumer in self.consumers.values()
        ) or bool(self.taps)

    def tick_slowly(self, now: float) -> None:
        """Every half second: subscribers' kept requests, layers."""
        if not self.is_video:
            return
        for stream in self.streams:
            stream.tick_slowly()
        for consumer in self.consumers.values():
            if consumer.wants_key_frame:
                consumer.tick(now)
        if len(self.streams) > 1 and not self.paused:
            target = self.target(now)
            if target is not None and any(
                c.stream is not target and not c.paused for c in self.consumers.values()
            ):
                self.request_key_frame(now, target)

    def request_key_frame(self, now: float, stream: Stream | None = None) -> None:
        """At most twice a second per stream; too early ones are kept."""
        if not self.is_video or self.paused or self.closed:
            return
        for each in self.streams if stream is None else (stream,):
            if each.gate.ask(now):
                self._send_pli(each)

    def _send_pli(self, stream: Stream) -> None:
        if stream.ssrc is None:
            return
        self.key_frames_asked += 1
        self.transport.counters.plis_sent += 1
        self.transport.outlet.send_rtcp(build_pli(SENDER_SSRC, stream.ssrc))

    def sender_report(self, stream: Stream, info: SenderInfo, raw: bytes, now: float) -> None:
        stream.sender_report(info, now)
        if self.paused or now - stream.reported_at < REPORT_SECONDS:
            return
        stream.reported_at = now
        for consumer in self.consumers.values():
            if consumer.stream is stream:
                consumer.sender_report(info)
        for tap in self.taps:
            tap.take_report(stream, info, raw)

    def find(self, source: object, seq: int) -> Packet | None:
        stream = self._by_source.get(id(source))
        return None if stream is None else stream.history.get(seq)

    def forget_consumer(self, consumer: Consumer) -> None:
        self.consumers.pop(consumer.id, None)

    def pause(self) -> None:
        if self.paused:
            return
        self.paused = True
        for consumer in self.consumers.values():
            consumer.interrupt()

    def resume(self, now: float) -> None:
        if not self.paused:
            return
        self.paused = False
        for consumer in self.consumers.values():
            consumer.wait(now)
        if self.taps:
            self.request_key_frame(now)

    def close(self) -> bool:
        """Closes its consumers and ends its taps; idempotent."""
        if self.closed:
            return False
        self.closed = True
        for consumer in list(self.consumers.values()):
            consumer.close()
        for tap in list(self.taps):
            tap.close()
        self.transport.forget_producer(self)
        return True
