"""How much a line's delay goes up and down by itself: mobile networks and crowded Wi-Fi hold packets and let them go. Pure.

A queue that we make grows and shrinks over several digests; noise turns back and forth from one to the next. So a change
counts in so far as it takes back the one before it.
"""

_SHARE = 0.08
_MOST_US = 100_000


class Noise:
    """``value``: microseconds by which the least delay of a digest is typically off, back and forth."""

    __slots__ = ("_before", "_change", "value")

    def __init__(self) -> None:
        self.value = 0.0
        self._before: int | None = None
        self._change = 0

    def add(self, delay_us: int) -> None:
        """Of every digest in which something was acknowledged."""
        before, self._before = self._before, delay_us
        if before is None:
            return
        change = delay_us - before
        back = min(abs(change), abs(self._change)) if (change < 0) != (self._change < 0) else 0
        self._change = change
        self.value += (min(back, _MOST_US) - self.value) * _SHARE
