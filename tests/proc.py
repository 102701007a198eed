"""What /proc tells of a process: processor time, memory, open files, threads."""

import ctypes
import os
import sys
from pathlib import Path

from msgspec import Struct

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
CAP_SYS_NICE = 23


class Usage(Struct, frozen=True):
    """``cpu``: seconds of processor time, user and system. ``rss``: bytes. ``sockets`` are among ``files``."""

    cpu: float
    rss: int
    files: int
    sockets: int
    threads: int


def usage(pid: int) -> Usage:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    targets = []
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            targets.append(os.readlink(entry))
        except OSError:
            continue
    return Usage(
        cpu=(int(fields[11]) + int(fields[12])) / TICKS,
        rss=int(fields[21]) * PAGE,
        files=len(targets),
        sockets=sum(target.startswith("socket:") for target in targets),
        threads=int(fields[17]),
    )


def without_real_time() -> None:
    """Neither this thread and those it starts, nor their children may take real-time priority: as under a user who is
    not root.

    SVT-AV1 gives the thread that opens an encoder SCHED_FIFO with the highest priority there is, where it may
    (``switch_to_real_time``), and all that is started from there inherits it. A browser that spins for a moment then
    leaves nothing of two cores to anybody, for good: neither to what it waits for nor to what is to stop it.
    """
    if sys.platform != "linux" or os.geteuid():
        return
    libc = ctypes.CDLL(None, use_errno=True)
    drop_from_bounding_set, version_3 = 24, 0x20080522  # prctl(2), capget(2)
    libc.prctl(drop_from_bounding_set, CAP_SYS_NICE, 0, 0, 0)
    header, sets = (ctypes.c_uint32 * 2)(version_3, 0), (ctypes.c_uint32 * 6)()
    if libc.capget(header, sets) == 0:
        for of_first_32 in range(3):  # effective, permitted, inheritable
            sets[of_first_32] &= ~(1 << CAP_SYS_NICE)
        libc.capset(header, sets)
