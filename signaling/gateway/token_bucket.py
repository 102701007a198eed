"""How often somebody may speak."""


class TokenBucket:
    """``rate`` tokens a second flow in, at most ``burst`` are kept. Time is an argument (seconds)."""

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._at: float | None = None

    def take(self, now: float, amount: float = 1) -> bool:
        if self._at is None:
            self._at = now
        elif now > self._at:
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
            self._at = now
        if self._tokens < amount:
            return False
        self._tokens -= amount
        return True
