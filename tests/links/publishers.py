"""What a teacher's browser sends: voice, a shared page of text, a camera in three sizes. Simulated, seeded."""

import random
from collections.abc import Callable

from msgspec import Struct

from media.congestion.allocation import Layer
from tests.links.clock import Clock

PACKET = 1_150


class Frame(Struct, eq=False):
    """``needs``: number of the picture it changes, -1: a key frame."""

    spatial: int
    number: int
    temporal: int
    size: int
    needs: int
    at: float

    @property
    def is_key(self) -> bool:
        return self.needs < 0

    @property
    def packets(self) -> int:
        return max(1, -(-self.size // PACKET))


Sink = Callable[[Frame], None]


class Meter:
    """A rate over the last seconds, as the server measures it."""

    def __init__(self, seconds: float = 3.0) -> None:
        self._seconds = seconds
        self._sums: list[tuple[float, int]] = []

    def add(self, octets: int, now: float) -> None:
        self._sums.append((now, octets))

    def rate(self, now: float) -> int:
        self._sums = [each for each in self._sums if each[0] > now - self._seconds]
        return int(sum(each[1] for each in self._sums) / self._seconds)


class Screen:
    """A page of text at 1080p, five pictures a second, three temporal layers (L1T3): typing, scrolling, turning the page,
    resting.

    The encoder keeps ``most`` octets per second by leaving pictures out, as browsers do for text. What is done on the
    screen and how large each picture is depends on the seed alone, not on who asks for key frames.
    """

    kind = "screen"
    LAYERS = (0, 2, 1, 2)

    def __init__(self, clock: Clock, sink: Sink, seed: int = 7, most: float = 312_000.0) -> None:
        self._clock = clock
        self._sink = sink
        self._random = random.Random(seed)
        self._most = most
        self._number = -1
        self._newest = [-1, -1, -1]
        """The last picture of each temporal layer."""
        self._credit = most
        self._key_wanted = True
        self._mode, self._mode_until, self._turn = "rest", 0.0, 0
        self._meters = (Meter(), Meter(), Meter())
        self.key_frames = self.octets = 0
        clock.every(0.2, self._picture)

    def ask_key_frame(self) -> None:
        self._key_wanted = True

    @property
    def layers(self) -> tuple[Layer, ...]:
        low, middle, high = (meter.rate(self._clock.now) for meter in self._meters)
        return (
            Layer(0, 0, max(low, 2_000), 1080),
            Layer(0, 1, max(low + middle, 2_250), 1080),
            Layer(0, 7, max(low + middle + high, 2_500), 1080),
        )

    def _picture(self) -> None:
        now, dice = self._clock.now, self._random
        self._credit = min(self._most, self._credit + 0.2 * self._most)
        if now >= self._mode_until:
            self._mode = dice.choices(("rest", "type", "scroll", "flip"), (4, 4, 2, 1))[0]
            self._mode_until = now + {"rest": 4.0, "type": 6.0, "scroll": 2.0, "flip": 0.2}[self._mode]
        share = dice.random()
        if self._credit < 0:
            return
        if self._key_wanted:
            self._key_wanted = False
            self.key_frames += 1
            self._send(int(130_000 + 40_000 * share), now, key=True)
        elif self._mode == "rest":
            if int(now * 5 + 0.5) % 5 == 0:
                # Simplified: a repeat while nothing moves is a base picture, so that its absence is no stall.
                self._turn = 0
                self._send(800, now)
        else:
            low, high = {"type": (1_500, 4_000), "scroll": (50_000, 110_000), "flip": (90_000, 150_000)}[
                self._mode
            ]
            self._send(int(low + (high - low) * share), now)

    def _send(self, size: int, now: float, key: bool = False) -> None:
        if key:
            self._turn = 0
        temporal = self.LAYERS[self._turn % 4]
        self._turn += 1
        self._number += 1
        self._credit -= size
        self.octets += size
        self._meters[temporal].add(size, now)
        needs = -1 if key else max(self._newest[: max(1, temporal)])
        self._newest[temporal] = self._number
        if key:
            self._newest = [self._number] * 3
        self._sink(Frame(0, self._number, temporal, size, needs, now))


class Camera:
    """Three sizes, 25 pictures a second each, one temporal layer."""

    kind = "camera"
    RATES = (19_000, 62_000, 190_000)
    HEIGHTS = (180, 360, 720)

    def __init__(self, clock: Clock, sink: Sink, seed: int = 5) -> None:
        self._clock = clock
        self._sink = sink
        self._random = random.Random(seed)
        self._numbers = [-1, -1, -1]
        self._keys = [True, True, True]
        self.key_frames = 0
        clock.every(0.04, self._picture, 0.013)

    def ask_key_frame(self, spatial: int = 0) -> None:
        self._keys[spatial] = True

    @property
    def layers(self) -> tuple[Layer, ...]:
        return tuple(Layer(index, 7, self.RATES[index], self.HEIGHTS[index]) for index in range(3))

    def _picture(self) -> None:
        for spatial, rate in enumerate(self.RATES):
            key, self._keys[spatial] = self._keys[spatial], False
            self.key_frames += key
            size = int(rate * 0.04 * (self._random.uniform(0.7, 1.3) if not key else 6))
            before = self._numbers[spatial]
            self._numbers[spatial] += 1
            self._sink(Frame(spatial, before + 1, 0, size, -1 if key else before, self._clock.now))
