"""Sums over the last moments, and the least delay of the last while. Pure; amortised constant time."""

from collections import deque


class Window:
    """Two counts over the last ``seconds``; ``span``: how long a time they are of."""

    __slots__ = ("_began", "_entries", "_seconds", "first", "second")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._entries: deque[tuple[float, int, int]] = deque()
        self._began = 0.0
        self.first = self.second = 0

    def add(self, first: int, second: int, now: float, elapsed: float) -> None:
        """Counts of the ``elapsed`` seconds up to ``now``."""
        entries = self._entries
        if not entries:
            self._began = now - elapsed
        entries.append((now, first, second))
        self.first += first
        self.second += second
        oldest = now - self._seconds
        while entries[0][0] < oldest:
            self._began, first, second = entries.popleft()
            self.first -= first
            self.second -= second

    def span(self, now: float) -> float:
        return max(now - self._began, 0.05)

    def clear(self) -> None:
        self._entries.clear()
        self.first = self.second = 0


class Base:
    """The least delay of the last 20 to 22 s: what a packet takes that waits nowhere.

    Short enough that clocks 200 ppm apart shift it by 4 ms only, long enough that a rate which falls now and then
    empties the queue within it. A queue that others keep full for longer becomes part of the base, as it must:
    it cannot be told from a longer path.
    """

    __slots__ = ("_buckets", "_current", "_turn", "value")

    _SECONDS = 2.0
    _JUMP = 5_000_000
    """Microseconds between two digests that no queue explains: the remote's clock was set."""

    def __init__(self) -> None:
        self._buckets: deque[int] = deque(maxlen=10)
        self._current = 0
        self._turn = float("-inf")
        self.value = 0

    def add(self, delay: int, now: float) -> int:
        """Returns how much ``delay`` (microseconds) is over the base."""
        if now >= self._turn:
            if now >= self._turn + 10 * self._SECONDS or abs(delay - self.value) > self._JUMP:
                self._buckets.clear()
            else:
                self._buckets.append(self._current)
            self._turn = now + self._SECONDS
            self._current = delay
            self.value = min(self._buckets, default=delay)
        elif abs(delay - self.value) > self._JUMP:
            self._buckets.clear()
            self._current = self.value = delay
        if delay < self._current:
            self._current = delay
        if delay < self.value:
            self.value = delay
        return delay - self.value
