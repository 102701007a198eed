"""A lesson as one subscriber gets it over a bad connection, in simulated time: publishers, server, link, browser."""

from collections.abc import Sequence
from functools import partial

from media.congestion.allocation import Layer, Wanted
from media.congestion.digest import Digest
from media.congestion.subscriber import Decision, Subscriber
from media.keyframes import SourceGate
from signaling.gateway.stills_pace import CAUTIOUS, share_of_line
from tests.links.clock import Clock
from tests.links.link import Link, Rules
from tests.links.outlet import HEAD, UDP, Leg, Outlet, Packet, Report
from tests.links.publishers import Camera, Frame, Screen
from tests.links.receiver import Picture, Receiver
from tests.links.stills import HEADERS, Segment, Stills

VOICE_PAYLOAD = 60
"""Opus at 24 kbit/s."""


class Scenario:
    """``history``: time, budget (None: not limited), digest. ``changes``: time and new rules for the way down.

    ``wanted``: which pictures, of "screen" and "camera". ``stills``: whether stills of the screen go over the line too.
    """

    def __init__(
        self,
        down: Rules,
        up: Rules | None = None,
        *,
        changes: Sequence[tuple[float, Rules]] = (),
        wanted: Sequence[str] = ("screen",),
        camera_height: int = 720,
        drift: float = 0.0,
        seed: int = 1,
        voice: bool = True,
        stills: bool = False,
    ) -> None:
        self.clock = clock = Clock()
        self.down: Link[tuple[Packet | Segment, float]] = Link(down, seed)
        self.up: Link[Report] = Link(up if up is not None else Rules(delay=down.delay), seed + 1)
        self.outlet = Outlet(clock, self._send_down)
        self.receiver = Receiver(clock, self._send_up, self._nack, self._pli, drift)
        self.subscriber = Subscriber()
        self.history: list[tuple[float, float | None, Digest | None]] = []
        self.reasons: list[tuple[float, str | None]] = []
        self.choices: list[tuple[float, str, Layer | None]] = []
        self.voice_sent: list[float] = []
        self._look_down_at = self._look_up_at = float("inf")
        self._wanted, self._camera_height, self._voice = wanted, camera_height, voice
        self._gates = [SourceGate() for _ in range(4)]
        self.screen = Screen(clock, lambda frame: self._picture("screen", frame), seed + 2)
        self.camera = Camera(clock, lambda frame: self._picture("camera", frame), seed + 3)
        self.outlet.legs["screen"] = Leg("screen", lambda _: self._ask(3))
        self.outlet.legs["camera"] = Leg("camera", self._ask)
        self._told: tuple[int, int] | None = None
        self.stills = Stills(self, lambda: self.up.rules.delay + self.down.rules.delay) if stills else None
        clock.every(1.0, self._look, 0.002)
        for at, rules in changes:
            clock.at(at, partial(self._change, rules))
        clock.every(0.02, self._say)
        clock.every(0.1, self._step, 0.001)
        clock.every(0.5, self._gates_due)

    def _change(self, rules: Rules) -> None:
        self.down.change(rules, self.clock.now)
        self._look_down_at = float("inf")
        self._watch_down()

    def run(self, until: float) -> None:
        self.clock.run(until)

    @property
    def picture(self) -> Picture:
        return self.receiver.pictures.setdefault("screen", Picture())

    def voice_loss(self, start: float = 0.0, until: float = float("inf")) -> float:
        sent = sum(start <= at < until for at in self.voice_sent)
        late = sum(start <= at - delay < until for at, delay in self.receiver.voice_delays)
        return 1 - late / sent if sent else 0.0

    # --- the server ---

    def _picture(self, stream: str, frame: Frame) -> None:
        if stream == "screen" and self.stills is not None:
            self.stills.picture(frame)
        if frame.is_key:
            self._gates[3 if stream == "screen" else frame.spatial].arrived(self.clock.now)
        if hasattr(self, "camera") and stream in self.outlet.legs:
            self.outlet.picture(stream, frame)

    def _ask(self, source: int) -> None:
        if self._gates[source].ask(self.clock.now):
            self._ask_now(source)

    def _ask_now(self, source: int) -> None:
        if source == 3:
            self.screen.ask_key_frame()
        else:
            self.camera.ask_key_frame(source)

    def _gates_due(self) -> None:
        for index, gate in enumerate(self._gates):
            if gate.due(self.clock.now):
                self._ask_now(index)

    def _say(self) -> None:
        if self._voice:
            self.voice_sent.append(self.clock.now)
            self.outlet.voice(VOICE_PAYLOAD + HEAD - 12)

    def _step(self) -> None:
        now = self.clock.now
        wanted = (
            [Wanted("voice", "voice", (Layer(0, 0, 50 * (VOICE_PAYLOAD + HEAD - 12)),))]
            if self._voice
            else []
        )
        if "screen" in self._wanted:
            wanted.append(Wanted("screen", "screen", self.screen.layers))
        if "camera" in self._wanted:
            wanted.append(Wanted("camera", "camera", self.camera.layers, height=self._camera_height))
        if self._wanted:
            self._do(self.subscriber.begin(now))
        digest = self.outlet.digest()
        before = self.subscriber.control.is_beginning, self.subscriber.is_held
        self._do(self.subscriber.step(digest, wanted, now))
        if (self.subscriber.control.is_beginning, self.subscriber.is_held) != before:
            self._look()
        self.history.append((now, self.subscriber.control.budget, digest))

    def _do(self, decision: Decision) -> None:
        now = self.clock.now
        if decision.allocation is not None:
            for stream, layer in decision.allocation.layers.items():
                self.outlet.choose(stream, layer)
                self.choices.append((now, stream, layer))
            self.reasons.append((now, decision.allocation.voice_only))
        if decision.pace is not None:
            self.outlet.pace(decision.pace)
        if decision.probe is not None:
            self.outlet.probe(decision.probe)

    # --- stills ---

    def _look(self) -> None:
        """What a gateway is told once a second."""
        known = not self.subscriber.control.is_beginning
        self._told = self.subscriber.room() if known else None

    def allowance(self, first: bool) -> float | None:
        return CAUTIOUS if self._told is None else share_of_line(*self._told, first)

    def give_way(self, octets: int) -> None:
        self.subscriber.beside(octets, self.clock.now)
        self.outlet.spend(octets)

    def offer_segment(self, segment: Segment) -> None:
        self.down.offer((segment, self.clock.now), segment.size + HEADERS, self.clock.now)
        self._watch_down()

    # --- the connection ---

    def _send_down(self, packet: Packet) -> None:
        self.down.offer((packet, self.clock.now), packet.size + UDP, self.clock.now)
        self._watch_down()

    def _watch_down(self) -> None:
        """Have ``_take_down`` called when something is due, once."""
        at = self.down.next_at()
        if at is not None and at < self._look_down_at:
            self._look_down_at = at
            self.clock.at(at, self._take_down)

    def _take_down(self) -> None:
        if self.clock.now < self._look_down_at:
            return
        self._look_down_at = float("inf")
        for packet, sent_at in self.down.take(self.clock.now):
            if isinstance(packet, Segment):
                assert self.stills is not None
                acked = partial(self.stills.acked, packet)
                self.clock.at(self.clock.now + self.up.rules.delay, acked)
            else:
                self.receiver.take(packet, sent_at)
        self._watch_down()

    def _send_up(self, report: Report) -> None:
        self.up.offer(report, 120, self.clock.now)
        self._watch_up()

    def _watch_up(self) -> None:
        at = self.up.next_at()
        if at is not None and at < self._look_up_at:
            self._look_up_at = at
            self.clock.at(at, self._take_up)

    def _take_up(self) -> None:
        if self.clock.now < self._look_up_at:
            return
        self._look_up_at = float("inf")
        for report in self.up.take(self.clock.now):
            self.outlet.heard(report)
        self._watch_up()

    def _nack(self, stream: str, seqs: list[int]) -> None:
        self.clock.at(self.clock.now + self.up.rules.delay, lambda: self.outlet.repair(stream, seqs))

    def _pli(self, stream: str) -> None:
        self.clock.at(
            self.clock.now + self.up.rules.delay, lambda: self.outlet.want_key(self.outlet.legs[stream])
        )
