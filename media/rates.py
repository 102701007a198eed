"""How much a stream carries: the mean of the last seconds, by temporal layer. Pure."""

from collections import deque

MEASURE_SECONDS = 1.0
WINDOW_SECONDS = 8.0
"""A shared screen sends a page at once and then little. A line that takes the mean takes the page too, later: the
pacer keeps it, and what waits for long is thinned out by itself (``congestion.choosing``)."""
_MARKS = int(WINDOW_SECONDS / MEASURE_SECONDS) + 1


class Rates:
    """``values``: octets per second of each temporal layer, 0 to 3."""

    __slots__ = ("_marks", "values")

    def __init__(self) -> None:
        self.values = [0.0, 0.0, 0.0, 0.0]
        self._marks: deque[tuple[float, tuple[int, ...]]] = deque(maxlen=_MARKS)

    @property
    def total(self) -> float:
        return sum(self.values)

    def step(self, octets: tuple[int, ...], now: float) -> None:
        """``octets``: by layer, all since the beginning. Call more often than once a second."""
        marks = self._marks
        if marks and now - marks[-1][0] < MEASURE_SECONDS:
            return
        marks.append((now, octets))
        at, before = marks[0]
        if now > at:
            self.values = [(new - old) / (now - at) for old, new in zip(before, octets, strict=True)]
