"""What a worker does by itself: each thing in its own rhythm, in multiples of one tick."""

from collections.abc import Callable

from msgspec.structs import replace

from media import control, figures
from media.downlinks import Downlinks
from media.links import Links
from media.network import Network
from media.producer import Producer
from media.registry import Registry
from media.transport import Transport

TICK_SECONDS = 0.02
FEEDBACK_TICKS = 5
"""A tenth of a second: transport-cc, levels of voices, subscribers' lines."""
SLOW_TICKS = 25
REPORT_TICKS = 50


class Rhythm:
    """``tell`` takes notices. ``beat`` is to be called every ``TICK_SECONDS``."""

    def __init__(self, registry: Registry, network: Network, tell: Callable[[control.Notice], None]) -> None:
        self._registry = registry
        self._network = network
        self._tell = tell
        self._downlinks = Downlinks(registry, network.fanout)
        self._links = Links(self._downlinks)
        self._count = 0
        self._beat_at: float | None = None
        self._lateness = 0.0
        """How far ticks are behind lately, in seconds."""

    def give_way(self, transport: Transport, octets: int, now: float) -> None:
        """See ``control.GiveWay``."""
        link = self._downlinks.get(transport)
        if link is not None:
            link.give_way(octets, now)

    def complete(self, reply: control.Reply) -> control.Reply:
        """An inventory or figures, with what is known here of the lines."""
        if not isinstance(reply, control.Inventory | control.Stats):
            return reply
        routers = self._registry.routers
        links = {name: self._links.of(name) for name in routers}
        held = self._downlinks.held()
        if isinstance(reply, control.Inventory):
            told = tuple(control.LinksChanged(name, of) for name, of in links.items() if of)
            return replace(reply, links=told, held=held)
        by_router = {name: {h.peer: h for h in held if h.router == name} for name in routers}
        return replace(
            reply, routers={n: figures.of_router(r, links[n], by_router[n]) for n, r in routers.items()}
        )

    def beat(self, now: float) -> None:
        self._count += 1
        count = self._count
        if self._beat_at is not None:
            late = max(0.0, now - self._beat_at - TICK_SECONDS)
            self._lateness += (min(late, 1.0) - self._lateness) * 0.05
        self._beat_at = now
        self._network.fanout.tick(now)
        for transport in tuple(self._registry.transports.values()):
            if transport.begins:
                transport.begins = False
                if transport.is_connected:
                    self._downlinks.begin(transport, now)
            if transport.direction != "send":
                continue
            for producer in tuple(transport.producers.values()):
                self._producer(producer, transport, count, now)
            if count % FEEDBACK_TICKS == 0:
                transport.feedback()
            if count % REPORT_TICKS == 0:
                transport.report(now)
        if (count + 1) % FEEDBACK_TICKS == 0:
            self._network.fanout.ask_digests()
        if count % FEEDBACK_TICKS == 0:
            for held in self._downlinks.step(now):
                self._tell(held)
            for router in self._downlinks.take_learned():
                if (learned := self._links.look(router, self._lateness, now)) is not None:
                    self._tell(learned)
        if count % SLOW_TICKS == 0:
            self._network.watch_consent(self._registry.transports.values(), now)
            for router in self._registry.routers.values():
                speakers = router.speakers.changed(now)
                if speakers is not None:
                    self._tell(control.SpeakersChanged(router.id, speakers))
        if count % REPORT_TICKS == 0:
            for links in self._links.step(self._registry.routers.values(), self._lateness, now):
                self._tell(links)
        self._network.flush()

    def _producer(self, producer: Producer, transport: Transport, count: int, now: float) -> None:
        producer.tick(now)
        if count % FEEDBACK_TICKS == 0:
            producer.refresh(now)
            layers = producer.take_layers(now)
            if layers is not None:
                self._tell(control.LayersWanted(transport.router.id, producer.id, layers))
            level = producer.take_loudest()
            if level is not None:
                transport.router.speakers.note(producer.id, level, now, producer.peer)
        if count % SLOW_TICKS == 0:
            producer.tick_slowly(now)
