"""Whether somebody sends hellos in the name of others: then a hello has to prove that it can be answered."""

LIMIT = 4.0
MOST = 20.0
FORGOTTEN_PER_SECOND = 0.5


class Suspicion:
    """Of all a worker's transports together: whoever does it to one will do it to the next."""

    def __init__(self) -> None:
        self._level = 0.0
        self._at = float("-inf")

    def note(self, now: float) -> None:
        """A hello came that cannot be the remote's, or is not its only one."""
        self._level = min(MOST, self._left(now) + 1.0)
        self._at = now

    def is_high(self, now: float) -> bool:
        return self._left(now) >= LIMIT

    def _left(self, now: float) -> float:
        return max(0.0, self._level - (now - self._at) * FORGOTTEN_PER_SECOND)
