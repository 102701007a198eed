"""How much of what was written to a connection is still on its way, as far as the system tells."""

import array
import asyncio
import fcntl
import sys
import termios

_IS_TOLD = sys.platform == "linux"


def unconfirmed(transport: asyncio.Transport | None) -> int:
    """Bytes that were written and of which the other end has not said that they came; 0 where it is not told.

    Behind a proxy the other end is that.
    """
    if transport is None:
        return 0
    waiting = transport.get_write_buffer_size()
    connection = transport.get_extra_info("socket")
    if connection is None or not _IS_TOLD:
        return waiting
    octets = array.array("i", [0])
    try:
        # SIOCOUTQ of tcp(7): sent and not acknowledged, or not sent yet.
        fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, octets)
    except OSError:
        return waiting
    return waiting + octets[0]
