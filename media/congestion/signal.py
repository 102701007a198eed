"""How good a participant's connection is, in bars as everyone knows them, and whose fault it is when it is not. Pure."""

from typing import Literal, NamedTuple

Reason = Literal["", "link_down", "link_up", "publisher", "server"]
FULL = 4
RISE_SECONDS = 4.0
"""Bars fall at once and rise when it has been better for so long."""
_LATE_SECONDS = 0.15
_SLOW_SECONDS = 0.8
_LOSSES = (0.02, 0.05, 0.12)


class Down(NamedTuple):
    """What reaches the participant. ``limited``: the line is known not to carry everything; ``reduced``: something is
    sent in less than it was wanted in; ``loss``: share of 1; ``rtt`` in seconds, 0.0: unknown."""

    limited: bool = False
    reduced: bool = False
    voice_only: bool = False
    loss: float = 0.0
    rtt: float = 0.0


class Up(NamedTuple):
    """What the participant sends: the worst of it."""

    loss: float = 0.0


class Signal(NamedTuple):
    bars: int
    reason: Reason


GOOD = Signal(FULL, "")


def of_loss(loss: float) -> int:
    """4 to 1."""
    return FULL - sum(loss > limit for limit in _LOSSES)


def down_bars(down: Down) -> int:
    bars = of_loss(down.loss)
    if down.rtt > _SLOW_SECONDS:
        bars = min(bars, 2)
    if down.limited:
        bars = min(bars, 3)
    if down.reduced:
        bars = min(bars, 2)
    return min(bars, 1) if down.voice_only else bars


def judge(down: Down | None, up: Up | None, publishers: int, lateness: float) -> Signal:
    """``None``: nothing is connected that way. ``publishers``: the least bars that those have, on their way up, whom the
    participant watches. ``lateness``: how far this machine is behind, in seconds."""
    if down is None and up is None:
        return Signal(0, "link_down")
    if lateness > _LATE_SECONDS:
        return Signal(2, "server")
    of_down = FULL if down is None else down_bars(down)
    of_up = FULL if up is None else of_loss(up.loss)
    bars = min(of_down, of_up)
    if bars < FULL:
        return Signal(bars, "link_down" if of_down <= of_up else "link_up")
    if publishers <= 2:
        return Signal(min(3, publishers + 1), "publisher")
    return GOOD


class Steady:
    """One participant's signal over time."""

    __slots__ = ("_better_since", "shown")

    def __init__(self) -> None:
        self.shown = GOOD
        self._better_since: float | None = None

    def step(self, signal: Signal, now: float) -> Signal:
        if signal.bars <= self.shown.bars:
            self.shown = signal
            self._better_since = None
        elif self._better_since is None:
            self._better_since = now
        elif now - self._better_since >= RISE_SECONDS:
            self.shown = signal
            self._better_since = None
        return self.shown
