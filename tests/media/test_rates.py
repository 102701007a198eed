"""A stream's rate by layer: the mean of the last seconds."""

from media.rates import WINDOW_SECONDS, Rates


def test_a_page_at_once_counts_by_the_mean_and_is_forgotten_after_the_window() -> None:
    rates = Rates()
    octets = [0, 0, 0, 0]
    for tenth in range(300):
        now = 100 + tenth / 10
        octets[0] += 100
        if tenth == 100:
            octets[2] += 300_000
        rates.step(tuple(octets), now)
        if tenth > 10:
            assert round(rates.values[0]) == 1_000
        if 112 < tenth < 170:
            assert rates.values[2] == 300_000 / WINDOW_SECONDS
    assert rates.values[2] == 0
    assert round(rates.total) == 1_000


def test_nothing_is_known_of_the_first_moment() -> None:
    rates = Rates()
    rates.step((5_000, 0, 0, 0), 1.0)
    assert rates.total == 0
    rates.step((15_000, 0, 0, 0), 2.0)
    assert rates.values == [10_000, 0, 0, 0]
