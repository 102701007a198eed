"""Which fanout a worker gets."""

import socket
from collections.abc import Callable

from media.fanout.port import Fanout
from media.fanout.python import PythonFanout

Make = Callable[[socket.socket, Callable[[], float]], Fanout]
IMPLEMENTATIONS: dict[str, Make] = {"python": PythonFanout}
"""By name: those that can serve on this machine."""


def make_fanout(sock: socket.socket, clock: Callable[[], float]) -> Fanout:
    """``sock`` stays the caller's."""
    return IMPLEMENTATIONS["python"](sock, clock)
