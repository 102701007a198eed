"""A process ends when its parent is gone, however that went: a role with its supervisor, a job with the recorder.

The parent holds the other end of the child's standard input and never writes: the end of the
file means it is gone. On Linux the kernel says so too. A child that does not end by itself then is
ended.
"""

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time

PATIENCE = 5.0
"""Seconds for a clean stop once the parent is gone."""
_PR_SET_PDEATHSIG = 1


def hold(descriptor: int = 0) -> None:
    """Call once, early, in a process that was started with a pipe on ``descriptor``."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    threading.Thread(target=_watch, args=(descriptor,), name="lifeline", daemon=True).start()


def _watch(descriptor: int) -> None:
    with contextlib.suppress(OSError):
        while os.read(descriptor, 64):
            pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(PATIENCE)
    os._exit(1)
