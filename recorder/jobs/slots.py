"""When a picture of the film is made: pure. Times are ms of recording time."""

SLOT_MS = 40
"""Pictures are on a grid: at most 25 a second. What happens is shown at the nearest of its moments."""
AT_LEAST_EVERY = 25
"""Slots after which the picture is repeated though nothing has changed, so that players can seek."""


def slot_of(ms: float) -> int:
    """The slot that shows what happens at ``ms``."""
    return max(0, round(ms / SLOT_MS))


def shows_until(slot: int) -> float:
    """What happens before this time is in the slot's picture."""
    return (slot + 0.5) * SLOT_MS


def next_slot(slot: int, last_shown: int, coming: list[float | None]) -> int:
    """The slot after ``slot`` at which something happens, or the picture is due again."""
    due = last_shown + AT_LEAST_EVERY
    wanted = [slot_of(ms) for ms in coming if ms is not None]
    return max(slot + 1, min([due, *wanted]))
