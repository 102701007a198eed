"""What is sent to one subscriber, over time: down at once, up when there has been room for a while. Pure."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from media.congestion.allocation import Layer, Wanted, fit, needed, useful

LEAST_PICTURE = 10_000
"""Octets per second beside voice, below which no picture is worth its delay to the voice: 80 kbit/s."""
_AMPLE = 1.4
_STARVED_SECONDS = 3.0
_FED_SECONDS = 1.5
_UP_SECONDS = 2.0
_MORE_PICTURES_SECONDS = 0.5
_DOWN_SECONDS = 0.4
_ROOM = 0.85
"""Share of the budget within which something new must fit."""
_EASE = 0.9
"""What is sent already may cost this much more than new things before it is given up."""
_THIN_SECONDS = 1.2
_FAILED_SECONDS = 10.0
"""A way up that is taken back within this was a mistake, and the next try waits twice as long."""
_FIRST_BACKOFF, _MOST_BACKOFF = 4.0, 60.0

Reason = Literal["link_down"]
"""Why there is no picture: the subscriber's own way down cannot carry one."""


class Allocation(Struct, frozen=True):
    """``layers``: of every picture wanted, None: nothing of it. ``voice_only``: no picture is sent, and why.
    ``needed``: octets per second of every picture at its best. Compare by ``==`` to see whether anything changed."""

    layers: dict[str, Layer | None]
    voice_only: Reason | None
    needed: int


class Backoff:
    """How long to wait before something that failed is tried again."""

    __slots__ = ("_seconds", "_until", "_up_at")

    def __init__(self) -> None:
        self._seconds = _FIRST_BACKOFF
        self._until = self._up_at = float("-inf")

    def may(self, now: float) -> bool:
        return now >= self._until

    def went_up(self, now: float) -> None:
        self._up_at = now

    def went_down(self, now: float) -> None:
        stood = now - self._up_at
        if stood <= _FAILED_SECONDS:
            self._seconds = min(_MOST_BACKOFF, 2 * self._seconds)
        elif stood >= _MOST_BACKOFF:
            self._seconds = _FIRST_BACKOFF
        self._until = now + self._seconds


class _Stream:
    __slots__ = ("backoff", "down_since", "index", "up_since")

    def __init__(self, index: int) -> None:
        self.index = index
        self.backoff = Backoff()
        self.up_since: float | None = None
        self.down_since: float | None = None


class Chooser:
    """One per subscriber."""

    __slots__ = ("_picture", "_since", "_streams", "voice_only")

    def __init__(self) -> None:
        self.voice_only: Reason | None = None
        self._picture = Backoff()
        self._since: float | None = None
        self._streams: dict[str, _Stream] = {}

    def choose(
        self, budget: float | None, wanted: Sequence[Wanted], now: float, waited: float = 0.0
    ) -> Allocation:
        """``budget``: octets per second beside voice, may be negative; None: not limited. ``waited``: seconds that the
        oldest picture has waited in the pacer. Call a few times a second while limited."""
        everything = needed(wanted)
        pictures = [each for each in wanted if each.kind != "voice"]
        for gone in self._streams.keys() - {each.id for each in pictures}:
            del self._streams[gone]
        if budget is None:
            self._all(pictures, now)
        else:
            self._starve_or_feed(budget, now)
            self._within(budget, wanted, now)
            self._thin(pictures, waited, now)
        layers = {
            each.id: None if self.voice_only or (index := self._index(each)) < 0 else each.layers[index]
            for each in pictures
        }
        return Allocation(layers, self.voice_only, everything)

    def _index(self, wanted: Wanted) -> int:
        """Layers may have become fewer since."""
        stream = self._streams.get(wanted.id)
        return -1 if stream is None else min(stream.index, useful(wanted) - 1)

    def _all(self, pictures: Sequence[Wanted], now: float) -> None:
        self.voice_only = self._since = None
        for each in pictures:
            stream = self._streams.get(each.id)
            best = useful(each) - 1
            if stream is None:
                self._streams[each.id] = _Stream(best)
            elif stream.index != best:
                if best > stream.index:
                    stream.backoff.went_up(now)
                stream.index = best
                stream.up_since = stream.down_since = None

    def _starve_or_feed(self, left: float, now: float) -> None:
        if self.voice_only is None:
            turns, after = left < LEAST_PICTURE, _STARVED_SECONDS
        else:
            turns = left >= _AMPLE * LEAST_PICTURE and self._picture.may(now)
            after = _FED_SECONDS
        if not turns:
            self._since = None
        elif self._since is None:
            self._since = now
        elif now - self._since >= after:
            self._since = None
            if self.voice_only is None:
                self.voice_only = "link_down"
                self._picture.went_down(now)
            else:
                self.voice_only = None
                self._picture.went_up(now)
                self._streams.clear()

    def _thin(self, pictures: Sequence[Wanted], waited: float, now: float) -> None:
        """Faster than any measured rate: while much waits, pictures that nothing builds on are left out, those that
        wait included."""
        if waited < _THIN_SECONDS:
            return
        for each in pictures:
            stream = self._streams.get(each.id)
            if stream is None or self._index(each) <= 0:
                continue
            spatial = each.layers[self._index(each)].spatial
            lowest = next(at for at, layer in enumerate(each.layers) if layer.spatial == spatial)
            if lowest < stream.index:
                stream.index = lowest
                stream.up_since = now

    def _within(self, budget: float, wanted: Sequence[Wanted], now: float) -> None:
        streams = self._streams
        held = {name: stream.index for name, stream in streams.items()}
        must = fit(max(0.0, budget), wanted, held, _EASE)
        may = fit(max(0.0, budget) * _ROOM, wanted)
        raised = False
        for each in wanted:
            if each.kind == "voice" or not each.layers:
                continue
            stream = streams.get(each.id)
            if stream is None:
                streams[each.id] = _Stream(may[each.id])
                continue
            down, up = must[each.id] < stream.index, may[each.id] > stream.index
            stream.down_since = (
                (stream.down_since if stream.down_since is not None else now) if down else None
            )
            stream.up_since = (stream.up_since if stream.up_since is not None else now) if up else None
            if stream.down_since is not None and now - stream.down_since >= _DOWN_SECONDS:
                stream.index = must[each.id]
                stream.backoff.went_down(now)
                stream.down_since = None
            elif (
                stream.up_since is not None
                and not raised
                and self._may_rise(stream, each.layers, may[each.id], stream.up_since, now)
            ):
                stream.index = may[each.id]
                stream.backoff.went_up(now)
                stream.up_since = None
                raised = True

    @staticmethod
    def _may_rise(stream: _Stream, layers: Sequence[Layer], index: int, up_since: float, now: float) -> bool:
        """More pictures of the same size cost no key frame and are taken back at once: they are tried soon and often."""
        if stream.index >= 0 and layers[index].spatial == layers[stream.index].spatial:
            return now - up_since >= _MORE_PICTURES_SECONDS
        return now - up_since >= _UP_SECONDS and stream.backoff.may(now)
