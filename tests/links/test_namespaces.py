"""The connections between namespaces do what their rules say: TUN everywhere, ``tc netem`` where asked for and there."""

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager

import msgspec
import pytest

from tests.browser.namespaces import CLIENT_ADDRESS, SERVER_ADDRESS, Namespaces
from tests.links import netem
from tests.links.link import Rules, kilobits
from tests.links.netem import NetemLink, netem_link
from tests.links.tun import BadLink, bad_link

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")

_SINK = """
import json, socket, sys, time
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind((sys.argv[1], 4000))
print("ready", flush=True)
got = []
sock.settimeout(3)
try:
    while True:
        data = sock.recv(2000)
        if data == b"end":
            break
        got.append((time.monotonic(), int(data[:10]), float(data[10:40])))
except TimeoutError:
    pass
print(json.dumps(got))
"""
_SOURCE = """
import socket, sys, time
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
rate, seconds, size = float(sys.argv[2]), float(sys.argv[3]), 1172
start = time.monotonic()
for number in range(int(rate * seconds / (size + 28))):
    due = start + number * (size + 28) / rate
    time.sleep(max(0, due - time.monotonic()))
    sock.sendto(f"{number:10d}{time.monotonic():30.9f}".encode().ljust(size), (sys.argv[1], 4000))
time.sleep(1)
for _ in range(40):
    sock.sendto(b"end", (sys.argv[1], 4000))
"""


def stream(
    names: Namespaces, octets_per_second: float, seconds: float, *, up: bool = False
) -> list[tuple[float, int, float]]:
    """Arrival, number and time of sending of what got through."""
    here, there = (names.in_client, names.in_server) if up else (names.in_server, names.in_client)
    address = SERVER_ADDRESS if up else CLIENT_ADDRESS
    sink = subprocess.Popen([*there, sys.executable, "-c", _SINK, address], stdout=subprocess.PIPE)
    try:
        assert sink.stdout is not None
        assert sink.stdout.readline() == b"ready\n"
        command = [*here, sys.executable, "-c", _SOURCE, address, str(octets_per_second), str(seconds)]
        subprocess.run(command, check=True)
        return msgspec.json.decode(sink.stdout.read(), type=list[tuple[float, int, float]])
    finally:
        sink.kill()
        sink.wait()
        assert sink.stdout is not None
        sink.stdout.close()


def must_be_slow(link: BadLink | NetemLink) -> None:
    """At 800 kbit/s, 20 ms and a queue of 0.3 s: as much as fits, all of it delayed, the queue bounded."""
    got = stream(link.namespaces, kilobits(1600), 3)
    octets = 1200 * len(got)
    assert 0.85 * 3 * kilobits(800) <= octets <= 1.1 * 3.5 * kilobits(800)
    assert all(arrived - sent >= 0.02 for arrived, _, sent in got)
    # A late process makes a packet later, so there is no upper bound to test; order is kept.
    assert [number for _, number, _ in got] == sorted(number for _, number, _ in got)


SLOW = Rules(rate=kilobits(800), delay=0.02, queue_seconds=0.3)
Maker = Callable[..., AbstractContextManager[BadLink]]


def test_tun_keeps_rate_and_delay_and_can_be_changed() -> None:
    with bad_link(SLOW) as link:
        must_be_slow(link)
        before = link.counts()
        assert before.overflowed[0] > 0
        link.change(down=Rules())
        got = stream(link.namespaces, kilobits(1600), 1)
        assert len(got) == int(kilobits(1600) / 1200)
        assert link.counts().overflowed == before.overflowed


def test_tun_loses_each_way_by_its_own_rules() -> None:
    with bad_link(Rules(loss=0.2), Rules()) as link:
        down = stream(link.namespaces, kilobits(4800), 2)
        assert 0.7 <= len(down) / 1000 <= 0.9
        up = stream(link.namespaces, kilobits(2400), 1, up=True)
        assert len(up) == 250


def test_tun_carries_twenty_megabits() -> None:
    with bad_link(Rules(rate=kilobits(25_000), delay=0.01)) as link:
        got = stream(link.namespaces, kilobits(20_000), 2)
        assert len(got) >= 0.99 * int(2 * kilobits(20_000) / 1200)


@pytest.mark.skipif(
    not os.environ.get("CLASSROOM_TEST_NETEM"), reason="CLASSROOM_TEST_NETEM=1 tests with tc netem"
)
def test_netem_keeps_rate_and_delay() -> None:
    reason = netem.missing()
    if reason is not None:
        pytest.skip(reason)
    with netem_link(SLOW) as link:
        must_be_slow(link)


def test_rules_in_the_words_of_netem() -> None:
    assert netem.words(SLOW) == ["delay", "20.000ms", "rate", "800000bit", "limit", "25"]
    assert netem.words(Rules(loss=0.05))[:2] == ["loss", "5.000%"]
