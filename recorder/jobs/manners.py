"""How a job's process stays out of everybody's way."""

import contextlib
import ctypes
import os
import platform
import sys

_IOPRIO_SET = {
    "x86_64": 251,
    "aarch64": 30,
    "riscv64": 30,
    "armv7l": 314,
    "i686": 289,
    "ppc64le": 273,
    "s390x": 282,
}
_IOPRIO_WHO_PROCESS = 1
_IOPRIO_IDLE = 3 << 13


def share_of(cores: set[int]) -> set[int]:
    """The cores that a job may use: the upper half, so that there are some it never touches. A thread that
    has to be woken now goes to those."""
    ordered = sorted(cores)
    return set(ordered[len(ordered) // 2 :])


ENVIRONMENT = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 31),
    "MALLOC_TOP_PAD_": str(1 << 26),
}
"""glibc keeps the memory of pictures instead of giving it back and asking for it again with each: the kernel,
clearing pages, cannot be interrupted on every system."""


def yield_to_everybody() -> int:
    """Lowest priority for processor and disk; first to go when memory runs out. As far as the system has it.
    How many cores are left to it.

    Threads that are made later inherit it: call it first.
    """
    with contextlib.suppress(OSError):
        os.nice(19)
    with contextlib.suppress(OSError, AttributeError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    number = _IOPRIO_SET.get(platform.machine())
    if sys.platform == "linux" and number is not None:
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).syscall(number, _IOPRIO_WHO_PROCESS, 0, _IOPRIO_IDLE)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")
    with contextlib.suppress(OSError, AttributeError):
        mine = share_of(os.sched_getaffinity(0))
        os.sched_setaffinity(0, mine)
        return len(mine)
    return 1
