"""One subscriber's way down: what its line carries decides what of everything it wants is sent.

The policy is ``media.congestion``'s; this tells it what is wanted and does what it decides: the outlet's pacer and
probes, and each consumer's layer. A line without trouble costs nothing here.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from media.congestion.allocation import Layer, Wanted
from media.congestion.digest import Digest
from media.congestion.signal import Down
from media.congestion.subscriber import Subscriber
from media.consumer import Consumer
from media.fanout.port import ALL_LAYERS, Outlet
from media.stream import Stream

REFRESH_SECONDS = 1.0
"""How often it is looked at again what is wanted and what it costs."""
WAITS_US = 300_000
LOST_SECONDS = 5.0
"""What was lost longer ago was sent again, or asked for otherwise."""
_BASE_HEIGHT = 360


class Held(NamedTuple):
    """Consumers that get nothing because of the line. ``voice_only``: no picture does."""

    consumers: tuple[str, ...]
    voice_only: bool


NOTHING_HELD = Held((), False)


class Downlink:
    """``consumers``: the transport's, by id. ``speaks``: whether a peer is heard now."""

    def __init__(
        self,
        outlet: Outlet,
        consumers: Mapping[str, Consumer],
        speaks: Callable[[str], bool],
    ) -> None:
        self.policy = Subscriber()
        self.held = NOTHING_HELD
        self._outlet = outlet
        self._consumers = consumers
        self._speaks = speaks
        self._wanted: tuple[Wanted, ...] = ()
        self._looked_at = self._lost_at = float("-inf")

    def begin(self, now: float) -> None:
        """The first picture is on its way: find out what the line carries. Later calls change nothing."""
        decision = self.policy.begin(now)
        if decision.pace is not None:
            self._outlet.pace(*decision.pace)
        if decision.probe is not None:
            self._outlet.probe(*decision.probe)

    def step(self, digest: Digest | None, now: float) -> bool:
        """Ten times a second. Whether ``held`` has changed."""
        if now - self._looked_at >= REFRESH_SECONDS:
            self._looked_at = now
            wanted = self._look()
            if wanted != self._wanted:
                self._wanted = wanted
        elif digest is None and not self.policy.is_held:
            return False
        if digest is not None and self.policy.is_held:
            self._tell_waiting(digest, now)
        decision = self.policy.step(digest, self._wanted, now)
        if decision.pace is not None:
            self._outlet.pace(*decision.pace)
        if decision.probe is not None:
            self._outlet.probe(*decision.probe)
        if decision.allocation is None:
            return False
        return self._apply(decision.allocation.layers, decision.allocation.voice_only is not None, now)

    def _tell_waiting(self, digest: Digest, now: float) -> None:
        if digest.lost_packets:
            self._lost_at = now
            for consumer in self._consumers.values():
                consumer.impatience.lost()
        elif digest.queue_delay_us > WAITS_US and now - self._lost_at > LOST_SECONDS:
            for consumer in self._consumers.values():
                consumer.impatience.waits(now)

    def give_way(self, octets: int, now: float) -> None:
        """So many octets go to the subscriber over TCP now: its pictures wait until a line known to be thin has
        carried them, and they say nothing against it."""
        self.policy.beside(octets, now)
        self._outlet.spend(octets)

    @property
    def is_known(self) -> bool:
        """False while it is being found out what the line takes."""
        return not self.policy.control.is_beginning

    def quality(self) -> Down:
        """For the signal bars."""
        estimator = self.policy.control.estimator
        allocation = self.policy.allocation
        reduced = bool(self.held.consumers) or any(
            layer is not None and layer.temporal != ALL_LAYERS for layer in allocation.layers.values()
        )
        return Down(
            estimator.held and estimator.rate < allocation.needed,
            reduced and estimator.held,
            self.held.voice_only,
            max(0.0, estimator.loss.share),
            estimator.rtt if estimator.held else 0.0,
        )

    def _look(self) -> tuple[Wanted, ...]:
        found: list[Wanted] = []
        for consumer in self._consumers.values():
            producer = consumer.producer
            if consumer.paused or producer.paused:
                continue
            if not producer.is_video:
                found.append(Wanted(consumer.id, "voice", (Layer(0, ALL_LAYERS),)))
                continue
            width, height = consumer.size or (0, 0)
            found.append(
                Wanted(
                    consumer.id,
                    "screen" if producer.is_detailed else "camera",
                    layers_of(producer.streams),
                    width * height,
                    height,
                    int(self._speaks(producer.peer)),
                )
            )
        return tuple(found)

    def _apply(self, layers: Mapping[str, Layer | None], voice_only: bool, now: float) -> bool:
        held: list[str] = []
        for name, layer in layers.items():
            consumer = self._consumers.get(name)
            if consumer is None:
                continue
            if layer is None:
                held.append(name)
                consumer.hold(True, now)
            else:
                consumer.choose(layer.spatial, layer.temporal, now)
                consumer.hold(False, now)
        before, self.held = self.held, Held(tuple(sorted(held)), voice_only)
        return self.held != before


def layers_of(streams: list[Stream]) -> tuple[Layer, ...]:
    """Encodings of simulcast; of a single one its temporal layers, as far as they have been seen.

    Rates are rounded: what changes by a little is the same.
    """
    if len(streams) > 1:
        top = len(streams) - 1
        return tuple(
            Layer(index, ALL_LAYERS, _round(stream.rate), _BASE_HEIGHT >> (top - index))
            for index, stream in enumerate(streams)
        )
    rates = streams[0].rates
    highest = max((layer for layer in range(4) if rates[layer] > 0), default=0)
    return tuple(
        Layer(0, ALL_LAYERS if layer == highest else layer, _round(sum(rates[: layer + 1])))
        for layer in range(highest + 1)
    )


def _round(rate: float) -> int:
    return int(rate / 2_000 + 0.5) * 2_000
