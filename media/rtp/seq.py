"""Sequence numbers that wrap at 2^16 (RFC 3550 §A.1) and their unwrapped form."""

HALF = 0x8000
MASK = 0xFFFF


def is_newer(a: int, b: int) -> bool:
    """Whether 16-bit ``a`` comes after ``b``; exactly half the circle away counts as older."""
    return 0 < ((a - b) & MASK) < HALF


def difference(a: int, b: int) -> int:
    """Signed distance from ``b`` to ``a``, in [-0x8000, 0x7FFF]."""
    return ((a - b + HALF) & MASK) - HALF


def unwrap(seq: int, near: int) -> int:
    """The number congruent to 16-bit ``seq`` that is nearest to the unwrapped ``near``."""
    return near + ((seq - near + HALF) & MASK) - HALF


class Unwrapper:
    """Unwraps a stream of 16-bit numbers. The first one is put one circle up, so that none is negative."""

    __slots__ = ("highest",)

    def __init__(self) -> None:
        self.highest: int | None = None

    def unwrap(self, seq: int) -> int:
        highest = self.highest
        if highest is None:
            self.highest = seq + 0x10000
            return self.highest
        value = highest + ((seq - highest + HALF) & MASK) - HALF
        if value > highest:
            self.highest = value
        return value
