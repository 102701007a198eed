"""What goes to a subscriber over the same line by another way: stills, over TCP. Pure.

The line carries them in the place of pictures, which wait. So they count as carried, or the line would look like one that
has become narrower; and the queue that TCP keeps in front of a slow line, and what is lost to it, say nothing against
the rate while they go. We are told of them before they go, not when they have come: as long as the line is thought to
need for them, they are taken to be on their way.
"""

_NOTICEABLE_SECONDS = 0.1
"""What takes a line less than this changes nothing that can be seen."""
_SETTLES_SECONDS = 0.2
MOST_SECONDS = 2.0
THIN = 25_000
"""Octets per second: stills get no more of such a line than pictures and voice leave, and what they do to it counts."""


class Beside:
    """One per subscriber. Octets; ``rate``: octets per second that the line is thought to carry."""

    __slots__ = ("_pending", "_until")

    def __init__(self) -> None:
        self._pending = 0.0
        self._until = float("-inf")

    def is_busy(self, now: float) -> bool:
        """They are what stands on the line."""
        return now < self._until

    def tell(self, octets: int, rate: float, rtt: float, now: float) -> None:
        """So many more go from now on."""
        self._pending = min(self._pending + octets, MOST_SECONDS * rate)
        seconds = self._pending / rate
        if rate > THIN and seconds > _NOTICEABLE_SECONDS:
            self._until = max(self._until, now + seconds + min(rtt, 1.0) + _SETTLES_SECONDS)

    def carried(self, rate: float, received: int, elapsed: float) -> int:
        """Of an interval of ``elapsed`` seconds, in which ``received`` octets of the lesson's packets came."""
        moved = min(self._pending, max(0.0, rate * elapsed - received))
        self._pending -= moved
        return int(moved)
