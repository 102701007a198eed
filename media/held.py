"""What a tap last sent, kept for a reader that is killed and comes back: bounded in time and bytes."""

from collections import deque
from collections.abc import Iterator

SECONDS = 10.0
"""Covers what a reader had not written yet, its restart, and the gateway's round of requests."""
MOST_BYTES = 48 << 20
"""Of all taps of a worker together: ten lessons of 3 Mbit/s for the whole time."""
_OVERHEAD = 120
"""Of a frame in memory, beside its packet."""
_NS = int(SECONDS * 1e9)
HeldFrame = tuple[int, int, bytes]
"""(kind, arrival in ns since the epoch, packet)"""


class Budget:
    """Shared by the taps of a worker. ``dropped``: frames let go before their time."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self.most = most
        self.bytes = 0
        self.dropped = 0


class Held:
    """One tap's newest frames, oldest first."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._frames: deque[HeldFrame] = deque()

    def add(self, kind: int, wall_ns: int, packet: bytes) -> None:
        frames, budget = self._frames, self._budget
        frames.append((kind, wall_ns, packet))
        budget.bytes += len(packet) + _OVERHEAD
        oldest = wall_ns - _NS
        while frames and frames[0][1] < oldest:
            self._drop()
        while frames and budget.bytes > budget.most:
            budget.dropped += 1
            self._drop()

    def newest(self, now_ns: int) -> Iterator[HeldFrame]:
        """Those of the last SECONDS."""
        oldest = now_ns - _NS
        return (frame for frame in list(self._frames) if frame[1] >= oldest)

    def clear(self) -> None:
        while self._frames:
            self._drop()

    def _drop(self) -> None:
        self._budget.bytes -= len(self._frames.popleft()[2]) + _OVERHEAD
