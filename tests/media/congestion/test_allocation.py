"""What is sent within a budget."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from media.congestion.allocation import Layer, Wanted, costs, fit, ranked, useful
from media.congestion.choosing import Chooser
from media.congestion.flushing import MOST_SECONDS, flush_seconds

layers = st.lists(st.integers(0, 200_000), min_size=1, max_size=4).map(
    lambda rates: tuple(Layer(at, 7, rate, 180 << at) for at, rate in enumerate(rates))
)
streams = st.lists(
    st.builds(
        Wanted,
        id=st.uuids().map(str),
        kind=st.sampled_from(("voice", "screen", "camera")),
        layers=layers,
        area=st.integers(0, 1_000_000),
        height=st.integers(0, 1080),
        priority=st.integers(0, 2),
    ),
    max_size=8,
)
CAMERA = Wanted(
    "c", "camera", (Layer(0, 7, 19_000, 180), Layer(1, 7, 62_000, 360), Layer(2, 7, 190_000, 720))
)
SCREEN = Wanted("s", "screen", (Layer(0, 0, 25_000), Layer(0, 7, 60_000)))


@given(st.floats(0, 1e6), streams)
def test_never_more_than_the_budget_but_the_first_pictures_least(budget: float, wanted: list[Wanted]) -> None:
    chosen = fit(budget, wanted)
    spent = sum(costs(each)[chosen[each.id]] for each in ranked(wanted) if chosen[each.id] >= 0)
    order = ranked(wanted)
    least = costs(order[0])[0] if order else 0
    assert spent <= max(budget, least) + 1e-6
    for each in order:
        assert -1 <= chosen[each.id] < useful(each)


def test_text_comes_before_faces() -> None:
    assert fit(30_000, (CAMERA, SCREEN)) == {"s": 0, "c": -1}
    assert fit(50_000, (CAMERA, SCREEN)) == {"s": 0, "c": 0}
    assert fit(80_000, (CAMERA, SCREEN)) == {"s": 1, "c": 0}
    assert fit(400_000, (CAMERA, SCREEN)) == {"s": 1, "c": 2}
    assert fit(5_000, (SCREEN,)) == {"s": 0}


def test_no_larger_than_it_is_shown() -> None:
    small = Wanted("c", "camera", CAMERA.layers, height=200)
    assert fit(1e6, (small,)) == {"c": 0}


def test_up_takes_time_and_a_failed_way_up_takes_longer() -> None:
    chooser, now, ups = Chooser(), 0.0, []
    before = -1
    while now < 200:
        # There seems to be room until it is used.
        budget = 100_000.0 if before <= 0 else 40_000.0
        layer = chooser.choose(budget, (CAMERA,), now).layers["c"]
        index = -1 if layer is None else layer.spatial
        if index > before and now > 0:
            ups.append(now)
        before = index
        now += 0.1
    assert 2 <= len(ups) <= 8
    gaps = [b - a for a, b in pairwise(ups)]
    assert gaps == sorted(gaps)


def test_voice_only_and_back() -> None:
    chooser = Chooser()
    seen = []
    for tenth in range(300):
        budget = 2_000.0 if tenth < 100 else 60_000.0
        seen.append(chooser.choose(budget, (SCREEN,), tenth / 10).voice_only)
    assert seen[0] is None
    assert seen[99] == "link_down"
    assert seen[-1] is None


@given(st.floats(0, 1e8))
def test_a_queue_is_never_older_than_a_stall_may_be(rate: float) -> None:
    assert 0 < flush_seconds(rate) <= MOST_SECONDS
