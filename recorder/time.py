"""Recording time: ms since a recording was started, pauses taken out; pure."""

from collections.abc import Sequence

from msgspec import Struct


class Pause(Struct, frozen=True):
    """Ms since the epoch, as the lesson's log has them. ``until`` None: it is paused now."""

    at: int
    until: int | None = None


def recording_time(wall: float, started_at: int, pauses: Sequence[Pause]) -> float:
    """Where ``wall`` (ms since the epoch) is in the recording, in ms. Moments of a pause are the moment at
    which it began; ``pauses`` are in order and do not overlap. Before the start it is negative."""
    held = 0.0
    for pause in pauses:
        if wall <= pause.at:
            break
        held += (wall if pause.until is None else min(wall, pause.until)) - pause.at
    return wall - started_at - held


def paused(wall: float, pauses: Sequence[Pause]) -> bool:
    """Whether nothing is recorded at ``wall``."""
    return any(p.at <= wall and (p.until is None or wall < p.until) for p in pauses)
