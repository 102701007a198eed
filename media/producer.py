"""What a publisher sends of one source: its streams, its subscribers, its taps."""

from typing import Protocol

from media import layers
from media.consumer import Consumer
from media.fanout.port import Fanout, Outlet, Source
from media.negotiation import Accepted
from media.parameters import Content, RtpParameters
from media.rtcp.feedback import build_nack, build_pli
from media.rtcp.reports import SenderInfo
from media.rtp.packet import Packet
from media.stats import Counters
from media.stream import Stream
from media.tapping import Tap
from media.wanted import Wanted, wanted_encodings

SENDER_SSRC = 1
REPORT_SECONDS = 0.1
"""Sender reports that follow each other closer are not passed on: a few bytes become one for each subscriber."""
_NACKED_AT_ONCE = 256
"""Fits a packet, however they are scattered."""


class Carrier(Protocol):
    """The transport, as the producers it carries need it."""

    id: str
    peer: str
    outlet: Outlet
    counters: Counters

    def forget_producer(self, producer: "Producer") -> None: ...


class Producer:
    """Child of its transport."""

    def __init__(
        self,
        producer_id: str,
        transport: Carrier,
        accepted: Accepted,
        parameters: RtpParameters,
        tag: str,
        paused: bool,
        fanout: Fanout,
        content: Content = "",
    ) -> None:
        self.id = producer_id
        self.peer = transport.peer
        self.is_detailed = content == "detail"
        self.transport = transport
        self.accepted = accepted
        self.parameters = parameters
        self.tag = tag
        self.paused = paused
        self.closed = False
        self.is_video = accepted.kind == "video"
        self.streams = [
            Stream(self, accepted, fanout, e.rid, e.ssrc, e.rtx.ssrc if e.rtx else None)
            for e in accepted.encodings
        ]
        self.consumers: dict[str, Consumer] = {}
        self.taps: list[Tap] = []
        self.key_frames_asked = 0
        self._wanted: Wanted | None = None
        if paused:
            self._pause_sources(True)

    def stream_for(self, rid: str | None) -> Stream | None:
        if rid is None:
            return self.streams[0] if len(self.streams) == 1 else None
        return next((stream for stream in self.streams if stream.rid == rid), None)

    def target(self, now: float, top: int | None = None) -> Stream | None:
        """The stream subscribers should be on. ``top``: the highest they are to get."""
        if len(self.streams) == 1:
            return self.streams[0]
        streams = self.streams if top is None else self.streams[: top + 1]
        index = layers.best([stream.last_packet_at for stream in streams], now)
        if index is None and top is not None:
            return self.target(now)  # something rather than nothing
        return None if index is None else self.streams[index]

    @property
    def has_waiting(self) -> bool:
        """Whether somebody waits for a key frame."""
        return any(consumer.is_waiting for consumer in self.consumers.values())

    def stream_of(self, source: Source) -> Stream | None:
        return next((stream for stream in self.streams if stream.source is source), None)

    def take_packet(self, stream: Stream, packet: Packet, wall_ns: int) -> None:
        for tap in self.taps:
            tap.take(stream, packet, wall_ns)

    def add_tap(self, tap: Tap) -> None:
        self.taps.append(tap)
        self._listen()

    def remove_tap(self, tap: Tap) -> None:
        self.taps.remove(tap)
        self._listen()

    def _listen(self) -> None:
        for stream in self.streams:
            stream.source.tap(bool(self.taps))

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
            if self.is_video and stream.gate.due(now) and self._is_watched(stream):
                self._send_pli(stream)

    def _is_watched(self, stream: Stream) -> bool:
        return any(
            consumer.stream is stream or consumer.is_waiting or not consumer.paused
            for consumer in self.consumers.values()
        ) or bool(self.taps)

    def refresh(self, now: float) -> None:
        """Ten times a second: look at the streams; subscribers of simulcast go where they should be."""
        for stream in self.streams:
            stream.refresh(now)
        if len(self.streams) > 1:
            for consumer in self.consumers.values():
                consumer.adjust(now)

    def take_layers(self, now: float) -> tuple[bool, ...] | None:
        """Which encodings to ask of the publisher, when that has changed; of pictures only."""
        if not self.is_video or self.closed:
            return None
        streams = self.streams
        if self._wanted is None:
            self._wanted = Wanted(len(streams), now)
        subscribers = [consumer for consumer in self.consumers.values() if consumer.wants]
        tops = [consumer.top_index for consumer in subscribers]
        if self.taps:
            tops.append(len(streams) - 1)
        taken = [streams.index(c.stream) for c in self.consumers.values() if c.stream is not None]
        arriving = [layers.is_arriving(stream.last_packet_at, now) for stream in streams]
        return self._wanted.step(wanted_encodings(tops, taken, arriving), now)

    def take_loudest(self) -> int | None:
        """A voice's loudest level (-dBov) since the last call; None: not heard."""
        if self.is_video or self.paused:
            return None
        return self.streams[0].take_loudest()

    def tick_slowly(self, now: float) -> None:
        """Every half second: subscribers' kept requests."""
        if not self.is_video:
            return
        for stream in self.streams:
            stream.tick_slowly()
        for consumer in self.consumers.values():
            if consumer.wants_key_frame:
                consumer.tick(now)

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
        stream.source.sender_report(info)
        for tap in self.taps:
            tap.take_report(stream, info, raw)

    def forget_consumer(self, consumer: Consumer) -> None:
        self.consumers.pop(consumer.id, None)

    def pause(self) -> None:
        if self.paused:
            return
        self.paused = True
        self._pause_sources(True)
        for consumer in self.consumers.values():
            consumer.interrupt()

    def resume(self, now: float) -> None:
        if not self.paused:
            return
        self.paused = False
        self._pause_sources(False)
        for consumer in self.consumers.values():
            consumer.wait(now)
        if self.taps:
            self.request_key_frame(now)

    def _pause_sources(self, paused: bool) -> None:
        for stream in self.streams:
            stream.source.pause(paused)

    def close(self) -> bool:
        """Closes its consumers and ends its taps; idempotent."""
        if self.closed:
            return False
        self.closed = True
        for consumer in list(self.consumers.values()):
            consumer.close()
        for tap in list(self.taps):
            tap.close()
        for stream in self.streams:
            stream.close()
        self.transport.forget_producer(self)
        return True
