"""A viewer's stills together never take more than the allowance."""

from hypothesis import given
from hypothesis import strategies as st

from signaling.gateway.stills_pace import (
    CHUNK,
    LOOK_AGAIN,
    Turns,
    announced,
    chunk_size,
    share_of_line,
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


@given(RATES, RATES, st.booleans())
def test_a_line_leaves_something_for_stills_and_thin_ones_all_to_voices(
    down: float, spare: float, first: bool
) -> None:
    spare = min(spare, down)
    share = share_of_line(down, spare, first)
    if down == 0:
        assert share is None
    else:
        assert share is not None
        assert 0.8 * spare <= share <= max(1.2 * down, 512)
    assert share_of_line(8_000, 0, first) == share_of_line(1, 0, first) == 512
    assert share_of_line(125_000, 0, True) == 150_000
    assert share_of_line(125_000, 0, False) == 15_000


@given(st.integers(1, 500_000), st.one_of(st.none(), RATES))
def test_the_worker_is_told_of_every_byte_once_and_a_little_ahead(size: int, rate: float | None) -> None:
    told, most = 0, 512 if rate is None else max(512, 0.4 * rate)
    while told < size:
        more = announced(size - told, rate)
        assert 0 < more <= size - told
        assert rate is None or more <= most
        told += more
