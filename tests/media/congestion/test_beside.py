"""What goes over the same line by another way is no sign against it, and no licence to fill it."""

from hypothesis import given
from hypothesis import strategies as st

from media.congestion.beside import MOST_SECONDS, THIN, Beside
from media.congestion.digest import Digest
from media.congestion.estimator import Estimator

RATE = 100_000.0


@given(st.lists(st.tuples(st.integers(0, 200_000), st.integers(0, 12_000)), max_size=60))
def test_no_more_counts_as_carried_than_was_told_or_the_line_takes(steps: list[tuple[int, int]]) -> None:
    beside, told, carried = Beside(), 0, 0
    for number, (octets, received) in enumerate(steps):
        now = number / 10
        beside.tell(octets, RATE, 0.05, now)
        told += octets
        moved = beside.carried(RATE, received, 0.1)
        assert 0 <= moved <= max(0.0, RATE * 0.1 - received)
        carried += moved
        assert carried <= told
        assert not beside.is_busy(now + MOST_SECONDS + 0.3)


def test_a_trickle_and_a_thin_line_are_judged_as_ever() -> None:
    trickle, thin = Beside(), Beside()
    trickle.tell(5_000, RATE, 0.05, 0.0)
    thin.tell(50_000, THIN, 0.05, 0.0)
    assert not trickle.is_busy(0.0)
    assert not thin.is_busy(0.0)


def queue(estimator: Estimator, now: float, delay_ms: int, octets: int, sent: int = 0) -> None:
    delay = 1000 * delay_ms
    arrived = int(now * 1e6)
    estimator.heard(
        Digest(
            acked_packets=octets // 1000,
            acked_octets=octets,
            sent_octets=sent or octets,
            delay_min_us=delay,
            delay_mean_us=delay,
            delay_last_us=delay,
            delay_max_us=delay,
            arrived_us=arrived,
            rtt_us=50_000,
        ),
        now,
    )


def test_a_queue_while_a_still_is_on_its_way_lowers_nothing() -> None:
    def lowered(tell: bool) -> float:
        estimator = Estimator()
        for tick in range(10):
            queue(estimator, tick / 10, 20, 8_000)
        estimator.hold_at(RATE, 1.0)
        for tick in range(20, 26):
            now = tick / 10
            if tell:
                estimator.beside(10_000, now)
            queue(estimator, now, 200, 2_000)
        return estimator.rate

    assert lowered(tell=False) < 0.9 * RATE
    assert lowered(tell=True) == 0.95 * RATE


def test_a_still_that_fills_a_line_of_which_nothing_was_known_tells_how_thin_it_is() -> None:
    """A line that became thin a moment ago: else the next picture and the next still would stand in its queue."""
    estimator = Estimator()
    for tick in range(10):
        queue(estimator, tick / 10, 20, 3_000)
    assert not estimator.held
    for tick in range(10, 15):
        estimator.beside(16_000, tick / 10)
        queue(estimator, tick / 10, 200, 3_000)
    assert estimator.held


def test_the_rate_of_a_burst_is_that_of_the_time_in_which_it_came() -> None:
    """Idle for half a second before: the mean of 0.6 s says a third of what the line carries."""
    estimator = Estimator()
    for tick in range(30):
        queue(estimator, tick / 10, 20, 1_000)
    estimator.hold_at(2 * RATE, 3.0)
    for tick in range(36, 40):
        queue(estimator, tick / 10, 150, 10_000, 20_000)
        if estimator.rate < RATE:
            break
    assert 0.8 * RATE <= estimator.rate <= 0.9 * RATE
