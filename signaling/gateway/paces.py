"""How often each of many may do something: token buckets by key, so that a new connection is no new bucket."""

from collections import OrderedDict
from collections.abc import Hashable

from signaling.gateway.token_bucket import TokenBucket

_KEPT = 10_000


class Paces:
    """``rate`` a second flow in, at most ``burst`` are kept; the least lately used key is forgotten first."""

    def __init__(self, rate: float, burst: float, kept: int = _KEPT) -> None:
        self._rate = rate
        self._burst = burst
        self._kept = kept
        self._buckets: OrderedDict[Hashable, TokenBucket] = OrderedDict()

    def take(self, key: Hashable, now: float, amount: float = 1) -> bool:
        """Whether it is not too often. ``now``: seconds of a steady clock."""
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = TokenBucket(self._rate, self._burst)
            if len(self._buckets) > self._kept:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(key)
        return bucket.take(now, amount)


class Limits:
    """Of what grows a record for ever: the lesson's log (by lesson and account), that of sign-ins (by address);
    and of stills: pictures and bytes brought, movements told, pictures read (by lesson and account).

    Who teaches the class is not held up: admitting a class one by one is quick work.
    """

    def __init__(self) -> None:
        self.sockets = Paces(rate=2, burst=100)
        self.commands = Paces(rate=2, burst=200)
        self.chat = Paces(rate=1, burst=5)
        self.refusals = Paces(rate=1 / 60, burst=5)
        self.self_tests = Paces(rate=1 / 20, burst=5)
        self.stills = Paces(rate=4, burst=40)
        self.still_bytes = Paces(rate=400_000, burst=8_000_000)
        self.still_moves = Paces(rate=10, burst=60)
        self.still_reads = Paces(rate=10, burst=100)
