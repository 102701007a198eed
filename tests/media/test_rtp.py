"""RTP headers, key frames, and the packets made for subscribers."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.rtp import header, keyframe, seq, vp8
from media.rtp.header import is_rtcp
from media.rtp.history import History
from media.rtp.packet import build
from tests.media.house import rtp, vp8_payload

extensions = st.dictionaries(st.integers(1, 14), st.binary(min_size=1, max_size=16), max_size=5)


@given(
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.integers(0, 127),
    st.booleans(),
    extensions,
    st.binary(max_size=40),
)
def test_header_round_trip(number, timestamp, ssrc, payload_type, marker, elements, payload):
    packet = rtp(
        number,
        payload,
        ssrc=ssrc,
        payload_type=payload_type,
        timestamp=timestamp,
        marker=marker,
        extensions=elements,
    )
    read = header.parse(packet)
    assert read is not None
    assert (read.seq, read.timestamp, read.ssrc) == (number, timestamp, ssrc)
    assert (read.payload_type, read.marker) == (payload_type, marker)
    assert {i: packet[a:b] for i, (a, b) in read.extensions.items()} == elements
    assert packet[read.payload_start : read.payload_end] == payload


@given(st.binary(max_size=120))
def test_any_bytes_are_read_or_refused(data):
    read = header.parse(data)
    if read is not None:
        assert 12 <= read.payload_start <= read.payload_end <= len(data)
        assert all(a <= b <= read.payload_start for a, b in read.extensions.values())


@given(st.binary(min_size=0, max_size=60), st.integers(0, 15), st.booleans(), st.booleans(), st.booleans())
def test_damaged_headers(tail, csrcs, extended, padded, two_byte):
    first = 0x80 | csrcs | extended << 4 | padded << 5
    packet = struct.pack("!BBHII", first, 96, 1, 2, 3) + bytes(4 * csrcs)
    packet += struct.pack("!HH", 0x1000 if two_byte else 0xBEDE, 3) + tail
    read = header.parse(packet)
    if read is not None:
        assert read.payload_end <= len(packet)
        build(packet, read, 70000, 101, dict.fromkeys(range(1, 256), 8))


@given(extensions, st.binary(max_size=50), st.integers(0, 4))
def test_a_packet_keeps_what_subscribers_need(elements, payload, csrcs):
    ids = {i: i for i in (3, 7, 9)}
    packet = bytearray(
        rtp(7, payload, ssrc=5, payload_type=96, timestamp=9, extensions=elements or {1: b"x"})
    )
    packet[0] |= csrcs
    packet[12:12] = bytes(4 * csrcs)
    read = header.parse(bytes(packet))
    assert read is not None
    made = build(bytes(packet), read, 65543, 101, ids, ssrc=5)
    again = header.parse(made.template)
    assert again is not None
    assert (again.seq, again.timestamp, again.ssrc, again.payload_type) == (7, 9, 5, 101)
    assert made.template[again.payload_start : again.payload_end] == payload
    assert again.payload_start == made.payload_start
    assert {i: made.template[a:b] for i, (a, b) in again.extensions.items()} == {
        i: data for i, data in elements.items() if i in ids
    }


def test_a_long_extension_takes_the_two_byte_form():
    data = bytes(range(40))
    body = bytes((8, len(data))) + data
    body += bytes(-len(body) % 4)
    packet = struct.pack("!BBHIIHH", 0x90, 96, 1, 2, 3, 0x1000, len(body) // 4) + body + b"payload"
    read = header.parse(packet)
    assert read is not None
    made = build(packet, read, 1, 101, {8: 8})
    assert made.two_byte
    again = header.parse(made.template)
    assert again is not None
    assert made.template[slice(*again.extensions[8])] == data
    assert made.template[again.payload_start :] == b"payload"


VP9_KEY, VP9_DELTA = bytes((0x8C, 0x81, 0x00, 0x00)), bytes((0xCC, 0x81, 0x00, 0x00))


@pytest.mark.parametrize(
    ("codec", "payload", "begins"),
    [
        ("video/VP8", vp8_payload(1, True), True),
        ("video/VP8", vp8_payload(1, False), False),
        ("video/VP8", bytes((0x80, 0xE0, 0x80, 1, 1, 0x20, 0)), False),
        ("video/VP8", bytes((0x10, 0x00)), True),
        ("video/VP8", bytes((0x11, 0x00)), False),
        ("video/VP9", VP9_KEY, True),
        ("video/VP9", VP9_DELTA, False),
        ("video/VP9", bytes((0x84, 0x81, 0x00)), False),
        ("video/VP9", bytes((0xAC, 0x81, 0x00, 0x02)), False),
        ("video/VP9", bytes((0xAC, 0x81, 0x00, 0x00)), True),
        ("video/H264", bytes((0x67, 0x42)), True),
        ("video/H264", bytes((0x65, 0x88)), True),
        ("video/H264", bytes((0x41, 0x9A)), False),
        ("video/H264", bytes((0x78, 0, 2, 0x09, 0x10, 0, 2, 0x67, 0x42)), True),
        ("video/H264", bytes((0x78, 0, 2, 0x41, 0x10)), False),
        ("video/H264", bytes((0x7C, 0x85, 0x00)), True),
        ("video/H264", bytes((0x7C, 0x05, 0x00)), False),
        ("video/AV1", bytes((0x18, 0x0A)), True),
        ("video/AV1", bytes((0x10, 0x0A)), False),
        ("video/AV1", bytes((0x98, 0x0A)), False),
        ("audio/opus", b"", True),
    ],
)
def test_key_frames(codec, payload, begins):
    packet = bytes(12) + payload
    assert keyframe.test_for(codec)(packet, 12, len(packet)) is begins


@given(st.binary(max_size=30), st.sampled_from(sorted(keyframe.TESTS)))
def test_key_frame_tests_read_no_further_than_the_payload(payload, codec):
    packet = bytes(12) + payload
    assert keyframe.TESTS[codec](packet, 12, len(packet)) in (True, False)
    vp8.read(packet, 12, len(packet))


@given(st.integers(0, 0x7FFF), st.integers(-0x8000, 0x8000), st.integers(-300, 300))
def test_picture_numbers_move(picture, by, tl0_by):
    packet = bytearray(12) + vp8_payload(picture, True)
    numbers = vp8.read(bytes(packet), 12, len(packet))
    assert numbers is not None
    assert numbers.picture == picture
    vp8.write(packet, 12, numbers, by, tl0_by)
    moved = vp8.read(bytes(packet), 12, len(packet))
    assert moved is not None
    assert moved.picture == (picture + by) & 0x7FFF
    assert moved.tl0 == (numbers.tl0 + tl0_by) & 0xFF


@given(st.integers(0, 0xFFFF), st.lists(st.integers(-0x7FFF, 0x7FFF), max_size=50))
def test_unwrapping_follows_the_stream(start, steps):
    unwrapper = seq.Unwrapper()
    true = start + 0x10000
    highest = true
    assert unwrapper.unwrap(start) == true
    for step in steps:
        number = highest + step
        assert unwrapper.unwrap(number & 0xFFFF) == number
        assert seq.is_newer(number & 0xFFFF, highest & 0xFFFF) == (step > 0)
        assert seq.difference(number & 0xFFFF, highest & 0xFFFF) == step
        highest = max(highest, number)


def test_history_knows_doubles_and_forgets_the_old():
    history = History(8)
    assert history.mark(100)
    assert not history.mark(100)
    assert history.mark(108)
    assert not history.mark(100), "older than the ring: cannot be told from a double"
    with pytest.raises(ValueError):
        History(6)


@given(st.lists(st.tuples(st.integers(1, 20), st.booleans()), max_size=60))
def test_a_history_lets_go_of_packets_but_not_of_their_numbers(steps):
    history, number, dropped, kept = History(64), 0x10000, 0, []
    for step, drops in steps:
        number += step
        raw = rtp(number, b"x", ssrc=1, payload_type=96)
        read = header.parse(raw)
        assert read is not None
        assert history.mark(number)
        history.keep(build(raw, read, number, 101, {}))
        kept.append(number)
        if drops:
            dropped = number - 5
            history.drop_before(dropped)
    for each in kept:
        assert not history.mark(each)
    fresh = {each for each in kept if each >= dropped and number - each < 64}
    assert {each for each in kept if history.get(each) is not None} <= {
        each for each in kept if each >= dropped
    }
    held = [packet for packet in history._packets if packet is not None]
    assert all(packet.seq >= dropped for packet in held)
    assert fresh <= {packet.seq for packet in held}


@pytest.mark.parametrize(
    ("byte", "expected"), [(191, False), (192, True), (200, True), (223, True), (224, False)]
)
def test_rtcp_is_told_from_rtp(byte, expected):
    assert is_rtcp(byte) is expected
