"""Is a loss the line's own, or does it come of sending too much? Pure."""

from media.congestion.window import Window

_HIGH, _SEVERE = 0.1, 0.2
_NOTICEABLE = 0.025
_PATIENCE = 3.0
"""Seconds of noticeable loss before it is looked into."""
_LOWERED = 0.85
_MOST_OWN = 0.3


class Loss:
    """``share``: of the last 2 s. ``own``: what the line loses at any rate."""

    __slots__ = ("_before", "_enough", "_judge_at", "_since", "_trial", "_window", "own", "share")

    def __init__(self) -> None:
        self._window = Window(2.0)
        self.share = self.own = 0.0
        self._enough = False
        self._since: float | None = None
        self._trial: float | None = None
        """The rate before it was lowered to see."""
        self._before = 0.0
        self._judge_at = 0.0

    def add(self, lost: int, acked: int, now: float, elapsed: float) -> None:
        window = self._window
        window.add(lost, acked, now, elapsed)
        packets = window.first + window.second
        self._enough = packets >= 40
        self.share = window.first / packets if self._enough else 0.0
        if self.share < self.own and self._enough:
            self.own += (self.share - self.own) * min(1.0, elapsed / 10)
        if self.share - self.own <= _NOTICEABLE:
            self._since = None
        elif self._since is None:
            self._since = now

    @property
    def excess(self) -> float:
        return max(0.0, self.share - self.own)

    @property
    def is_high(self) -> bool:
        return self.excess > _HIGH

    @property
    def is_severe(self) -> bool:
        return self.excess > _SEVERE

    @property
    def allows_growth(self) -> bool:
        return self._trial is None and self.excess <= _NOTICEABLE

    def judge(self, rate: float, now: float, rtt: float) -> float | None:
        """The rate that is right now, or None: no opinion."""
        if self._trial is not None:
            if now < self._judge_at:
                return None
            before, self._trial = self._trial, None
            if self.share >= 0.7 * self._before:
                self.own = min(_MOST_OWN, self.share)
                return max(rate, before)
            return None
        if self._since is None or not (self.is_high or now - self._since >= _PATIENCE):
            return None
        self._trial, self._before = rate, self.share
        self._judge_at = now + 2.2 + rtt
        return rate * min(_LOWERED, 1 - self.excess / 2)

    def interrupt(self) -> None:
        """A queue stands: whatever is lost now, is lost to it."""
        self._trial = None

    def clear(self) -> None:
        self._window.clear()
        self._trial = self._since = None
        self.share = 0.0
