"""Recording time: pauses are no part of it."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from recorder.time import Pause, paused, recording_time

START = 1_700_000_000_000
PAUSES = (Pause(START + 1_000, START + 3_000), Pause(START + 5_000))


def test_time_stands_still_in_a_pause() -> None:
    times = [
        recording_time(START + ms, START, PAUSES) for ms in (-10, 0, 1_000, 2_000, 3_000, 4_000, 5_000, 9_000)
    ]
    assert times == [-10, 0, 1_000, 1_000, 1_000, 2_000, 3_000, 3_000]
    assert [paused(START + ms, PAUSES) for ms in (999, 1_000, 2_999, 3_000, 5_000)] == [
        False,
        True,
        True,
        False,
        True,
    ]


@given(st.lists(st.integers(0, 10**7), unique=True, max_size=12).map(sorted), st.lists(st.integers(0, 10**7)))
def test_it_never_runs_backwards_nor_faster_than_the_clock(edges: list[int], moments: list[int]) -> None:
    ends: list[int | None] = [START + end for end in edges[1::2]]
    starts = [START + at for at in edges[::2]]
    pauses = [Pause(at, end) for at, end in zip(starts, [*ends, None], strict=False)]
    walls = sorted(moments)
    times = [recording_time(START + wall, START, pauses) for wall in walls]
    for (a, b), (x, y) in zip(itertools.pairwise(walls), itertools.pairwise(times), strict=True):
        assert 0 <= y - x <= b - a
