"""A worker with several addresses: one UDP and one TCP port serve all of them, IPv4 and IPv6."""

import itertools
import socket

import pytest

from media import control
from media.worker import WorkerSettings
from tests.media.house import house, rtp, until, video_parameters, vp8_payload

BOTH = WorkerSettings(host="::", announced_ips=("127.0.0.1", "::1"))
WAYS = [(address, tcp) for address in BOTH.announced_ips for tcp in (False, True)]


async def test_each_address_is_two_candidates_on_one_port():
    async with house(BOTH) as home:
        opened = await home.ask(control.OpenTransport("r", "t", "p", "send"), control.TransportOpened)
        candidates = opened.parameters.ice_candidates
        assert [(c.protocol, c.address) for c in candidates] == [
            ("udp", "127.0.0.1"),
            ("udp", "::1"),
            ("tcp", "127.0.0.1"),
            ("tcp", "::1"),
        ]
        assert {c.port for c in candidates} == {home.worker.port}
        assert len({c.foundation for c in candidates}) == len({c.priority for c in candidates}) == 4


@pytest.mark.parametrize(("sends", "receives"), list(itertools.product(WAYS, WAYS)))
async def test_media_passes_between_any_two_addresses(sends, receives):
    async with house(BOTH) as home:
        publisher = await home.join("send", "send", address=sends[0], tcp=sends[1])
        subscriber = await home.join("recv", "recv", address=receives[0], tcp=receives[1])
        got: list[bytes] = []
        subscriber.on_rtp = lambda packet, _arrival: got.append(packet)
        await home.produce("send", "screen", "video", video_parameters())
        await home.consume("recv", "watch", "screen")
        for number in range(20):
            packet = rtp(number, vp8_payload(number, number == 0), ssrc=1111, payload_type=96)
            publisher.send_rtp(packet)
        await until(lambda: len(got) == 20)


async def test_one_address_is_served_alone():
    """A worker on ``::1`` is not there for IPv4, one on 127.0.0.1 not for IPv6."""
    for host, other, family in (
        ("::1", "127.0.0.1", socket.AF_INET),
        ("127.0.0.1", "::1", socket.AF_INET6),
    ):
        async with house(WorkerSettings(host=host)) as home:
            await home.join("here", "send", tcp=True)
            with socket.socket(family) as probe, pytest.raises(ConnectionRefusedError):
                probe.connect((other, home.worker.port))
