"""A subscriber's copy of a producer: one outgoing stream, started at a key frame, switched at key frames."""

from typing import Protocol

from media import layers
from media.fanout.port import ALL_LAYERS, Leg, Outlet, Source
from media.keyframes import Impatience, RetransmissionBudget, SubscriberBudget
from media.negotiation import Accepted
from media.parameters import RtpParameters
from media.stream import Stream

_RESEND_SECONDS = 0.03
_REMEMBERED = 512


class Carrier(Protocol):
    """The transport, as the consumers it carries need it."""

    id: str
    outlet: Outlet
    begins: bool

    @property
    def is_connected(self) -> bool: ...
    def forget_consumer(self, consumer: "Consumer") -> None: ...


class Original(Protocol):
    """The producer, as the consumers that copy it need it."""

    id: str
    accepted: Accepted
    peer: str
    is_video: bool
    is_detailed: bool
    paused: bool
    streams: list[Stream]

    def target(self, now: float, top: int | None = None) -> Stream | None: ...
    def request_key_frame(self, now: float, stream: Stream | None = None) -> None: ...
    def stream_of(self, source: Source) -> Stream | None: ...
    def forget_consumer(self, consumer: "Consumer") -> None: ...


class Consumer:
    """Starts paused. Its parents are the transport that carries it and the producer it copies.

    ``stream``: what it takes now. ``top``: the highest encoding it is to take, None: any; ``held``: by its
    subscriber's line it takes nothing at all.
    """

    def __init__(
        self,
        consumer_id: str,
        transport: Carrier,
        producer: Original,
        parameters: RtpParameters,
    ) -> None:
        self.id = consumer_id
        self.transport = transport
        self.producer = producer
        self.parameters = parameters
        self.leg: Leg
        self.paused = True
        self.closed = False
        self.held = False
        self.top: int | None = None
        self.size: tuple[int, int] | None = None
        self.stream: Stream | None = None
        self._awaited: Stream | None = None
        self._temporal = ALL_LAYERS
        self._budget = SubscriberBudget()
        self.impatience = Impatience()
        self._rtx = RetransmissionBudget()
        self._resent: dict[int, float] = {}
        self._was_resumed = False
        ssrc = parameters.encodings[0].ssrc
        assert ssrc is not None
        self.ssrc = ssrc

    @property
    def is_waiting(self) -> bool:
        """For the first packet that can be the first."""
        return self._awaited is not None

    @property
    def top_index(self) -> int:
        """The encoding it should be on."""
        last = len(self.producer.streams) - 1
        return last if self.top is None else min(self.top, last)

    @property
    def wants(self) -> bool:
        """Whether its subscriber should get something now."""
        return (
            not (self.paused or self.closed or self.held or self.producer.paused)
            and self.transport.is_connected
        )

    def resume(self, now: float) -> None:
        if not self.paused or self.closed:
            return
        self.paused = False
        self.wait(now)

    def pause(self) -> None:
        self.paused = True
        self.interrupt()

    def hold(self, held: bool, now: float) -> None:
        """The line carries nothing of this (or does again)."""
        if held == self.held:
            return
        self.held = held
        if held:
            self.interrupt()
        else:
            self.wait(now)

    def wait(self, now: float) -> None:
        """Be started by the next packet that can be the first; ask for it."""
        if not self.wants:
            return
        stream = self.producer.target(now, self.top) or self.producer.streams[0]
        self._follow(stream)
        if not self._was_resumed:
            self._was_resumed = True
            self.transport.begins = self.transport.begins or self.producer.is_video
            self.producer.request_key_frame(now, stream)
        else:
            self.ask_key_frame(now)

    def _follow(self, stream: Stream) -> None:
        self._awaited = stream
        self.leg.follow(stream.source)

    def interrupt(self) -> None:
        """The producer, the line or the subscriber pauses: what comes next begins a new epoch."""
        self.leg.follow(None)
        self._awaited = self.stream = None

    def prefer(self, width: int, height: int, now: float) -> None:
        """How large it is shown."""
        self.size = (width, height)
        self.choose(self.fitting, self._temporal, now)

    @property
    def fitting(self) -> int | None:
        """The highest encoding that is of use at the size it is shown; None: any."""
        count = len(self.producer.streams)
        return None if self.size is None or count == 1 else layers.fitting(self.size[0], count)

    def choose(self, top: int | None, temporal: int, now: float) -> None:
        """Which encoding at most, and which temporal layer at most."""
        self.top = top
        if temporal != self._temporal:
            self._temporal = temporal
            self.leg.limit(temporal)
        self.adjust(now)

    def adjust(self, now: float) -> None:
        """Simulcast: be on the encoding that it should be on, as soon as that has a key frame."""
        if len(self.producer.streams) == 1 or not self.wants:
            return
        target = self.producer.target(now, self.top)
        if target is None or target is (self._awaited or self.stream):
            return
        if target is self.stream:
            # What was awaited is not wanted any more: stay.
            self._awaited = None
            self.leg.follow(target.source)
        else:
            self._follow(target)
        self.producer.request_key_frame(now, target)

    # --- what the leg tells ---

    def heard_began(self, source: Source) -> None:
        if self._awaited is not None and self._awaited.source is source:
            self._awaited = None
        self.stream = self.producer.stream_of(source)
        self._budget.satisfied()

    def heard_starved(self, now: float) -> None:
        if self._budget.starved(now):
            self.producer.request_key_frame(now, self._wanted_stream(now))

    # --- key frames and retransmissions ---

    def asked_for_key_frame(self, now: float) -> None:
        """By the remote (RFC 4585 §6.3.1, RFC 5104 §4.3.1)."""
        if not self.impatience.is_all(now):
            self.ask_key_frame(now)

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
        return self.stream or self._awaited or self.producer.target(now, self.top)

    def nacked(self, seqs: list[int], now: float) -> int:
        """Has them sent again on the RTX stream where the history still has them; returns how many were asked for."""
        state = self.leg.state()
        allowance = self._rtx.allowance(state.octets, state.rtx_octets)
        resent = self._resent
        wanted = [seq for seq in seqs if now - resent.get(seq, 0.0) >= _RESEND_SECONDS]
        if allowance <= 0 or not wanted:
            return 0
        for seq in wanted:
            resent[seq] = now
        self.leg.resend(wanted, allowance)
        if len(resent) > _REMEMBERED:
            self._resent = {seq: at for seq, at in resent.items() if now - at < _RESEND_SECONDS}
        return len(wanted)

    def close(self) -> bool:
        """Idempotent; parents forget it."""
        if self.closed:
            return False
        self.closed = True
        self.interrupt()
        self.leg.close()
        self.producer.forget_consumer(self)
        self.transport.forget_consumer(self)
        return True
