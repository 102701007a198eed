"""Every participant's connection as the worker sees it, looked at once a second and told when it changes."""

from collections.abc import Iterable

from media import control
from media.congestion.signal import FULL, Down, Steady, Up, judge, of_loss
from media.downlink import Downlink
from media.downlinks import Downlinks
from media.router import Router
from media.transport import Transport

_ROUNDED = 4_000
"""Octets per second: what changes by less is not told."""


class Links:
    """Of all routers. Times are seconds, monotonic."""

    def __init__(self, downlinks: Downlinks) -> None:
        self._downlinks = downlinks
        self._steady: dict[tuple[str, str], Steady] = {}
        self._told: dict[tuple[str, str], control.Link] = {}

    def step(self, routers: Iterable[Router], lateness: float, now: float) -> list[control.LinksChanged]:
        """``lateness``: how far the worker is behind, in seconds."""
        found: list[control.LinksChanged] = []
        seen: set[tuple[str, str]] = set()
        for router in routers:
            links = self._of(router, lateness, now)
            seen.update((router.id, link.peer) for link in links)
            if (changed := self._changed(router, links)) is not None:
                found.append(changed)
        for gone in self._told.keys() - seen:
            del self._told[gone]
            self._steady.pop(gone, None)
        return found

    def look(self, router: Router, lateness: float, now: float) -> control.LinksChanged | None:
        """Out of turn."""
        return self._changed(router, self._of(router, lateness, now))

    def _changed(self, router: Router, links: list[control.Link]) -> control.LinksChanged | None:
        changed = tuple(link for link in links if self._told.get((router.id, link.peer)) != link)
        if not changed:
            return None
        self._told |= {(router.id, link.peer): link for link in changed}
        return control.LinksChanged(router.id, changed)

    def of(self, router: str) -> tuple[control.Link, ...]:
        """As last told."""
        return tuple(link for (name, _), link in self._told.items() if name == router)

    def _of(self, router: Router, lateness: float, now: float) -> list[control.Link]:
        ups: dict[str, Up] = {}
        downs: dict[str, Downlink | None] = {}
        receivers: dict[str, Transport] = {}
        lost: set[str] = set()
        for transport in router.transports.values():
            if not transport.is_connected:
                if transport.state == "disconnected":
                    lost.add(transport.peer)
                continue
            if transport.direction == "send":
                losses = [s.reception.loss for p in transport.producers.values() for s in p.streams]
                ups[transport.peer] = Up(max(losses, default=0.0))
            else:
                downs[transport.peer] = self._downlinks.get(transport)
                receivers[transport.peer] = transport
        found: list[control.Link] = []
        for peer in sorted(ups.keys() | downs.keys() | lost):
            link = downs.get(peer)
            down = None if peer not in downs else Down() if link is None else link.quality()
            watched = receivers[peer].consumers.values() if peer in receivers else ()
            publishers = min(
                (of_loss(ups[c.producer.peer].loss) for c in watched if c.wants and c.producer.peer in ups),
                default=FULL,
            )
            steady = self._steady.setdefault((router.id, peer), Steady())
            signal = steady.step(judge(down, ups.get(peer), publishers, lateness), now)
            rate, spare = (0, 0) if link is None else link.policy.room()
            rounded = max(1, rate // _ROUNDED * _ROUNDED) if rate else 0
            found.append(
                control.Link(
                    peer,
                    signal.bars,
                    signal.reason,
                    rounded,
                    spare // _ROUNDED * _ROUNDED,
                    round(max(down.loss if down else 0.0, ups.get(peer, Up()).loss), 2),
                    round((down.rtt if down else 0.0) * 20) * 50,
                    link is None or link.is_known,
                )
            )
        return found
