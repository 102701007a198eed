"""What a line's delay does by itself goes back and forth; a queue grows and shrinks."""

from hypothesis import given
from hypothesis import strategies as st

from media.congestion.noise import Noise


@given(st.integers(-(10**12), 10**12), st.lists(st.integers(0, 60_000), min_size=5, max_size=40))
def test_a_queue_that_grows_and_then_shrinks_is_hardly_noise(base: int, steps: list[int]) -> None:
    noise, delay = Noise(), base
    noise.add(delay)
    for sign in (1, -1):
        for step in steps:
            delay += sign * step
            noise.add(delay)
    assert noise.value <= 60_000 * 0.08


def test_back_and_forth_is_noise_of_its_own_height_and_passes() -> None:
    noise = Noise()
    for number in range(100):
        noise.add(40_000 * (number % 2))
    assert 39_000 <= noise.value <= 40_000
    for _ in range(100):
        noise.add(0)
    assert noise.value <= 100
