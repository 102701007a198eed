"""A viewer's stills together never take more than the allowance."""

from hypothesis import given
from hypothesis import strategies as st

from signaling.gateway.stills_pace import (
    CHUNK,
    LOOK_AGAIN,
    Turns,
    chunk_size,
    share_of_line,
    time_on_the_way,
)

RATES = st.floats(0, 1e6)


@given(st.one_of(st.none(), RATES))
def test_chunks_are_small(rate: float | None) -> None:
    assert 0 < chunk_size(rate) <= CHUNK


@given(RATES, st.lists(st.floats(0, 0.5), min_size=2, max_size=80))
def test_turns_keep_the_rate(rate: float, pauses: list[float]) -> None:
    turns, now, gone, size = Turns(), 0.0, 0, chunk_size(rate)
    for pause in pauses:
        now += pause
        if wait := turns.wait("viewer", now, size, rate):
            assert 0 < wait <= LOOK_AGAIN
        else:
            gone += size
        assert gone <= now * rate + size + 1
        assert turns.wait("another", now, size, None) == 0


def test_who_waits_gets_a_turn_and_a_better_rate_counts_at_once() -> None:
    turns = Turns()
    assert turns.wait("viewer", 10.0, 1000, 1000.0) == 0
    assert turns.wait("viewer", 10.0, 1000, 1.0) == LOOK_AGAIN
    assert turns.wait("viewer", 10.2, 1000, 10_000.0) == 0


@given(RATES, RATES)
def test_a_line_leaves_something_for_stills_and_thin_ones_all_to_voices(down: float, spare: float) -> None:
    share = share_of_line(down, min(spare, down))
    if down == 0:
        assert share is None
    else:
        assert share is not None
        assert min(spare, down) <= share <= max(1.2 * down, 512)
    assert share_of_line(8_000, 0) == 512
    assert share_of_line(125_000, 0) == 150_000


def test_pictures_give_way_for_as_long_as_the_still_takes_and_not_for_ever() -> None:
    assert time_on_the_way(50_000, 100_000) == 0.7
    assert time_on_the_way(500_000, 1_000) == 2.0
