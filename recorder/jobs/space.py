"""The disk's last megabytes belong to lessons that are being recorded."""

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path

from recorder.disk import LEAST_FREE
from recorder.jobs.report import JobError

MARGIN = 64 << 20
"""Bytes that a job leaves beyond what stops a recording."""
_EVERY = 1.0


class SpaceGuard:
    """``check`` is cheap: it looks once a second."""

    def __init__(
        self,
        directory: Path,
        least: int = LEAST_FREE + MARGIN,
        *,
        free: Callable[[Path], int] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._directory = directory
        self._least = least
        self._free = _free if free is None else free
        self._clock = clock
        self._next = float("-inf")

    def check(self) -> None:
        """Raises JobError(disk_full)."""
        now = self._clock()
        if now < self._next:
            return
        self._next = now + _EVERY
        if self._free(self._directory) < self._least:
            raise JobError("disk_full", "too little space is left on the disk")


def as_job_error(error: OSError) -> JobError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return JobError("disk_full" if full else "failed", error.strerror or str(error))


def _free(directory: Path) -> int:
    found = os.statvfs(directory)
    return found.f_bavail * found.f_frsize
