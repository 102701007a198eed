"""Handshakes over a scripted network in simulated time."""

import functools
import heapq
import itertools
import random

import pytest

from media.dtls import Certificate
from media.dtls.association import Association
from media.parameters import DtlsFingerprint
from media.srtp import AEAD_AES_128_GCM

certificate_of = functools.cache(lambda role: Certificate())


class Link:
    """A client and a server ``delay`` seconds apart. ``loses``: over the number of a datagram."""

    def __init__(self, delay=0.02, loses=lambda number: False):
        self.ends = {
            role: Association(certificate_of(role), role == "server") for role in ("client", "server")
        }
        self.now = 0.0
        self.sent = 0
        self._delay = delay
        self._loses = loses
        self._order = itertools.count()
        self._under_way = []
        self.carry("client", self.ends["client"].begin(0.0))

    def carry(self, role, datagrams):
        other = "server" if role == "client" else "client"
        for datagram in datagrams:
            if not self._loses(self.sent):
                heapq.heappush(self._under_way, (self.now + self._delay, next(self._order), other, datagram))
            self.sent += 1

    def run(self, seconds=15.0):
        """Until both are there, or the time is up; the time it took."""
        while not all(end.is_there for end in self.ends.values()):
            times = [end.wake_at for end in self.ends.values() if end.wake_at is not None]
            times += [self._under_way[0][0]] if self._under_way else []
            if not times or min(times) > seconds:
                break
            self.now = max(self.now, min(times))
            while self._under_way and self._under_way[0][0] <= self.now:
                _, _, role, datagram = heapq.heappop(self._under_way)
                self.carry(role, self.receive(role, datagram))
            for role, end in self.ends.items():
                self.carry(role, end.wake(self.now))
        return self.now

    def receive(self, role, datagram):
        end = self.ends[role]
        plain = datagram[0] == 22 and datagram[3:5] == b"\0\0"
        if role == "server" and plain and end.is_there:
            return end.repeat(self.now)
        return end.receive(datagram, self.now)

    def keys(self):
        said = {role: certificate_of(role).fingerprints for role in self.ends}
        return self.ends["server"].verify(said["client"]), self.ends["client"].verify(said["server"])


def test_both_have_the_same_keys():
    link = Link()
    assert link.run() == pytest.approx(0.08)
    server, client = link.keys()
    assert server.profile == client.profile == AEAD_AES_128_GCM
    assert (server.inbound, server.outbound) == (client.outbound, client.inbound)
    assert link.sent == 4


@pytest.mark.parametrize("lost", range(4))
def test_each_flight_may_be_lost_once(lost):
    link = Link(loses=lambda number: number == lost)
    assert link.run() < 1.0
    assert link.keys()[0].inbound == link.keys()[1].outbound


@pytest.mark.parametrize("seed", range(20))
def test_a_third_of_all_datagrams_is_lost(seed):
    rng = random.Random(seed)
    link = Link(loses=lambda _number: rng.random() < 0.33)
    link.run()
    assert all(end.is_there for end in link.ends.values())
    assert link.keys()[0].inbound == link.keys()[1].outbound


def test_waits_double_up_to_a_limit():
    link = Link(loses=lambda _number: True)
    assert link.run(15.0) < 15.0
    assert link.sent == 14
    assert link.ends["server"].wake_at is None


def test_repeats_are_bounded():
    link = Link()
    link.run()
    server = link.ends["server"]
    assert server.repeat(link.now) == [], "too soon"
    repeated = sum(bool(server.repeat(link.now + second)) for second in range(1, 100))
    assert repeated == 16


def test_a_goodbye_is_heard_once():
    link = Link()
    link.run()
    (alert,) = link.ends["client"].goodbye()
    assert link.ends["client"].goodbye() == []
    server = link.ends["server"]
    server.receive(alert, link.now)
    assert server.is_over
    assert server.receive(alert, link.now) == []


def test_noise_does_not_end_an_association():
    link = Link()
    link.run()
    server = link.ends["server"]
    rng = random.Random(3)
    for size in range(1, 200):
        body = rng.randbytes(size)
        kind = rng.choice((20, 21, 22, 23))
        head = bytes((kind, 0xFE, 0xFD)) + rng.choice((0, 1, 2)).to_bytes(2) + rng.randbytes(6)
        server.receive(head + size.to_bytes(2) + body, link.now)
        assert not server.is_over
    (alert,) = link.ends["client"].goodbye()
    server.receive(alert, link.now)
    assert server.is_over


@pytest.mark.parametrize(
    ("announced", "right"),
    [
        (lambda own: own, True),
        (lambda own: (DtlsFingerprint(own[0].algorithm, own[0].value.lower()),), True),
        (lambda own: (), False),
        (lambda own: (DtlsFingerprint("sha-1", "00:11"),), False),
        (lambda own: (*own, DtlsFingerprint("sha-1", "00:11")), True),
        (lambda own: (*own, DtlsFingerprint("sha-512", "00:11")), False),
    ],
)
def test_all_fingerprints_we_know_must_be_right(announced, right):
    link = Link()
    link.run()
    own = announced(certificate_of("client").fingerprints)
    if right:
        link.ends["server"].verify(own)
    else:
        with pytest.raises(Exception, match="not the one announced"):
            link.ends["server"].verify(own)
