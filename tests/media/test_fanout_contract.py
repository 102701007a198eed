"""What every fanout must do. A new implementation joins ``FANOUTS`` and nothing else here changes."""

import errno
import os
import random
import socket
from collections.abc import Callable

import pytest

from media import srtp
from media.fanout import batch, system
from media.fanout.port import Fanout, LegSettings
from media.fanout.python import PythonFanout
from media.rtp import header
from media.rtp.packet import build
from tests.media.house import rtp, vp8_payload


def without_sendmmsg(sock: socket.socket) -> Fanout:
    fanout = PythonFanout(sock)
    loop = batch.LoopBatch(sock)
    fanout._batch = loop
    fanout._pointers = [srtp.ffi.cast("void *", system.address_of(p)) for p in loop.pointers]
    return fanout


class Unsegmenting:
    """A way out that does not take groups, with this error."""

    def __init__(self, code: int) -> None:
        self.code = code
        self.refused = 0

    def sendmmsg(self, fd, messages, count, flags):
        if messages[0].msg_hdr.msg_controllen:
            self.refused += 1
            system.ffi.errno = self.code
            return -1
        return system.libc.sendmmsg(fd, messages, 1, flags)


def without_segments(sock: socket.socket) -> Fanout:
    fanout = PythonFanout(sock)
    if isinstance(fanout._batch, batch.MmsgBatch):
        fanout._batch._segmenter = None
    return fanout


FANOUTS: dict[str, Callable[[socket.socket], Fanout]] = {
    "python": PythonFanout,
    "python, unsegmented": without_segments,
    "python, one by one": without_sendmmsg,
}


class Receiver:
    """A socket and the other half of a leg's SRTP."""

    def __init__(self, fanout, profile=srtp.AEAD_AES_128_GCM, *, stream=False):
        key = os.urandom(28 if profile == srtp.AEAD_AES_128_GCM else 30)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.sock.settimeout(5)
        self.session = srtp.Session(profile, key, inbound=True)
        self.outlet = fanout.outlet()
        self.outlet.set_keys(srtp.SrtpKeys(profile, key, key))
        self.frames: list[bytes] = []
        if stream:
            self.outlet.to_stream(self.frames.append)
        else:
            self.outlet.to_address(*self.sock.getsockname())
        self.is_stream = stream

    def take(self, *, rtcp=False) -> bytes:
        data = self.frames.pop(0) if self.is_stream else self.sock.recv(2048)
        buffer = srtp.ffi.new("char[]", 2048)
        view = memoryview(srtp.ffi.buffer(buffer)).cast("B")
        view[: len(data)] = data
        size = self.session.unprotect(buffer, len(data), rtcp)
        assert size > 0, size
        return bytes(view[:size])

    def nothing(self) -> bool:
        if self.is_stream:
            return not self.frames
        self.sock.setblocking(False)
        try:
            self.sock.recv(2048)
        except BlockingIOError:
            return True
        finally:
            self.sock.settimeout(5)
        return False


@pytest.fixture(params=FANOUTS)
def make(request):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.bind(("127.0.0.1", 0))
    fanout = FANOUTS[request.param](sock)
    receivers: list[Receiver] = []

    def receiver(*args, **options):
        receivers.append(Receiver(fanout, *args, **options))
        return receivers[-1]

    yield fanout, receiver
    for each in receivers:
        each.outlet.close()
        each.outlet.close()
        each.sock.close()
        each.session.close()
    fanout.close()
    sock.close()


def settings(ssrc=77, start=100, **more):
    return LegSettings(ssrc=ssrc, mid="0007", mid_id=1, transport_cc_id=5, start=start, **more)


def packet(number, payload=b"payload", *, timestamp=0, extensions=None, kept=None, numbers=None):
    raw = rtp(
        number, payload, ssrc=1, payload_type=96, timestamp=timestamp, extensions=extensions or {3: b"ab"}
    )
    read = header.parse(raw)
    assert read is not None
    return build(raw, read, number, 101, kept or {}, True, numbers)


def test_rewrites_for_every_leg(make):
    fanout, receiver = make
    source = fanout.source()
    receivers = [receiver(), receiver(srtp.AES128_CM_SHA1_80), receiver(stream=True)]
    for index, each in enumerate(receivers):
        fanout.leg(each.outlet, settings(ssrc=500 + index, start=10 * index + 1)).begin(
            source, 70000, timestamp_offset=index
        )
    for number in range(70000, 70003):
        source.forward(packet(number, b"p%d" % number, timestamp=number))
    fanout.flush()
    for index, each in enumerate(receivers):
        for step in range(3):
            data = each.take()
            read = header.parse(data)
            assert read is not None
            assert (read.ssrc, read.seq, read.timestamp) == (
                500 + index,
                10 * index + 1 + step,
                70000 + step + index,
            )
            assert read.payload_type == 101
            assert data[slice(*read.extensions[1])] == b"0007"
            assert data[slice(*read.extensions[5])] == step.to_bytes(2)
            assert data[read.payload_start :] == b"p%d" % (70000 + step)
        assert each.nothing()
    assert fanout.counters()["packets"] == 9


def test_keeps_the_publishers_extensions_in_both_forms(make):
    fanout, receiver = make
    source = fanout.source()
    each = receiver()
    fanout.leg(each.outlet, settings()).begin(source, 1)
    source.forward(packet(1, extensions={6: b"\x85"}, kept={6: 10}))
    long = bytes(range(30))
    body = bytes((9, len(long))) + long
    body += bytes(-len(body) % 4)
    raw = rtp(2, b"", ssrc=1, payload_type=96)
    raw = bytes((raw[0] | 0x10,)) + raw[1:] + bytes((0x10, 0, 0, len(body) // 4)) + body + b"tail"
    read = header.parse(raw)
    assert read is not None
    source.forward(build(raw, read, 2, 101, {9: 8}))
    fanout.flush()
    first, second = each.take(), each.take()
    one, two = header.parse(first), header.parse(second)
    assert one is not None
    assert two is not None
    assert first[slice(*one.extensions[10])] == b"\x85"
    assert second[slice(*two.extensions[8])] == long
    assert second[slice(*two.extensions[1])] == b"0007"
    assert second[slice(*two.extensions[5])] == (1).to_bytes(2)
    assert second[two.payload_start :] == b"tail"


def test_an_epoch_begins_where_it_is_told_and_ends(make):
    fanout, receiver = make
    source, other = fanout.source(), fanout.source()
    each = receiver()
    leg = fanout.leg(each.outlet, settings(start=100))
    source.forward(packet(10))
    leg.begin(source, 11)
    for number in (10, 11, 13, 12):
        source.forward(packet(number, b"%d" % number))
    leg.end()
    source.forward(packet(14))
    leg.begin(other, 500, timestamp_offset=7)
    source.forward(packet(15))
    other.forward(packet(500, b"500", timestamp=1))
    fanout.flush()
    got = [each.take() for _ in range(4)]
    heads = [header.parse(data) for data in got]
    assert [
        (head.seq, data[head.payload_start :]) for head, data in zip(heads, got, strict=True) if head
    ] == [
        (100, b"11"),
        (102, b"13"),
        (101, b"12"),
        (103, b"500"),
    ]
    assert heads[3] is not None
    assert heads[3].timestamp == 8
    assert each.nothing()


def test_resends_on_the_retransmission_stream_only(make):
    fanout, receiver = make
    source = fanout.source()
    each = receiver()
    leg = fanout.leg(each.outlet, settings(start=0x7FFE, rtx_ssrc=88, rtx_payload_type=102, rtx_start=9))
    leg.begin(source, 0)
    kept = {number: packet(number, b"%d" % number, timestamp=5) for number in range(5)}
    for each_packet in kept.values():
        source.forward(each_packet)
    found = lambda where, number: kept.get(number) if where is source else None  # noqa: E731
    assert leg.resend(0x8000, found) > 0
    assert leg.resend(0x8000, found) > 0
    assert leg.resend(0x7FFD, found) == 0, "never sent"
    assert leg.resend(0x8003, found) == 0, "not sent yet"
    fanout.flush()
    originals = [each.take() for _ in range(5)]
    assert [header.parse(data).seq for data in originals] == [0x7FFE, 0x7FFF, 0x8000, 0x8001, 0x8002]
    for step in range(2):
        data = each.take()
        head = header.parse(data)
        assert head is not None
        assert (head.ssrc, head.payload_type, head.seq, head.timestamp) == (88, 102, 9 + step, 5)
        assert data[slice(*head.extensions[5])] == (5 + step).to_bytes(2)
        assert data[head.payload_start :] == (0x8000).to_bytes(2) + b"2"
    assert fanout.counters()["retransmitted"] == 2
    assert leg.counters().packets == 5


def test_resends_from_an_epoch_that_is_over(make):
    fanout, receiver = make
    one, two = fanout.source(), fanout.source()
    each = receiver()
    leg = fanout.leg(each.outlet, settings(start=10, rtx_ssrc=88, rtx_payload_type=102))
    leg.begin(one, 100)
    one.forward(packet(100, b"old"))
    leg.begin(two, 9000)
    two.forward(packet(9000, b"new"))
    packets = {(id(one), 100): packet(100, b"old"), (id(two), 9000): packet(9000, b"new")}
    assert leg.resend(10, lambda where, number: packets.get((id(where), number))) > 0
    fanout.flush()
    each.take(), each.take()
    again = each.take()
    head = header.parse(again)
    assert head is not None
    assert again[head.payload_start :] == (10).to_bytes(2) + b"old"


def test_moves_picture_numbers(make):
    from media.rtp import vp8

    fanout, receiver = make
    source = fanout.source()
    each = receiver()
    fanout.leg(each.outlet, settings()).begin(source, 1, 0, picture_offset=1000, tl0_offset=3)
    raw = rtp(1, vp8_payload(50, True), ssrc=1, payload_type=96)
    read = header.parse(raw)
    assert read is not None
    numbers = vp8.read(raw, read.payload_start, read.payload_end)
    source.forward(build(raw, read, 1, 101, {}, True, numbers))
    fanout.flush()
    data = each.take()
    head = header.parse(data)
    assert head is not None
    moved = vp8.read(data, head.payload_start, head.payload_end)
    assert moved is not None
    assert (moved.picture, moved.tl0) == (1050, 53)


def test_many_batches_arrive_whole_and_wrap(make):
    """Batch after batch, and sequence numbers over 2^16: the roll-over counter goes along."""
    fanout, receiver = make
    source = fanout.source()
    each = receiver()
    leg = fanout.leg(each.outlet, settings(start=0x7FFF))
    leg.begin(source, 0x10000)
    number = 0x10000
    for _ in range(140):
        for _ in range(200):
            source.forward(packet(number, b""))
            number += 1
            if number % 4 == 0:
                number += 1
        fanout.flush()
        for _ in range(200):
            each.take()
    source.forward(packet(number, b"last"))
    fanout.flush()
    data = each.take()
    head = header.parse(data)
    assert head is not None
    assert 0x7FFF + number - 0x10000 > 0x10000
    assert head.seq == (0x7FFF + number - 0x10000) & 0xFFFF


def burst(make, receivers=12, packets=90) -> list[Receiver]:
    """More than a batch holds, of many sizes: whole and in order for everybody."""
    fanout, receiver = make
    source = fanout.source()
    them = [receiver() for _ in range(receivers)]
    for index, each in enumerate(them):
        each.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        fanout.leg(each.outlet, settings(ssrc=50 + index)).begin(source, 1)
    rng = random.Random(5)
    payloads = [bytes((index,)) * rng.choice((300, 300, 300, 301, 299, 40)) for index in range(packets)]
    for index, payload in enumerate(payloads):
        source.forward(packet(1 + index, payload))
        if index % 30 == 7:
            them[0].outlet.send_rtcp(bytes((0x81, 206, 0, 2)) + bytes(8))
    fanout.flush()
    for each in them:
        for index, payload in enumerate(payloads):
            data = each.take()
            head = header.parse(data)
            assert head is not None
            assert head.seq == 100 + index
            assert data[head.payload_start :] == payload
            if each is them[0] and index % 30 == 7:
                assert each.take(rtcp=True)[1] == 206
        assert each.nothing()
    assert fanout.counters()["dropped_full"] == 0
    assert fanout.counters()["packets"] == receivers * packets + 3
    return them


def test_a_burst_arrives_whole_and_in_order(make):
    burst(make)


@pytest.mark.parametrize("make", ["python"], indirect=True)
@pytest.mark.parametrize("code", [errno.EIO, errno.EMSGSIZE])
def test_a_way_out_that_takes_no_groups_gets_datagrams(make, code):
    fanout, _ = make
    segmenter = getattr(fanout._batch, "_segmenter", None)
    if segmenter is None:  # not this system's
        burst(make)
        return
    segmenter._libc = Unsegmenting(code)
    burst(make)
    assert segmenter._libc.refused > 0
    assert (fanout._batch._segmenter is None) == (code == errno.EIO)


def test_rtcp_goes_out_protected(make):
    fanout, receiver = make
    each = receiver()
    each.outlet.send_rtcp(bytes((0x81, 206, 0, 2)) + bytes(8))
    fanout.flush()
    assert each.take(rtcp=True) == bytes((0x81, 206, 0, 2)) + bytes(8)


def test_what_cannot_be_sent_is_dropped_and_counted(make):
    fanout, receiver = make
    source = fanout.source()
    each = receiver()
    leg = fanout.leg(each.outlet, settings())
    leg.begin(source, 1)
    source.forward(packet(1, bytes(2000)))
    assert fanout.counters()["dropped_too_large"] == 1
    each.outlet.to_nowhere()
    source.forward(packet(2))
    each.outlet.send_rtcp(bytes(8))
    assert fanout.counters()["dropped_nowhere"] == 2
    keyless = fanout.outlet()
    keyless.to_address("127.0.0.1", 9)
    keyless.send_rtcp(bytes(8))
    fanout.flush()
    assert not keyless.is_ready
    assert each.nothing()


def test_closed_legs_and_outlets_send_nothing(make):
    fanout, receiver = make
    source = fanout.source()
    one, two = receiver(), receiver()
    first, second = (fanout.leg(r.outlet, settings(ssrc=i + 5)) for i, r in enumerate((one, two)))
    first.begin(source, 1)
    second.begin(source, 1)
    first.close()
    first.close()
    source.forward(packet(1))
    fanout.flush()
    assert one.nothing()
    two.take()
    two.outlet.close()
    source.forward(packet(2))
    fanout.flush()
    assert two.nothing()
    second.close()


@pytest.mark.parametrize(
    "wrong", [{"mid": "1"}, {"mid_id": 15}, {"transport_cc_id": 0}, {"start": 0x8000}, {"rtx_start": 0}]
)
def test_refuses_settings_that_cannot_be(make, wrong):
    fanout, receiver = make
    with pytest.raises(ValueError):
        fanout.leg(receiver().outlet, settings()._replace(**wrong))


def test_keys_are_set_once(make):
    _, receiver = make
    each = receiver()
    with pytest.raises(ValueError):
        each.outlet.set_keys(srtp.SrtpKeys(srtp.AEAD_AES_128_GCM, bytes(28), bytes(28)))
