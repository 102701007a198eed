"""When what is written is made to stay written: often enough that a power loss costs little, and never so
often that a slow disk does nothing else."""

import time
from collections.abc import Iterable

from recorder.disk import Disk
from recorder.recording import Recording

EVERY_MS = 500.0
REST = 5.0
"""From one to the next, so many times as long as the last took: a fifth of the disk's thread at most."""


class Syncing:
    """``cost_ms``: of the last one; all recordings together."""

    def __init__(self, disk: Disk) -> None:
        self.cost_ms = 0.0
        self.done = 0
        self._disk = disk
        self._under_way = False
        self._last = float("-inf")
        self._begun = 0.0

    def tick(self, wall: float, recordings: Iterable[Recording]) -> None:
        """Starts one when it is due, and none while the last is under way or the disk is behind."""
        if self._under_way or wall - self._last < max(EVERY_MS, REST * self.cost_ms):
            return
        if self._disk.queued > self._disk.queue_bytes:
            return
        self._last = wall
        self._under_way = True
        self._disk.put(self._begin, 0)
        for recording in recordings:
            recording.sync()
        self._disk.put(self._end, 0)

    def _begin(self) -> None:
        self._begun = time.monotonic()

    def _end(self) -> None:
        self.cost_ms = (time.monotonic() - self._begun) * 1000
        self.done += 1
        self._under_way = False
