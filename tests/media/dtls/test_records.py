from hypothesis import given
from hypothesis import strategies as st

from media.dtls.records import MTU, is_record, pack, read
from tests.media.dtls.datagrams import hello, message, record

RANDOM = bytes(range(32))


def test_records():
    assert is_record(hello(b"x"))
    assert is_record(hello(b"x") + hello(b"y"))
    assert not is_record(b"")
    assert not is_record(hello(b"x")[:-1])
    assert not is_record(hello(b"x") + b"z")
    assert not is_record(bytes((22, 3, 3)) + bytes(10))


def test_hellos_are_told_apart_by_their_random():
    whole = b"\xfe\xfd" + RANDOM + bytes(80)
    assert read(hello(whole)).random == RANDOM
    fragment = record(22, message(1, whole[:50], total=400))
    assert read(fragment).random == RANDOM
    assert read(record(22, message(1, whole, offset=100, total=400))).random is None
    assert read(record(22, message(16, whole))).random is None
    assert read(record(22, bytes(80), epoch=1)).random is None


def test_the_cookie_of_a_hello():
    def cookie(session: bytes, rest: bytes, total: int | None = None) -> bytes | None:
        body = b"\xfe\xfd" + RANDOM + bytes((len(session),)) + session + rest
        return read(record(22, message(1, body, total=total))).cookie

    assert cookie(b"", b"\0" + bytes(30)) == b""
    assert cookie(b"abc", b"\4cook" + bytes(30)) == b"cook"
    assert cookie(b"abc", b"\4cook", total=900) == b"cook", "in fragments"
    assert cookie(b"abc", b"") == b""
    assert cookie(b"abc", b"\xffshort") != b"cook"
    assert read(hello(b"\xfe\xfd" + RANDOM + b"\xff")).cookie == b""


def test_plaintext_may_be_a_handshake_and_nothing_else():
    assert read(record(22, message(11, b"abc") + message(16, b"de"))).is_plain_handshake
    assert not read(record(20, b"\1") + record(22, bytes(40), epoch=1)).is_plain_handshake
    for bad in (
        record(21, b"\2\50"),
        record(23, b"data"),
        record(20, b"\1\1"),
        record(24, b"heartbeat"),
        record(22, b""),
        record(22, message(99, b"abc")),
        record(22, message(1, b"abc", total=2)),
        record(22, message(1, b"abc", offset=2, total=4)),
        record(22, message(1, b"abc", total=1 << 20)),
        record(22, message(1, b"abc")[:-1]),
        record(22, message(1, b"abc")) + record(21, b"\2\50"),
    ):
        assert read(bad) is None
    assert read(record(21, bytes(26), epoch=1)) is not None


@given(st.binary(max_size=200))
def test_any_bytes(data):
    told = read(data)
    if told is not None:
        assert is_record(data)


@given(st.lists(st.integers(0, 3000), max_size=12))
def test_packing_keeps_records_whole_and_in_order(sizes):
    rows = [record(22, bytes(size), number=i) for i, size in enumerate(sizes)]
    packed = pack(b"".join(rows))
    assert b"".join(packed) == b"".join(rows)
    assert all(is_record(datagram) for datagram in packed)
    for datagram in packed:
        assert len(datagram) <= MTU or datagram in rows
