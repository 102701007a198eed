"""Which encodings of a producer somebody takes, so that its publisher need not send the others. Pure."""

from collections.abc import Sequence

OFF_SECONDS = 2.0
"""Not wanted for so long: may rest. Wanted ones are told at once."""


class Wanted:
    """``told``: what the publisher was told last; a new producer sends everything. Times are seconds, monotonic."""

    def __init__(self, count: int, now: float) -> None:
        self.told = (True,) * count
        self._wanted_at = [now] * count

    def step(self, wanted: Sequence[bool], now: float) -> tuple[bool, ...] | None:
        """What to tell now, or None: nothing new."""
        for index, each in enumerate(wanted):
            if each:
                self._wanted_at[index] = now
        state = tuple(
            each or (told and now - at < OFF_SECONDS)
            for each, told, at in zip(wanted, self.told, self._wanted_at, strict=True)
        )
        if state == self.told:
            return None
        self.told = state
        return state


def wanted_encodings(tops: Sequence[int], taken: Sequence[int], arriving: Sequence[bool]) -> list[bool]:
    """``tops``: the encoding each subscriber should be on; ``taken``: those that some take now.

    Where one that should be there does not arrive (the publisher's line may not carry it), those below are wanted too.
    """
    wanted = [False] * len(arriving)
    for index in taken:
        wanted[index] = True
    for top in tops:
        for index in range(top, -1, -1):
            wanted[index] = True
            if arriving[index]:
                break
    return wanted
