"""When a role that died is started again. Pure: times (seconds, monotonic) are arguments."""

from msgspec import Struct

UNUSABLE = 2
"""Exit status of a role that cannot work with its settings (a port taken, a bad URL)."""
STABLE = 30.0
"""Seconds of life after which earlier deaths are forgotten."""
DELAYS = (0.0, 0.25, 0.5, 1.0, 2.0)
START_ATTEMPTS = 3
"""Deaths of a role that has never been ready, after which the whole start is given up."""


class Again(Struct, frozen=True):
    """Start it ``after`` seconds."""

    after: float


class GiveUp(Struct, frozen=True):
    reason: str


class RestartPolicy:
    """Of one role."""

    def __init__(self) -> None:
        self._deaths = 0
        self._was_ready = False
        self._started = 0.0

    def started(self, now: float) -> None:
        self._started = now

    def became_ready(self) -> None:
        self._was_ready = True

    def died(self, now: float, status: int) -> Again | GiveUp:
        """``status``: exit status, or minus the signal's number."""
        if now - self._started >= STABLE:
            self._deaths = 0
        self._deaths += 1
        if not self._was_ready:
            if status == UNUSABLE:
                return GiveUp("it cannot work with these settings")
            if self._deaths >= START_ATTEMPTS:
                return GiveUp(f"it ended {self._deaths} times before it was ready")
        return Again(DELAYS[min(self._deaths - 1, len(DELAYS) - 1)])
