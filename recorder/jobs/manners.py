"""How a job's process stays out of everybody's way, and ends with its parent."""

import contextlib
import ctypes
import os
import platform
import signal
import sys
import threading
import time

_PATIENCE = 5.0
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
_PR_SET_PDEATHSIG = 1


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


def end_with_parent(descriptor: int = 0) -> None:
    """The parent holds the other end of ``descriptor`` and writes nothing: its end means SIGTERM here."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    threading.Thread(target=_watch, args=(descriptor,), name="lifeline", daemon=True).start()


def _watch(descriptor: int) -> None:
    with contextlib.suppress(OSError):
        while os.read(descriptor, 64):
            pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_PATIENCE)
    os._exit(1)
