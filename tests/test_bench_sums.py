"""The arithmetic of comparisons: a steady drift of the machine is not taken for an effect."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench._sums import Pair, compare, in_turns, percentile


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert percentile(range(1, 101), 0.99) == 99
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([], 0.5) != percentile([], 0.5)


def test_the_order_of_halves_alternates() -> None:
    assert list(in_turns(4)) == [(False, True), (True, False), (False, True), (True, False)]


def drifting(pairs: int, drift: float, effect: float) -> list[Pair]:
    """Each half takes ``drift`` longer than the one before, with what is tried ``effect`` times as long."""
    found, half = [], 0
    for order in in_turns(pairs):
        taken = {}
        for on in order:
            taken[on] = [(1 + drift * half) * (effect if on else 1.0)]
            half += 1
        found.append(Pair(taken[False], taken[True]))
    return found


@given(st.integers(1, 20).map(lambda half: 2 * half), st.floats(0, 0.05), st.floats(0.5, 4))
def test_a_drift_cancels(pairs: int, drift: float, effect: float) -> None:
    found = compare(drifting(pairs, drift, effect), 0.5)
    assert found.median == pytest.approx(effect, rel=drift + 1e-9)
    assert found.low <= found.median <= found.high


def test_pools_and_quartiles() -> None:
    pairs = [Pair([1.0] * 10, [ratio] * 10) for ratio in (1.0, 2.0, 3.0, 4.0, 5.0)]
    assert compare(pairs, 0.99) == (1.0, 5.0, 5.0, 2.0, 3.0, 4.0)
