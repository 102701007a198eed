"""The emulated connection itself, in simulated time."""

from hypothesis import given
from hypothesis import strategies as st

from tests.links.link import Link, Rules, kilobits

rules = st.builds(
    Rules,
    rate=st.one_of(st.none(), st.floats(1_000, 1e7)),
    delay=st.floats(0, 1),
    queue_seconds=st.floats(0, 1),
    loss=st.floats(0, 1),
    bursts=st.floats(0, 0.2),
    reordered=st.floats(0, 1),
    jitter=st.floats(0, 0.2),
)


@given(rules, rules, st.lists(st.tuples(st.floats(0, 0.1), st.integers(20, 1500)), max_size=60))
def test_nothing_is_invented_and_everything_is_accounted_for(
    first: Rules, second: Rules, sent: list[tuple[float, int]]
) -> None:
    link: Link[int] = Link(first)
    now, got = 0.0, []
    for number, (pause, size) in enumerate(sent):
        now += pause
        if number == len(sent) // 2:
            link.change(second, now)
        link.offer(number, size, now)
        got += link.take(now)
    while (at := link.next_at()) is not None:
        assert at >= now - 1e-9 or link.take(now) is not None
        now = max(now, at) + 1e-6
        got += link.take(now)
    assert len(got) == len(set(got))
    assert len(got) + link.lost + link.overflowed == len(sent)
    assert link.waiting_octets == 0


def test_a_rate_that_changes_holds_for_what_waits() -> None:
    link: Link[int] = Link(Rules(rate=kilobits(800), delay=0.0, queue_seconds=1.0))
    for number in range(10):
        link.offer(number, 1_000, 0.0)
    assert link.take(0.0201) == [0, 1]
    link.change(Rules(rate=0.0, delay=0.0), 0.0201)
    assert link.take(5.0) == []
    link.change(Rules(rate=kilobits(8_000), delay=0.0), 5.0)
    assert link.take(5.0081) == [2, 3, 4, 5, 6, 7, 8, 9]


def test_a_queue_is_bounded() -> None:
    link: Link[int] = Link(Rules(rate=kilobits(800), queue_seconds=0.3))
    assert sum(link.offer(number, 1_000, 0.0) for number in range(100)) == 30
