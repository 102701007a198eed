"""Simulated time: things happen in order, and no one waits."""

import heapq
from collections.abc import Callable


class Clock:
    def __init__(self) -> None:
        self.now = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def at(self, when: float, action: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._events, (max(when, self.now), self._count, action))

    def every(self, seconds: float, action: Callable[[], None], start: float = 0.0) -> None:
        def again() -> None:
            action()
            self.at(self.now + seconds, again)

        self.at(start, again)

    def run(self, until: float) -> None:
        events = self._events
        while events and events[0][0] <= until:
            self.now, _, action = heapq.heappop(events)
            action()
        self.now = until
