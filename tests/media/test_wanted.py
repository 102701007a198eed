"""Which encodings a publisher is asked for."""

import pytest

from media import control, layers
from media.wanted import OFF_SECONDS, Wanted, wanted_encodings
from tests.media.house import house, until, video_parameters
from tests.media.test_loopback import layer_packet, simulcast


@pytest.mark.parametrize(
    ("tops", "taken", "arriving", "wanted"),
    [
        ([], [], [True, True, True], [False, False, False]),
        ([2], [], [True, True, True], [False, False, True]),
        ([2, 0], [], [True, True, True], [True, False, True]),
        ([2], [1], [True, True, True], [False, True, True]),
        ([2], [], [True, False, False], [True, True, True]),
        ([2], [], [True, True, False], [False, True, True]),
        ([0], [], [False, False, False], [True, False, False]),
    ],
)
def test_what_is_wanted(tops, taken, arriving, wanted):
    assert wanted_encodings(tops, taken, arriving) == wanted


def test_on_is_told_at_once_and_off_after_a_while():
    rule = Wanted(2, 0.0)
    assert rule.step([True, True], 0.1) is None
    assert rule.step([True, False], 0.2) is None
    assert rule.step([True, False], 0.1 + OFF_SECONDS) == (True, False)
    assert rule.step([True, False], 9.0) is None
    assert rule.step([True, True], 9.1) == (True, True)


@pytest.mark.parametrize(("width", "fits"), [(100, 0), (213, 0), (320, 1), (426, 1), (500, 2), (1920, 2)])
def test_the_encoding_that_fits(width, fits):
    assert layers.fitting(width, 3) == fits


def told(home, producer: str) -> list[tuple[bool, ...]]:
    return [n.layers for n in home.notices if isinstance(n, control.LayersWanted) and n.producer == producer]


async def test_a_publisher_hears_what_nobody_takes():
    async with house() as home:
        teacher = await home.join("t", "send")
        await home.join("s", "recv")
        await home.produce("t", "camera", "video", simulcast())
        await home.produce("t", "screen", "video", video_parameters(mid="7"))
        await home.consume("s", "c", "camera")
        await home.ask(control.PreferConsumer("c", 160, 90), control.Done)
        numbers = iter(range(100_000))

        def small_is_enough() -> bool:
            number = next(numbers)
            teacher.send_rtp(layer_packet("r0", number, key=number % 20 == 0))
            return (True, False) in told(home, "camera") and (False,) in told(home, "screen")

        await until(small_is_enough)
        await home.ask(control.PreferConsumer("c", 1600, 900), control.Done)
        await until(lambda: told(home, "camera")[-1] == (True, True))
        await home.ask(control.PauseConsumer("c"), control.Done)
        await until(lambda: told(home, "camera")[-1] == (False, False))
        refused = await home.worker.handle(control.PreferConsumer("c", 0, 5))
        assert isinstance(refused, control.Failed)
