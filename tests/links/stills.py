"""A viewer's stills, simulated: when the screen rests a light picture and then a lossless one go over TCP, on the same
line as the lesson's packets. The gateway's own arithmetic says how fast; the worker is told ahead, as it is by the gateway."""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from signaling.gateway.stills_pace import CONFIRMED_SECONDS, UNCONFIRMED, Turns, announced, chunk_size
from tests.links.clock import Clock
from tests.links.publishers import Frame

LIGHT, FULL = 18_000, 90_000
SEGMENT = 1_400
HEADERS = 52
MOVED = 5_000
"""A picture so large shows something new."""
REST_SECONDS = 0.3


class Segment(Struct, eq=False):
    number: int
    size: int
    again: bool = False


class Line(Protocol):
    """What the connection goes over. What is lost on it is told by nobody."""

    clock: Clock

    def offer_segment(self, segment: Segment) -> None: ...
    def allowance(self, first: bool) -> float | None: ...
    def give_way(self, octets: int) -> None: ...


class Connection:
    """TCP as far as it matters: slow start, one reduction per round trip with losses (RFC 5681), retransmission."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._unsent = 0
        self._number = 0
        self._window, self._threshold = 10.0, 1e9
        self._flying: dict[int, tuple[Segment, float]] = {}
        self._again: list[Segment] = []
        self._reduced_at = -1.0
        line.clock.every(0.05, self._timers)

    @property
    def unconfirmed(self) -> int:
        flying = sum(segment.size for segment, _ in self._flying.values())
        return self._unsent + flying + sum(segment.size for segment in self._again)

    def write(self, octets: int) -> None:
        self._unsent += octets
        self._send()

    def drop_unsent(self) -> None:
        self._unsent = 0

    @property
    def is_done(self) -> bool:
        return not (self._unsent or self._flying or self._again)

    def _send(self) -> None:
        while len(self._flying) < self._window and (self._again or self._unsent):
            if self._again:
                segment = self._again.pop(0)
            else:
                segment = Segment(self._number, min(SEGMENT, self._unsent))
                self._number += 1
                self._unsent -= segment.size
            self._flying[segment.number] = segment, self._line.clock.now
            self._line.offer_segment(segment)

    def acked(self, segment: Segment) -> None:
        if self._flying.pop(segment.number, None) is None:
            return
        self._window += 1.0 if self._window < self._threshold else 1.0 / self._window
        lost = [number for number in self._flying if number < segment.number - 3]
        if lost and not segment.again:
            self._lose(lost)
        self._send()

    def _lose(self, numbers: list[int]) -> None:
        now = self._line.clock.now
        oldest = min(self._flying[number][1] for number in numbers)
        if oldest > self._reduced_at:
            self._threshold = max(2.0, 0.7 * self._window)
            self._window = self._threshold
            self._reduced_at = now
        for number in sorted(numbers):
            segment, _ = self._flying.pop(number)
            segment.again = True
            self._again.append(segment)

    def _timers(self) -> None:
        now = self._line.clock.now
        late = [number for number, (_, at) in self._flying.items() if now - at > 1.0]
        if late:
            self._lose(late)
            self._window = 2.0
            self._send()


class Stills:
    """``light``, ``full``: seconds from the rest of the screen until the picture had come, of each."""

    def __init__(self, line: Line, trip: Callable[[], float]) -> None:
        self._line = line
        self._trip = trip
        self._connection = Connection(line)
        self._turns = Turns()
        self._moved_at = 0.0
        self._number = 0
        self.light: list[float] = []
        self.full: list[float] = []

    def acked(self, segment: Segment) -> None:
        self._connection.acked(segment)

    def picture(self, frame: Frame) -> None:
        """Of the publisher's screen."""
        if frame.size < MOVED:
            return
        clock = self._line.clock
        self._moved_at = clock.now
        self._number += 1
        number = self._number
        clock.at(clock.now + REST_SECONDS, lambda: self._rests(number))

    def _rests(self, number: int) -> None:
        if number == self._number:
            clock = self._line.clock
            clock.at(clock.now + 0.15 + self._trip(), lambda: self._begin(number, LIGHT, self.light))

    def _begin(self, number: int, size: int, came: list[float]) -> None:
        if number == self._number:
            self._write(number, 0, 0, size, came)

    def _write(self, number: int, at: int, told: int, size: int, came: list[float]) -> None:
        clock, connection = self._line.clock, self._connection

        def later(seconds: float, at: int, told: int) -> None:
            clock.at(clock.now + seconds, lambda: self._write(number, at, told, size, came))

        if number != self._number:
            connection.drop_unsent()
            return
        if at >= size:
            self._finish(number, size, came)
            return
        if connection.unconfirmed > UNCONFIRMED:
            later(CONFIRMED_SECONDS, at, told)
            return
        rate = self._line.allowance(size == LIGHT)
        if at >= told:
            more = announced(size - at, rate)
            self._line.give_way(more)
            told += more
        chunk = chunk_size(rate)
        if wait := self._turns.wait("viewer", clock.now, chunk, rate):
            later(wait, at, told)
        else:
            connection.write(min(chunk, size - at))
            later(0.0, at + chunk, told)

    def _finish(self, number: int, size: int, came: list[float]) -> None:
        clock = self._line.clock
        if not self._connection.is_done:
            clock.at(clock.now + 0.01, lambda: self._finish(number, size, came))
            return
        came.append(clock.now - self._moved_at)
        if size == LIGHT:
            clock.at(clock.now + self._trip(), lambda: self._begin(number, FULL, self.full))
