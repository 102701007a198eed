"""The downlinks of all subscribers of a worker, stepped together."""

from collections.abc import Iterator

from media import control
from media.downlink import Downlink
from media.fanout.port import Fanout
from media.registry import Registry
from media.router import Router
from media.transport import Transport


class Downlinks:
    """One for each connected transport that carries consumers; made and let go of as transports are."""

    def __init__(self, registry: Registry, fanout: Fanout) -> None:
        self._registry = registry
        self._fanout = fanout
        self._links: dict[Transport, Downlink] = {}
        self._learned: set[str] = set()

    def get(self, transport: Transport) -> Downlink | None:
        return self._links.get(transport)

    def held(self) -> tuple[control.ConsumersHeld, ...]:
        """Of everybody from whom something is held back now."""
        return tuple(_told(transport, link) for transport, link in self._links.items() if link.held.consumers)

    def step(self, now: float) -> Iterator[control.ConsumersHeld]:
        """Ten times a second; what has changed for whom."""
        digests = dict(self._fanout.digests())
        transports = self._registry.transports
        for gone in [t for t in self._links if transports.get(t.id) is not t]:
            del self._links[gone]
        for transport in list(transports.values()):
            if transport.direction != "recv" or not transport.is_connected:
                continue
            link = self._of(transport)
            before = link.is_known, link.policy.is_held
            changed = link.step(digests.get(transport.outlet), now)
            if (link.is_known, link.policy.is_held) != before:
                self._learned.add(transport.router.id)
            if changed:
                yield _told(transport, link)

    def take_learned(self) -> list[Router]:
        """Where it became known what a line takes, or that it takes little, since the last call."""
        routers = self._registry.routers
        learned, self._learned = self._learned, set()
        return [routers[name] for name in learned if name in routers]

    def begin(self, transport: Transport, now: float) -> None:
        """A connected one's first picture was asked for."""
        self._of(transport).begin(now)

    def _of(self, transport: Transport) -> Downlink:
        link = self._links.get(transport)
        if link is None:
            speakers = transport.router.speakers
            link = self._links[transport] = Downlink(transport.outlet, transport.consumers, speakers.has)
        return link


def _told(transport: Transport, link: Downlink) -> control.ConsumersHeld:
    return control.ConsumersHeld(
        transport.router.id, transport.peer, link.held.consumers, link.held.voice_only
    )
