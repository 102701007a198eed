"""One direction of a connection: rate, queue, delay, loss, reordering, jitter. Pure; time is an argument (seconds)."""

import heapq
import random
from collections import deque
from typing import Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")


class Rules(Struct, frozen=True, kw_only=True):
    """``rate``: octets per second on the wire; None: unlimited, 0: nothing passes. The queue in front of it holds
    ``queue_octets``, or what the rate takes ``queue_seconds`` for. ``loss``: share lost at random; ``bursts``: share of packets
    that begin a burst of losses, ``burst_packets`` long on average. ``reordered``: share that comes ``reordered_by`` seconds
    late, the others keep their order. ``jitter``: up to so much more delay.
    """

    rate: float | None = None
    delay: float = 0.0
    queue_seconds: float = 0.3
    queue_octets: int | None = None
    loss: float = 0.0
    bursts: float = 0.0
    burst_packets: float = 5.0
    reordered: float = 0.0
    reordered_by: float = 0.02
    jitter: float = 0.0

    @property
    def queue_limit(self) -> float:
        if self.queue_octets is not None:
            return self.queue_octets
        return max(1600.0, self.queue_seconds * self.rate) if self.rate else 150_000.0


def kilobits(amount: float) -> float:
    """kbit/s as octets per second."""
    return amount * 125


class Link(Generic[T]):
    """``offer`` what is sent; ``take`` what has arrived by now; ``next_at``: when something will."""

    def __init__(self, rules: Rules, seed: int = 1) -> None:
        self.rules = rules
        self.lost = self.overflowed = self.passed = 0
        self.waiting_octets = 0
        self._random = random.Random(seed)
        self._waiting: deque[tuple[int, T]] = deque()
        self._flying: list[tuple[float, int, T]] = []
        self._count = 0
        self._at = 0.0
        self._left = 0.0
        """Octets of the first that waits, not yet on the wire at ``_at``."""
        self._latest = 0.0
        self._burst = 0

    def change(self, rules: Rules, now: float) -> None:
        self._advance(now)
        self.rules = rules

    def offer(self, item: T, size: int, now: float) -> bool:
        """False: lost or dropped. ``size``: octets on the wire."""
        self._advance(now)
        if self._is_lost():
            self.lost += 1
            return False
        if self.rules.rate is None and not self._waiting:
            self._fly(item, now)
            return True
        if self._waiting and self.waiting_octets + size > self.rules.queue_limit:
            self.overflowed += 1
            return False
        if not self._waiting:
            self._left = size
        self._waiting.append((size, item))
        self.waiting_octets += size
        return True

    def take(self, now: float) -> list[T]:
        self._advance(now)
        arrived: list[T] = []
        while self._flying and self._flying[0][0] <= now:
            arrived.append(heapq.heappop(self._flying)[2])
        self.passed += len(arrived)
        return arrived

    def next_at(self) -> float | None:
        """When to ``take`` or at least look again; None: nothing is on its way, or nothing passes."""
        found = self._flying[0][0] if self._flying else None
        rate = self.rules.rate
        if self._waiting and rate != 0:
            served = self._at + (self._left / rate if rate else 0.0)
            found = served if found is None else min(found, served)
        return found

    def _is_lost(self) -> bool:
        rules = self.rules
        if self._burst:
            self._burst -= 1
            return True
        if rules.bursts and self._random.random() < rules.bursts:
            self._burst = max(0, round(self._random.expovariate(1 / rules.burst_packets)))
            return True
        return rules.loss > 0 and self._random.random() < rules.loss

    def _advance(self, now: float) -> None:
        rate = self.rules.rate
        while self._waiting:
            if rate is not None:
                passes = (now - self._at) * rate
                if passes < self._left - 1e-6:
                    self._left -= max(0.0, passes)
                    break
                self._at = min(now, self._at + self._left / rate) if rate else now
            size, item = self._waiting.popleft()
            self.waiting_octets -= size
            self._fly(item, self._at if rate is not None else now)
            if self._waiting:
                self._left = self._waiting[0][0]
        self._at = max(self._at, now)

    def _fly(self, item: T, served: float) -> None:
        rules = self.rules
        arrival = served + rules.delay
        if rules.jitter:
            arrival += self._random.random() * rules.jitter
        if rules.reordered and self._random.random() < rules.reordered:
            arrival += rules.reordered_by
        else:
            arrival = self._latest = max(arrival, self._latest)
        self._count += 1
        heapq.heappush(self._flying, (arrival, self._count, item))
