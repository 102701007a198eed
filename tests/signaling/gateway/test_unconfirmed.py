"""What the system tells of a connection's bytes that have not come yet."""

import asyncio
import sys

import pytest

from signaling.gateway.unconfirmed import unconfirmed
from tests.signaling.gateway.school import until


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
async def test_what_nobody_takes_is_on_its_way_until_somebody_does() -> None:
    met: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await met.put((reader, writer))

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    async with server:
        theirs, at_theirs = await asyncio.open_connection(*server.sockets[0].getsockname(), limit=1024)
        _, ours = await met.get()
        size = 32 << 20
        assert unconfirmed(ours.transport) == 0
        ours.write(bytes(size))
        await asyncio.sleep(0)
        assert 1 << 20 < unconfirmed(ours.transport) <= size
        await theirs.readexactly(size)
        await until(lambda: unconfirmed(ours.transport) == 0)
        ours.close()
        at_theirs.close()


def test_nothing_is_told_of_no_connection() -> None:
    assert unconfirmed(None) == 0
