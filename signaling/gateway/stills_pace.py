"""How fast a still is written to its viewer: in small chunks, so that one that is outdated stops soon."""

from collections import OrderedDict
from collections.abc import Hashable

CHUNK = 16 * 1024
"""Bytes at once where nothing limits."""
_SMALLEST = 512
_STRETCH = 0.1
"""Seconds of the allowance that one chunk takes at most: a voice packet waits no longer behind it."""
_KEPT = 10_000
_PART = 1.2
"""Of the line: pictures give way to a still, and an estimate made while others fill the line is rather low."""
_LATER_PART = 0.12
_SPARE_PART = 0.8
"""Headers come on top, and an estimate may be too high by some."""
_AHEAD = 0.4
"""Seconds of the allowance that the worker is told ahead."""
_AHEAD_UNLIMITED = 3 * CHUNK
UNCONFIRMED = 24 * 1024
"""Bytes on their way. More would stand in the queue of a line that has become thin a moment ago, before anybody knows of
it: 1 Mbit/s carries so many in 0.2 s. With a round trip of 100 ms so many each are 2 Mbit/s."""
CONFIRMED_SECONDS = 0.01
"""After which one looks again how many are, at first."""
_VOICES = 25_000
"""Bytes a second: on a line that is thinner, voices come first and pictures hardly go."""
CAUTIOUS = 1_000
"""Bytes a second, while it is not known what a line takes: little beside the voice of 64 kbit/s."""
LOOK_AGAIN = 0.25
"""Seconds after which, at the latest, somebody who waits looks again: allowances change, stills end."""


def chunk_size(rate: float | None) -> int:
    """``rate``: bytes a second; None: unlimited."""
    if rate is None:
        return CHUNK
    return min(CHUNK, max(_SMALLEST, int(rate * _STRETCH)))


def share_of_line(down: float, spare: float, first: bool) -> float | None:
    """An allowance from what a line takes (``down``, bytes a second; 0: no limit was met) and what pictures and
    voices leave of it (``spare``), which is told once a second and so may be of a picture that has come to rest since.
    ``first``: nothing of the still is there yet. Then a line that carries more than voices is the still's
    while it goes: it shows what the pictures would show that wait (``announced``). What makes it sharper goes beside them.
    """
    if down <= 0:
        return None
    return max(
        _SPARE_PART * spare, down * (_PART if first else _LATER_PART) if down > _VOICES else 0.0, _SMALLEST
    )


def announced(left: int, rate: float | None) -> int:
    """How many of the ``left`` bytes of a still the media worker is told of next, before they go: what a cut takes
    back is little then, and the worker is told a few times a second at most."""
    return min(left, _AHEAD_UNLIMITED if rate is None else max(_SMALLEST, int(rate * _AHEAD)))


class Turns:
    """Whose next chunk may go when: all that is being written to one viewer shares the allowance."""

    def __init__(self) -> None:
        self._owed: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def wait(self, viewer: Hashable, now: float, size: int, rate: float | None) -> float:
        """0: ``size`` bytes may go now, and count. Else nothing counts; the seconds until one should ask again.

        ``now``: a steady clock. ``rate``: bytes a second; None: unlimited. Over any time no more goes than
        the rate and one chunk.
        """
        if rate is None:
            return 0.0
        at, owed = self._owed.pop(viewer, (now, 0.0))
        owed = max(0.0, owed - max(0.0, now - at) * max(0.0, rate))
        go = rate > 0 and owed <= 0
        self._owed[viewer] = (max(at, now), owed + size if go else owed)
        if len(self._owed) > _KEPT:
            self._owed.popitem(last=False)
        if go:
            return 0.0
        return LOOK_AGAIN if rate <= 0 else min(LOOK_AGAIN, max(owed / rate, 0.001))
