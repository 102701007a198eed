"""RTCP read and built; anything the network sends is read within limits."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.rtcp import compound, feedback, reports, transport_cc
from media.rtcp.reception import Reception
from media.rtcp.reports import ReportBlock, SenderInfo

u32 = st.integers(0, 0xFFFFFFFF)


def only(packet: bytes) -> compound.Part:
    (part,) = compound.split(packet)
    return part


@given(u32, u32, st.sets(st.integers(0x10000, 0x10000 + 3000), max_size=200))
def test_nack_round_trip(sender, media, wanted):
    part = only(feedback.build_nack(sender, media, sorted(wanted)))
    assert feedback.media_ssrc(part) == media
    assert feedback.parse_nack(part) == [number & 0xFFFF for number in sorted(wanted)]


def test_nack_wraps():
    part = only(feedback.build_nack(1, 2, [0xFFFE, 0xFFFF, 0x10000, 0x10005]))
    assert len(part.body) == 12
    assert feedback.parse_nack(part) == [0xFFFE, 0xFFFF, 0, 5]


@given(u32, st.integers(0, (1 << 64) - 1), u32, u32, u32)
def test_sender_report_round_trip(ssrc, ntp, timestamp, packets, octets):
    info = SenderInfo(ssrc, ntp, timestamp, packets, octets)
    parts = compound.split(reports.build_sender(info) + reports.build_cname(ssrc, "người dạy"))
    assert [part.type for part in parts] == [compound.SR, compound.SDES]
    assert reports.parse_sender(parts[0]) == info


blocks = st.lists(
    st.builds(ReportBlock, u32, st.integers(0, 255), st.integers(-0x800000, 0x7FFFFF), u32, u32, u32, u32),
    max_size=31,
)


@given(blocks)
def test_receiver_report_round_trip(given_blocks):
    assert reports.parse_blocks(only(reports.build_receiver(1, given_blocks))) == given_blocks


def test_pli_fir_and_bye():
    assert feedback.media_ssrc(only(feedback.build_pli(1, 77))) == 77
    fir = only(compound.build(compound.PSFB, feedback.FIR, bytes(8) + (9).to_bytes(4) + bytes((3, 0, 0, 0))))
    assert feedback.parse_fir(fir) == [9]
    assert reports.parse_bye(only(reports.build_bye(5))) == [5]


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data):
    for part in compound.split(data):
        read(part)


@given(st.integers(200, 207), st.integers(0, 31), st.binary(max_size=200), st.booleans())
def test_any_body_is_read_or_refused(kind, subtype, body, padded):
    packet = bytearray(compound.build(kind, subtype, body))
    if padded:
        packet[0] |= 0x20
    for part in compound.split(bytes(packet)):
        read(part)


def read(part: compound.Part) -> None:
    reports.parse_sender(part)
    reports.parse_blocks(part)
    reports.parse_bye(part)
    feedback.media_ssrc(part)
    assert len(feedback.parse_nack(part)) <= feedback.MAX_NACKED
    feedback.parse_fir(part)
    transport_cc.parse(part)


@given(
    st.integers(0, 0xFFFF),
    st.lists(st.tuples(st.booleans(), st.integers(0, 100_000)), min_size=1, max_size=400),
)
def test_transport_cc_says_every_arrival(first, packets):
    """Loss, gaps and wraps: each arrival is reported once, within a tick, in the order of time."""
    arrivals = transport_cc.Arrivals()
    now = 5_000_000
    expected: dict[int, int] = {}
    for index, (lost, wait) in enumerate(packets):
        now += wait
        if not lost:
            number = (first + index) & 0xFFFF
            arrivals.note(number, now)
            expected[number] = now
    found: dict[int, int | None] = {}
    for report in arrivals.take(1, 4242):
        assert len(report) <= 1400
        part = only(report)
        assert feedback.media_ssrc(part) == 4242
        for number, at in transport_cc.parse(part).items():
            assert found.get(number) is None, "twice"
            found[number] = at
    assert {number for number, at in found.items() if at is not None} == set(expected)
    for number, at in expected.items():
        told = found[number]
        assert told is not None
        assert abs(told - at) <= 250 + 125
    assert not arrivals.pending


def test_transport_cc_reports_go_on_where_they_stopped():
    arrivals = transport_cc.Arrivals()
    rng = random.Random(4)
    number = 65_000
    told: list[int] = []
    for _ in range(20):
        for _ in range(37):
            if rng.random() > 0.2:
                arrivals.note(number & 0xFFFF, number * 1000)
            number += 1
        for report in arrivals.take(1, 2):
            told += transport_cc.parse(only(report))
    assert len(told) >= 20 * 30
    assert len(set(told)) == len(told)
    assert all((b - a) & 0xFFFF == 1 for a, b in itertools.pairwise(told))


def test_a_late_packet_does_not_make_others_look_lost():
    arrivals = transport_cc.Arrivals()
    for number in range(10):
        if number != 5:
            arrivals.note(number, 1_000_000 + number * 1000)
    (report,) = arrivals.take(1, 2)
    assert transport_cc.parse(only(report))[5] is None
    arrivals.note(5, 1_050_000)
    arrivals.note(10, 1_051_000)
    (report,) = arrivals.take(1, 2)
    told = transport_cc.parse(only(report))
    assert list(told) == [5, 6, 7, 8, 9, 10]
    assert all(at is not None for at in told.values())
    assert abs(told[5] - 1_050_000) <= 250
    assert abs(told[6] - 1_006_000) <= 250
    assert not arrivals.pending
    assert arrivals.take(1, 2) == []
    for number in range(11, 2000):
        arrivals.note(number, 1_060_000 + number)
    arrivals.take(1, 2)
    arrivals.note(5, 2_000_000)
    assert arrivals.take(1, 2) == [], "too late to matter"


def test_transport_cc_bounds_what_a_liar_can_make_it_keep():
    arrivals = transport_cc.Arrivals()
    rng = random.Random(1)
    for index in range(20_000):
        arrivals.note(rng.randrange(65536), index)
    assert arrivals.dropped > 0
    assert len(arrivals.take(1, 2)) <= transport_cc.MAX_REPORTS
    assert not arrivals.pending


def test_reception_counts_loss():
    reception = Reception()
    assert reception.block(9, -1, -1, 0, 0, 0.0) is None
    block = reception.block(9, 0x10001, 0x10000 + 99, 90, 0, 4.0)
    assert block is not None
    assert (block.ssrc, block.highest, block.lost) == (9, 0x10000 + 99, 9)
    assert block.fraction_lost == pytest.approx(9 / 99 * 256, abs=1)
    reception.sender_report(SenderInfo(9, 0x1234_5678_9ABC_DEF0, 0, 0, 0), 4.0)
    second = reception.block(9, 0x10001, 0x10000 + 99, 90, 0, 4.5)
    assert second is not None
    assert (second.last_sr, second.delay) == (0x5678_9ABC, 32768)
    assert second.fraction_lost == 0
