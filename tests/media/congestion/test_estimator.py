"""The estimate is always a number within bounds, whatever a browser reports."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from media.congestion.allocation import Layer, Wanted
from media.congestion.digest import Digest
from media.congestion.estimator import CEILING, FLOOR
from media.congestion.subscriber import Subscriber

count = st.one_of(st.integers(0, 50), st.integers(0, 1 << 40))
delay = st.one_of(st.integers(-10_000, 400_000), st.integers(-(1 << 62), 1 << 62))
digests = st.builds(
    Digest,
    acked_packets=count,
    acked_octets=count,
    lost_packets=count,
    sent_octets=count,
    voice_octets=count,
    delay_min_us=delay,
    delay_mean_us=delay,
    delay_last_us=delay,
    delay_max_us=delay,
    rtt_us=count,
    queued_octets=count,
    queue_delay_us=count,
)
SCREEN = Wanted("s", "screen", (Layer(0, 0, 20_000), Layer(0, 7, 60_000)))


@settings(max_examples=150)
@given(st.lists(st.tuples(st.one_of(st.none(), digests), st.floats(0, 3)), max_size=80))
def test_any_digests(steps: list[tuple[Digest | None, float]]) -> None:
    subscriber, now = Subscriber(), 100.0
    for digest, pause in steps:
        now += pause
        decision = subscriber.step(digest, (SCREEN,), now)
        estimator = subscriber.control.estimator
        assert FLOOR <= estimator.rate <= CEILING
        assert math.isfinite(estimator.acked_rate)
        assert 0 <= estimator.loss.own <= 1
        if decision.pace is not None:
            assert 0 <= decision.pace.octets_per_second <= CEILING
            assert 0 <= decision.pace.flush_seconds <= 4
        if decision.probe is not None:
            assert 0 < decision.probe.octets_per_second <= 2 * CEILING
            assert 0 < decision.probe.seconds <= 10
        assert set(subscriber.allocation.layers) == {"s"}
