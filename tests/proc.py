"""What /proc tells of a process: processor time, memory, open files, threads."""

import ctypes
import os
import sys
from pathlib import Path

from msgspec import Struct

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


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
    """Children may not take real-time priority, as they may not under a user who is not root.

    Chromium's audio threads take it where they can. Two that spin then leave nothing of two cores, neither to the
    tests nor to what is to stop them.
    """
    drop_from_bounding_set, cap_sys_nice = 24, 23  # prctl(2), capabilities(7)
    if sys.platform == "linux" and os.geteuid() == 0:
        ctypes.CDLL(None, use_errno=True).prctl(drop_from_bounding_set, cap_sys_nice, 0, 0, 0)
