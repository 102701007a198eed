"""The rewriter never maps two packets to one number: GCM's safety depends on it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.rtp.rewrite import Rewriter

step = st.one_of(
    st.tuples(st.just("packet"), st.integers(-40, 40)),
    st.tuples(st.just("packet"), st.just(1)),
    st.tuples(st.just("jump"), st.integers(1000, 30000)),
    st.tuples(st.just("pause"), st.integers(0, 3)),
    st.tuples(st.just("switch"), st.integers(0, 3)),
    st.tuples(st.just("drop"), st.integers(1, 5)),
    st.tuples(st.just("drop"), st.just(1)),
)


@given(st.integers(1, 0x7FFF), st.integers(0, 1 << 18), st.lists(step, max_size=200))
@settings(max_examples=300)
def test_no_two_packets_share_a_number(start, first, steps):
    """Over loss, reordering, jumps, pauses, switches of source and wraps; sources number independently."""
    rewriter = Rewriter(start)
    positions = {source: first + 70000 * source for source in range(4)}
    taken: set[tuple[int, int]] = set()
    given_out: dict[int, tuple[int, int]] = {}
    source = 0
    rewriter.begin(0, positions[0])
    highest = start - 1
    for kind, value in steps:
        if kind == "packet" or kind == "jump":
            number = max(0, positions[source] + value)
            positions[source] = max(positions[source], number)
            if (source, number) in taken:
                continue
            taken.add((source, number))
            out = rewriter.rewrite(number)
            if out is None:
                continue
            assert out not in given_out, (out, given_out[out], (source, number))
            given_out[out] = (source, number)
            assert out > highest - 1000
            highest = max(highest, out)
            found = rewriter.origin(out & 0xFFFF)
            assert found is not None
            assert (found[0].source, found[1], found[2]) == (source, number, out)
        elif kind == "drop":
            positions[source] += value
            taken.add((source, positions[source]))
            rewriter.drop(positions[source], picture=True)
        elif kind == "pause":
            rewriter.end()
            assert rewriter.rewrite(positions[source]) is None
            rewriter.begin(source, positions[source] + value)
        else:
            source = value
            rewriter.begin(source, positions[source] + 1)


def test_a_number_never_given_out_has_no_origin():
    rewriter = Rewriter(10)
    assert rewriter.origin(10) is None
    rewriter.begin("a", 500)
    assert rewriter.rewrite(499) is None
    assert rewriter.rewrite(500) == 10
    assert rewriter.origin(11) is None
    assert rewriter.origin(9) is None
    found = rewriter.origin(10)
    assert found is not None
    assert found[1:] == (500, 10)


@pytest.mark.parametrize("start", [0, -1, 0x8000, 0xFFFF])
def test_sequences_start_below_half(start):
    with pytest.raises(ValueError):
        Rewriter(start)


def test_dropped_packets_leave_no_hole():
    rewriter = Rewriter(10)
    rewriter.begin("a", 500)
    rewriter.drop(500, picture=True)
    assert rewriter.rewrite(501) == 10
    rewriter.drop(502, picture=True)
    rewriter.drop(503, picture=False)
    assert rewriter.rewrite(504) == 11
    assert rewriter.current is not None
    assert rewriter.current.picture_offset == -2
    assert rewriter.rewrite(502) is None


def test_a_packet_that_was_missing_before_a_dropped_one_keeps_its_number():
    rewriter = Rewriter(10)
    rewriter.begin("a", 500)
    assert rewriter.rewrite(500) == 10
    rewriter.drop(502, picture=True)
    assert rewriter.rewrite(503) == 12
    assert rewriter.rewrite(501) == 11
    found = rewriter.origin(11)
    assert found is not None
    assert found[1] == 501
