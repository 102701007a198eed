"""The load client's own arithmetic: a bench is only worth its counting."""

import random

from hypothesis import given
from hypothesis import strategies as some

from tests.clients.traffic import Arrivals, Microphone, Screen, Stream, header


@given(
    start=some.integers(0, 0xFFFF),
    lost=some.sets(some.integers(1, 298)),
    twice=some.sets(some.integers(0, 299), max_size=20),
    seed=some.integers(),
)
def test_losses_are_counted_across_the_wrap(start: int, lost: set[int], twice: set[int], seed: int) -> None:
    sent = [index for index in range(300) if index not in lost]
    arrivals = [index for index in sent for _ in range(1 + (index in twice))]
    chance = random.Random(seed)
    for position in range(len(arrivals) - 3):
        if chance.random() < 0.1:
            arrivals[position], arrivals[position + 2] = arrivals[position + 2], arrivals[position]
    stream = Stream()
    for index in arrivals:
        stream.take(start + index & 0xFFFF, 100, 1.0)
    assert stream.lost == len(lost)
    assert stream.duplicates == len(arrivals) - len(sent)


def test_the_microphone_keeps_its_pace() -> None:
    microphone = Microphone(1, 100, started=5.0)
    assert len(list(microphone.packets(5.0))) == 1
    assert len(list(microphone.packets(6.0))) == 50
    assert list(microphone.packets(6.0)) == []


def test_the_screen_sends_three_hundred_packets_a_second() -> None:
    screen = Screen(1, 101, started=0.0)
    assert len(list(screen.packets(1.0 - 1e-6))) == 300


def test_streams_are_told_apart() -> None:
    arrivals = Arrivals()
    arrivals.take(header(100, 1, 0, 7) + b"x", 1.0)
    arrivals.take(header(100, 1, 0, 8) + b"x", 1.0)
    arrivals.take(b"short", 1.0)
    assert set(arrivals.streams) == {7, 8}
