"""Which fanout a worker gets."""

import socket
from collections.abc import Callable

from media.fanout.port import Fanout
from media.fanout.python import PythonFanout


def make_fanout(sock: socket.socket, clock: Callable[[], float]) -> Fanout:
    """``sock`` stays the caller's."""
    return PythonFanout(sock, clock)
