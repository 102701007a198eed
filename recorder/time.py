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


class RecordingClock:
    """``recording_time`` of one recording, quick for the times of now."""

    def __init__(self, started_at: int, pauses: Sequence[Pause] = ()) -> None:
        self.started_at = started_at
        self.set_pauses(pauses)

    def set_pauses(self, pauses: Sequence[Pause]) -> None:
        self.pauses = tuple(pauses)
        last = self.pauses[-1] if self.pauses else None
        self.paused = last is not None and last.until is None
        """Now, as far as is known."""
        self._since = float("-inf") if last is None else float("inf") if last.until is None else last.until
        self._zero = self.started_at + sum((p.until or p.at) - p.at for p in self.pauses)

    def time(self, wall: float) -> float:
        if wall >= self._since:
            return wall - self._zero
        return recording_time(wall, self.started_at, self.pauses)

    def recorded(self, wall: float) -> bool:
        """Whether what happened at ``wall`` belongs into the recording."""
        return wall >= self._since or not paused(wall, self.pauses)
