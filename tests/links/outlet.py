"""The server's way out to one subscriber, as the fanout does it, simulated: numbers given at send time, pacer with voice
first, flush to the next key frame, padding, what was acknowledged."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from media.congestion.allocation import Layer
from media.congestion.digest import Digest
from media.congestion.pacing import Pace
from media.congestion.probing import Probe
from media.fanout.pacer import Flushed, Pacer
from media.keyframes import RetransmissionBudget, SubscriberBudget
from tests.links.clock import Clock
from tests.links.publishers import PACKET, Frame

HEAD = 60
"""RTP header, extensions and SRTP's tag."""
UDP = 28
_BURST_SECONDS = 0.04


class Packet(Struct):
    """``stream``: "" padding. ``seq``: of the stream, ``number``: transport-wide."""

    stream: str
    size: int
    frame: Frame | None = None
    index: int = 0
    seq: int = -1
    number: int = -1
    again: bool = False


class Report(Struct):
    """Transport-cc feedback: from ``first`` to ``last``; ``arrived``: number → the receiver's clock."""

    first: int
    last: int
    arrived: dict[int, float]


class Leg:
    """``ask``: for a key frame of an encoding."""

    def __init__(self, stream: str, ask: Callable[[int], None]) -> None:
        self.stream = stream
        self.ask = ask
        self.seq = 0
        self.choice: Layer | None = None
        self.taken: int | None = None
        self.starving = True
        self.temporal = 7
        self.leaves_out = self.was_asked = False
        self.budget = SubscriberBudget()
        self.repairs = RetransmissionBudget()
        self.octets = self.resent = 0
        self.history: dict[int, Packet] = {}


class Outlet:
    def __init__(self, clock: Clock, send: Callable[[Packet], None]) -> None:
        self._clock = clock
        self._send = send
        self._number = 0
        self._sent: dict[int, tuple[float, int]] = {}
        self._pacer: Pacer[Packet] = Pacer()
        self._probe, self._probe_until, self._probe_credit = 0, 0.0, 0.0
        self.pace_now = Pace(0, 0.0)
        self.paced_seconds = 0.0
        self.legs: dict[str, Leg] = {}
        self.sent = self.voice_sent = self.padding = self.flushes = 0
        self._told = self._voice_told = self._padding_told = 0
        self._delays: list[float] = []
        self._acked = self._acked_octets = self._lost = 0
        self._rtt = self._last_delay = self._arrived = 0.0
        self._fresh = False
        clock.every(0.005, self._tick)

    # --- in ---

    def voice(self, size: int) -> None:
        self._emit(Packet("voice", size))

    def choose(self, stream: str, choice: Layer | None) -> None:
        leg = self.legs[stream]
        before, leg.choice = leg.choice, choice
        if choice is None:
            leg.taken, leg.starving = None, True
            self._pacer.forget(stream)
        elif before is None or before.spatial != choice.spatial:
            self.want_key(leg)

    def want_key(self, leg: Leg) -> None:
        """The first picture is not charged."""
        first, leg.was_asked = not leg.was_asked, True
        if leg.choice is not None and (first or leg.budget.ask(self._clock.now)):
            leg.ask(leg.choice.spatial)

    def picture(self, stream: str, frame: Frame) -> None:
        leg = self.legs[stream]
        choice = leg.choice
        if choice is None:
            return
        if frame.is_key and frame.spatial == choice.spatial:
            if leg.taken != frame.spatial:
                self._pacer.forget(stream)
                leg.taken = frame.spatial
            leg.starving = False
            leg.budget.satisfied()
        if leg.starving or frame.spatial != leg.taken:
            return
        now = self._clock.now
        for index in range(frame.packets):
            packet = Packet(stream, min(PACKET, frame.size - PACKET * index) + HEAD, frame, index)
            if not self.pace_now.octets_per_second:
                if not self._is_left_out(packet):
                    self._emit(packet)
                continue
            begins = frame.is_key and index == 0
            if leg.starving and not begins:
                continue
            leg.starving = False
            flushed = self._pacer.push(packet, stream, frame.number, packet.size, begins, now)
            if flushed is not None:
                self._flushed(flushed)

    def _flushed(self, flushed: Flushed) -> None:
        self.flushes += 1
        leg = self.legs[str(flushed.stream)]
        if flushed.starves and not leg.starving:
            leg.starving = True
            if leg.choice is not None and leg.budget.starved(self._clock.now):
                leg.ask(leg.choice.spatial)

    def repair(self, stream: str, seqs: Sequence[int]) -> None:
        leg = self.legs[stream]
        left = leg.repairs.allowance(leg.octets, leg.resent)
        for seq in seqs:
            old = leg.history.get(seq)
            if old is None or left <= 0:
                continue
            left -= old.size
            packet = Packet(stream, old.size, old.frame, old.index, seq, again=True)
            if self.pace_now.octets_per_second:
                self._pacer.push_rtx(packet, stream, packet.size, self._clock.now)
            else:
                self._emit(packet)

    # --- out ---

    def pace(self, pace: Pace) -> None:
        self.pace_now = pace
        self._pacer.set(pace.octets_per_second, pace.flush_seconds, self._clock.now)
        if not pace.octets_per_second:
            self._drain()

    def spend(self, octets: int) -> None:
        self._pacer.beside(octets, self._clock.now)

    def _drain(self) -> None:
        while (waiting := self._pacer.pop(self._clock.now)) is not None:
            if self._is_left_out(waiting.item):
                self._pacer.spend(-waiting.size)
            else:
                self._emit(waiting.item)

    def _is_left_out(self, packet: Packet) -> bool:
        """What waits is thinned out too, but no picture is cut off, and more is sent from a base picture on."""
        frame = packet.frame
        if frame is None or packet.again:
            return False
        leg = self.legs[packet.stream]
        if packet.index == 0 and leg.choice is not None:
            if leg.choice.temporal <= leg.temporal or frame.temporal == 0:
                leg.temporal = leg.choice.temporal
            leg.leaves_out = frame.temporal > leg.temporal
        return leg.leaves_out

    def probe(self, probe: Probe) -> None:
        self._probe = probe.octets_per_second
        self._probe_credit = self._clock.now
        self._probe_until = self._clock.now + probe.seconds

    def _tick(self) -> None:
        now = self._clock.now
        for leg in self.legs.values():
            if leg.choice is not None and leg.budget.due(now):
                leg.ask(leg.choice.spatial)
        if self.pace_now.octets_per_second:
            self.paced_seconds += 0.005
            self._drain()
        if now < self._probe_until:
            while self._probe_credit < now:
                self._emit(Packet("", 1_000))
                self._probe_credit += 1_000 / self._probe

    def _emit(self, packet: Packet) -> None:
        now = self._clock.now
        packet.number = self._number
        self._number += 1
        if packet.stream == "voice":
            self.voice_sent += packet.size
        elif packet.stream == "":
            self.padding += packet.size
        elif packet.again:
            self.legs[packet.stream].resent += packet.size
        else:
            leg = self.legs[packet.stream]
            packet.seq = leg.seq
            leg.seq += 1
            leg.octets += packet.size
            leg.history[packet.seq] = packet
            leg.history.pop(packet.seq - 1024, None)
        self.sent += packet.size
        if packet.stream == "voice":
            self._pacer.spend(packet.size)
        self._sent[packet.number] = (now, packet.size)
        self._sent.pop(packet.number - 1024, None)
        self._send(packet)

    # --- feedback ---

    def heard(self, report: Report) -> None:
        now = self._clock.now
        newest = 0.0
        for number in range(report.first, report.last + 1):
            entry = self._sent.pop(number, None)
            if entry is None:
                continue
            self._fresh = True
            arrived = report.arrived.get(number)
            if arrived is None:
                self._lost += 1
                continue
            self._acked += 1
            self._acked_octets += entry[1]
            self._last_delay = arrived - entry[0]
            self._arrived = arrived
            self._delays.append(self._last_delay)
            newest = max(newest, entry[0])
        if newest:
            self._rtt = now - newest

    def digest(self) -> Digest | None:
        if not self._fresh:
            return None
        delays = self._delays or [0.0]
        found = Digest(
            acked_packets=self._acked,
            acked_octets=self._acked_octets,
            lost_packets=self._lost,
            sent_octets=self.sent - self._told,
            voice_octets=self.voice_sent - self._voice_told,
            probe_octets=self.padding - self._padding_told,
            delay_min_us=int(min(delays) * 1e6),
            delay_mean_us=int(sum(delays) / len(delays) * 1e6),
            delay_last_us=int(self._last_delay * 1e6),
            arrived_us=int(self._arrived * 1e6) if self._acked else 0,
            delay_max_us=int(max(delays) * 1e6),
            rtt_us=int(self._rtt * 1e6),
            queued_octets=self._pacer.queued_octets,
            queue_delay_us=int(self._pacer.delay(self._clock.now) * 1e6),
        )
        self._told, self._voice_told, self._padding_told = self.sent, self.voice_sent, self.padding
        self._delays = []
        self._acked = self._acked_octets = self._lost = 0
        self._fresh = False
        return found
