"""DTLS transports wired to each other on the event loop."""

import asyncio
import os

import pytest

from media import srtp
from media.dtls import Certificate, DtlsFailed, DtlsTransport
from media.dtls.suspicion import Suspicion
from media.dtls.transport import QUEUE
from media.dtls.turns import STEPS, Turns
from media.parameters import DtlsFingerprint, DtlsParameters
from media.stats import Counters
from tests.media.dtls.datagrams import hello, in_fragments, record, strange_hello
from tests.media.house import until

SERVER_HELLO, HELLO_VERIFY_REQUEST = 2, 3


async def associate(client_says=None, server_says=None, garbage=()):
    """A client and a server wired to each other; what each believes of the other may be wrong."""
    ours, theirs = Certificate(), Certificate()
    ends: dict[str, DtlsTransport] = {}
    over: list[str] = []
    ends["server"] = DtlsTransport(
        ours, "server", lambda d: ends["client"].feed(d), lambda: over.append("server"), Counters()
    )
    ends["client"] = DtlsTransport(
        theirs, "client", lambda d: ends["server"].feed(d), lambda: over.append("client"), Counters()
    )
    for data in garbage:
        ends["server"].feed(data)
    results = await asyncio.gather(
        ends["server"].run(client_says or DtlsParameters("client", theirs.fingerprints)),
        ends["client"].run(server_says or DtlsParameters("server", ours.fingerprints)),
        return_exceptions=True,
    )
    return ends, results, over


async def test_handshake_gives_both_the_same_keys_and_gcm():
    ends, (server, client), over = await associate()
    assert server.profile == client.profile == srtp.AEAD_AES_128_GCM
    assert (server.inbound, server.outbound) == (client.outbound, client.inbound)
    assert server.inbound != server.outbound
    await ends["client"].close()
    await until(lambda: over)
    assert over == ["server"], "the remote's goodbye is heard"
    await ends["server"].close()
    await ends["server"].close()


async def test_a_wrong_fingerprint_is_refused():
    stranger = DtlsParameters("client", Certificate().fingerprints)
    ends, (server, _), _ = await associate(client_says=stranger)
    assert isinstance(server, DtlsFailed)
    for end in ends.values():
        await end.close()


async def test_an_unknown_digest_is_refused():
    weak = DtlsParameters("client", (DtlsFingerprint("sha-1", "00:11"),))
    ends, (server, _), _ = await associate(client_says=weak)
    assert isinstance(server, DtlsFailed)
    for end in ends.values():
        await end.close()


async def test_garbage_hellos_do_not_kill_a_handshake():
    garbage = [hello(bytes(range(size))) for size in (0, 1, 33, 120)] + [
        b"\x16\xfe\xfd",
        bytes(60),
        b"\x16" * 40,
    ]
    ends, (server, client), _ = await associate(garbage=garbage)
    assert server.inbound == client.outbound
    for end in ends.values():
        await end.close()


class Pair:
    """A client and a server whose datagrams a test may look at, add to and withhold."""

    def __init__(self):
        self.certificates = {"server": Certificate(), "client": Certificate()}
        self.sent = {"server": [], "client": []}
        self.over = []
        self.counters = {role: Counters() for role in self.sent}
        self.ends = {role: self._end(role) for role in self.sent}

    def _end(self, role):
        other = "client" if role == "server" else "server"

        def send(data):
            self.sent[role].append(data)
            self.pass_on(other, data)

        certificate, counters = self.certificates[role], self.counters[role]
        return DtlsTransport(certificate, role, send, lambda: self.over.append(role), counters)

    def pass_on(self, role, data):
        self.ends[role].feed(data)

    def run(self, role):
        other = "client" if role == "server" else "server"
        return self.ends[role].run(DtlsParameters(other, self.certificates[other].fingerprints))

    async def connect(self):
        server, client = await asyncio.gather(self.run("server"), self.run("client"))
        assert server.inbound == client.outbound

    async def close(self):
        for end in self.ends.values():
            await end.close()


async def test_hellos_of_others_before_during_and_after():
    """From the remote's own address, well-formed: its handshake succeeds beside them."""
    pair = Pair()
    loop = asyncio.get_running_loop()
    server = loop.create_task(pair.run("server"))
    passing = pair.pass_on
    first = []
    pair.pass_on = lambda role, data: first.append(data)
    client = loop.create_task(pair.run("client"))
    await until(lambda: first)
    pair.ends["server"].feed(strange_hello(first[0], os.urandom(32)))
    await until(lambda: pair.sent["server"])
    held = []

    def pass_some_on(role, data):
        (held.append if role == "server" else lambda data: passing(role, data))(data)

    pair.sent["server"].clear()
    pair.pass_on = pass_some_on
    pair.ends["server"].feed(first[0])
    await until(lambda: held)
    pair.pass_on = lambda role, data: None
    for _ in range(3):
        pair.ends["server"].feed(strange_hello(first[0], os.urandom(32)))
    await until(lambda: not pair.ends["server"]._queue)
    pair.pass_on = passing
    passing("server", held[-1])
    assert (await server).inbound == (await client).outbound
    dropped = pair.counters["server"].dtls_dropped
    for _ in range(100):
        pair.ends["server"].feed(strange_hello(first[0], os.urandom(32)))
    assert pair.counters["server"].dtls_dropped == dropped + 100, "before OpenSSL sees them"
    assert pair.over == []
    await pair.close()


async def test_a_flood_of_hellos_is_bounded():
    pair = Pair()
    loop = asyncio.get_running_loop()
    seen = []
    pair.pass_on = lambda role, data: seen.append(data)
    client = loop.create_task(pair.run("client"))
    await until(lambda: seen)
    began = loop.time()
    server = loop.create_task(pair.run("server"))
    for _ in range(100):
        for _ in range(QUEUE):
            pair.ends["server"].feed(strange_hello(seen[0], os.urandom(32)))
        await until(lambda: not pair.ends["server"]._queue)
    seconds = loop.time() - began
    flights = [data for data in pair.sent["server"] if data[13] == SERVER_HELLO]
    assert len(flights) <= 9 + 4 * seconds
    assert len(pair.sent["server"]) - len(flights) <= 65 + 64 * seconds
    assert len(pair.ends["server"]._tries) <= 4
    await pair.close()
    for task in (server, client):
        assert isinstance((await asyncio.gather(task, return_exceptions=True))[0], DtlsFailed)


@pytest.mark.parametrize("fragments", [False, True], ids=["whole", "fragments"])
async def test_suspect_hellos_must_bring_a_cookie(fragments):
    """Nothing is made for those that do not; the remote, which answers, needs one more round trip."""
    pair = Pair()
    loop = asyncio.get_running_loop()
    for _ in range(20):
        pair.certificates["server"].suspicion.note(loop.time())
    seen = []
    passing = pair.pass_on
    pair.pass_on = lambda role, data: seen.append(data)
    client = loop.create_task(pair.run("client"))
    server = loop.create_task(pair.run("server"))
    await until(lambda: seen)
    hello_of_client = seen[0]
    for _ in range(10):
        pair.ends["server"].feed(strange_hello(hello_of_client, os.urandom(32)))
    await until(lambda: not pair.ends["server"]._queue)
    assert not pair.ends["server"]._tries

    def pass_on(role, data):
        is_hello = role == "server" and data[0] == 22 and data[13] == 1
        for datagram in in_fragments(data) if is_hello and fragments else [data]:
            passing(role, datagram)

    # The client takes the answer to somebody else's hello for one to its own, and that is good enough.
    pair.pass_on = pass_on
    passing("client", pair.sent["server"][0])
    assert (await server).inbound == (await client).outbound
    await pair.close()


async def test_a_hello_with_a_cookie_takes_the_place_of_one_without():
    pair = Pair()
    loop = asyncio.get_running_loop()
    passing = pair.pass_on
    pair.pass_on = lambda role, data: None if role == "client" else passing(role, data)
    client = loop.create_task(pair.run("client"))
    server = loop.create_task(pair.run("server"))
    await until(lambda: pair.sent["server"])
    for _ in range(20):
        pair.certificates["server"].suspicion.note(loop.time())
    count = len(pair.sent["server"])
    pair.ends["server"].feed(strange_hello(pair.sent["client"][0], os.urandom(32)))
    await until(lambda: len(pair.sent["server"]) > count)
    pair.pass_on = passing
    asked = next(data for data in pair.sent["server"] if data[13] == HELLO_VERIFY_REQUEST)
    passing("client", asked)
    assert (await server).inbound == (await client).outbound
    await pair.close()


def test_suspicion_passes():
    suspicion = Suspicion()
    assert not suspicion.is_high(0.0)
    for _ in range(3):
        suspicion.note(1.0)
    assert not suspicion.is_high(1.0)
    for _ in range(1000):
        suspicion.note(1.0)
    assert suspicion.is_high(1.0)
    assert suspicion.is_high(30.0)
    assert not suspicion.is_high(40.0)


async def test_alerts_in_plaintext_are_by_nobody():
    pair = Pair()
    passing = pair.pass_on

    def with_alert(role, data):
        passing(role, record(21, b"\2\50"))
        passing(role, data)
        passing(role, record(21, b"\1\0"))

    pair.pass_on = with_alert
    await pair.connect()
    assert pair.over == []
    await pair.close()


async def test_a_hello_in_fragments():
    pair = Pair()
    passing = pair.pass_on

    def pass_on(role, data):
        is_hello = role == "server" and data[0] == 22 and data[13] == 1
        for datagram in in_fragments(data) if is_hello else [data]:
            passing(role, datagram)

    pair.pass_on = pass_on
    await pair.connect()
    await pair.close()


async def test_an_early_hello_waits_for_the_fingerprint():
    pair = Pair()
    loop = asyncio.get_running_loop()
    client = loop.create_task(pair.run("client"))
    await until(lambda: pair.sent["client"])
    assert pair.sent["server"] == []
    server = loop.create_task(pair.run("server"))
    assert (await server).inbound == (await client).outbound
    assert len(pair.sent["client"]) == 2, "nothing had to be repeated"
    await pair.close()


async def test_a_lost_last_flight_is_repeated():
    pair = Pair()
    passing = pair.pass_on
    lost = []

    def lose(role, data):
        if role == "client" and pair.sent["server"][1:] == [data] and not lost:
            lost.append(data)
        else:
            passing(role, data)

    pair.pass_on = lose
    await pair.connect()
    assert lost
    await pair.close()


async def test_closing_ends_a_handshake():
    pair = Pair()
    server = asyncio.get_running_loop().create_task(pair.run("server"))
    await asyncio.sleep(0)
    await pair.ends["server"].close()
    assert isinstance((await asyncio.gather(server, return_exceptions=True))[0], DtlsFailed)


class Worker:
    def __init__(self, log, name, steps):
        self.log, self.name, self.left = log, name, steps

    def step(self):
        self.log.append(self.name)
        self.left -= 1
        return self.left > 0


async def test_turns_leave_the_loop_to_others():
    log = []
    turns = Turns()
    loop = asyncio.get_running_loop()
    for name in range(6):
        turns.add(Worker(log, name, 3))

    def between():
        log.append("packets")
        if len([x for x in log if x != "packets"]) < 18:
            loop.call_soon(between)

    loop.call_soon(between)
    await until(lambda: len([x for x in log if x != "packets"]) == 18)
    assert [x for x in log if x != "packets"] == [*range(6)] * 3
    runs = "".join("." if x == "packets" else "x" for x in log).split(".")
    assert max(map(len, runs)) <= STEPS
