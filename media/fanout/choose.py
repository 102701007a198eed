"""Which fanout a worker gets: the native one where it was built, else its Python twin.

``CLASSROOM_FANOUT`` (native, python, auto) decides otherwise.
"""

import logging
import os
import socket
from collections.abc import Callable

from media.fanout.native.fanout import NativeFanout
from media.fanout.native.library import Missing, load
from media.fanout.port import Fanout
from media.fanout.python import PythonFanout

_log = logging.getLogger(__name__)
VARIABLE = "CLASSROOM_FANOUT"
CHOICES = ("auto", "native", "python")
Make = Callable[[socket.socket, Callable[[], float]], Fanout]


def _available() -> dict[str, Make]:
    found: dict[str, Make] = {"python": PythonFanout}
    try:
        load()
    except Missing:
        return found
    return {"native": NativeFanout} | found


IMPLEMENTATIONS: dict[str, Make] = _available()
"""By name: those that can serve on this machine."""


def make_fanout(sock: socket.socket, clock: Callable[[], float]) -> Fanout:
    """``sock`` stays the caller's. Raises Missing when the native one is demanded and is not there."""
    wanted = os.environ.get(VARIABLE, "auto") or "auto"
    if wanted not in CHOICES:
        raise ValueError(f"{VARIABLE} must be native, python or auto, not {wanted!r}")
    if wanted == "native":
        load()
    elif wanted == "auto" and "native" not in IMPLEMENTATIONS:
        try:
            load()
        except Missing as missing:
            _log.warning("the Python fanout serves, no native one, %s", missing)
    name = "python" if wanted == "python" or "native" not in IMPLEMENTATIONS else "native"
    return IMPLEMENTATIONS[name](sock, clock)
