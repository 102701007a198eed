"""A subscriber's copy of a producer: one outgoing stream, started at a key frame, switched at key frames."""

from typing import Protocol

from media import layers
from media.fanout.port import Leg, Outlet
from media.keyframes import RetransmissionBudget, SubscriberBudget
from media.negotiation import Accepted
from media.parameters import RtpParameters
from media.rtcp.reports import SenderInfo, build_cname, build_sender
from media.rtp.packet import Packet
from media.stream import Stream

_RESEND_SECONDS = 0.03
_REMEMBERED = 512


class Carrier(Protocol):
    """The transport, as the consumers it carries need it."""

    id: str
    outlet: Outlet

    @property
    def is_connected(self) -> bool: ...
    def forget_consumer(self, consumer: "Consumer") -> None: ...


class Original(Protocol):
    """The producer, as the consumers that copy it need it. ``waiting``: those that begin with a key frame."""

    id: str
    accepted: Accepted
    is_video: bool
    waiting: set["Consumer"]

    def target(self, now: float) -> Stream | None: ...
    def request_key_frame(self, now: float, stream: Stream | None = None) -> None: ...
    def find(self, source: object, seq: int) -> Packet | None: ...
    def forget_consumer(self, consumer: "Consumer") -> None: ...


class Consumer:
    """Starts paused. Its parents are the transport that carries it and the producer it copies."""

    def __init__(
        self,
        consumer_id: str,
        transport: Carrier,
        producer: Original,
        leg: Leg,
        parameters: RtpParameters,
    ) -> None:
        self.id = consumer_id
        self.transport = transport
        self.producer = producer
        self.leg = leg
        self.parameters = parameters
        self.paused = True
        self.closed = False
        self.stream: Stream | None = None
        self._offsets = (0, 0, 0)
        self._last_stream: Stream | None = None
        self._budget = SubscriberBudget()
        self._rtx = RetransmissionBudget()
        self._resent: dict[int, float] = {}
        self._was_resumed = False
        ssrc = parameters.encodings[0].ssrc
        assert ssrc is not None
        self.ssrc = ssrc

    def resume(self, now: float) -> None:
        if not self.paused or self.closed:
            return
        self.paused = False
        self.wait(now)

    def pause(self) -> None:
        self.paused = True
        self._halt()

    def wait(self, now: float) -> None:
        """Be started by the next packet that can be the first; ask for it."""
        if self.paused or self.closed or not self.transport.is_connected:
            return
        self.producer.waiting.add(self)
        if not self._was_resumed:
            self._was_resumed = True
            self.producer.request_key_frame(now, self.producer.target(now))
        else:
            self.ask_key_frame(now)

    def interrupt(self) -> None:
        """The producer or the transport pauses: what comes next begins a new epoch."""
        self._halt()

    def _halt(self) -> None:
        self.producer.waiting.discard(self)
        self.leg.end()
        self.stream = None

    def ask_key_frame(self, now: float) -> None:
        if self.producer.is_video and self._budget.ask(now):
            self.producer.request_key_frame(now, self._wanted_stream(now))

    def tick(self, now: float) -> None:
        if self._budget.due(now):
            self.producer.request_key_frame(now, self._wanted_stream(now))

    @property
    def wants_key_frame(self) -> bool:
        return self._budget.wants

    def _wanted_stream(self, now: float) -> Stream | None:
        return self.stream if self.stream is not None else self.producer.target(now)

    def start(self, stream: Stream, packet: Packet, now: float) -> None:
        """``packet`` (a key frame's first, or any of audio) is the first to be forwarded."""
        last = self._last_stream
        if last is not None and last is not stream:
            timestamp_offset, picture_offset, tl0_offset = self._offsets
            if last.numbers is not None and packet.numbers is not None:
                picture_offset = last.numbers.picture + picture_offset + 1 - packet.numbers.picture
                tl0_offset = last.numbers.tl0 + tl0_offset + 1 - packet.numbers.tl0
            timestamp_offset = layers.timestamp_offset(
                last.clock, timestamp_offset, stream.clock, packet.timestamp, now, stream.clock_rate
            )
            self._offsets = (timestamp_offset, picture_offset, tl0_offset)
        self.leg.begin(stream.source, packet.seq, *self._offsets)
        self.stream = self._last_stream = stream
        self.producer.waiting.discard(self)
        self._budget.satisfied()
        if stream.reception is not None and stream.reception.sender is not None:
            self.sender_report(stream.reception.sender)

    def sender_report(self, info: SenderInfo) -> None:
        """The publisher's, in this subscriber's numbers."""
        counters = self.leg.counters()
        report = SenderInfo(
            self.ssrc,
            info.ntp,
            (info.rtp_timestamp + self.leg.timestamp_offset) & 0xFFFFFFFF,
            counters.packets,
            counters.octets,
        )
        self.transport.outlet.send_rtcp(
            build_sender(report) + build_cname(self.ssrc, self.parameters.rtcp.cname)
        )

    def nacked(self, seqs: list[int], now: float) -> int:
        """Answers on the RTX stream what the history still has; returns how many."""
        answered = 0
        octets = self.leg.counters().octets
        resent = self._resent
        for seq in seqs:
            if now - resent.get(seq, 0.0) < _RESEND_SECONDS:
                continue
            if not self._rtx.allows(octets):
                break
            size = self.leg.resend(seq, self.producer.find)
            if size:
                self._rtx.spend(size)
                resent[seq] = now
                answered += 1
        if len(resent) > _REMEMBERED:
            self._resent = {seq: at for seq, at in resent.items() if now - at < _RESEND_SECONDS}
        return answered

    def close(self) -> bool:
        """Idempotent; parents forget it."""
        if self.closed:
            return False
        self.closed = True
        self._halt()
        self.leg.close()
        self.producer.forget_consumer(self)
        self.transport.forget_consumer(self)
        return True
