"""Which layer of which stream fits a budget. Pure; remembers nothing (``choosing`` does).

Octets per second everywhere. Voice is never chosen: it is taken off the budget before. Order of what is served: the lowest layer of screens, that of the first
camera, the rest of the screens, the lowest layer of the other cameras, and then what is left in the same order.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

Kind = Literal["voice", "screen", "camera"]
UNMEASURED = {"voice": 6_000, "screen": 60_000, "camera": 15_000}
_STEP_UP = 3
"""A layer that rests at its source has no measured rate: so many times the one below."""
_USEFUL = 0.8
_BEARABLE = 1.5
"""A first camera that needs so much more than there is, is better not begun."""


class Layer(NamedTuple):
    """``spatial``: the encoding, in the order of the rids. ``temporal``: the highest temporal layer in it.
    ``octets_per_second``: measured over a few seconds, with all that it builds on; 0: not known. ``height``: in pixels,
    0: not known."""

    spatial: int
    temporal: int
    octets_per_second: int = 0
    height: int = 0


class Wanted(NamedTuple):
    """A stream that one subscriber shows or hears.

    ``layers``: lowest first, each dearer than the one before. ``area``, ``height``: as shown, in device
    pixels, 0: not known. ``priority``: higher first among its kind: who speaks, the teacher.
    """

    id: str
    kind: Kind
    layers: tuple[Layer, ...]
    area: int = 0
    height: int = 0
    priority: int = 0


def costs(wanted: Wanted) -> tuple[int, ...]:
    """What each layer takes; never less than the one below."""
    found: list[int] = []
    for layer in wanted.layers:
        below = found[-1] if found else 0
        guess = below * _STEP_UP if below else UNMEASURED[wanted.kind]
        found.append(max(layer.octets_per_second or guess, below))
    return tuple(found)


def useful(wanted: Wanted) -> int:
    """How many of the layers are worth sending: a camera's no larger than it is shown, and a screen's all, for its text."""
    layers = wanted.layers
    if wanted.kind != "camera" or wanted.height <= 0:
        return len(layers)
    for layer in layers:
        if layer.height >= _USEFUL * wanted.height:
            return sum(each.spatial <= layer.spatial for each in layers)
    return len(layers)


def ranked(wanted: Iterable[Wanted]) -> list[Wanted]:
    """Pictures in the order in which they are served."""
    pictures = [each for each in wanted if each.kind != "voice" and each.layers]
    return sorted(pictures, key=lambda each: (each.kind != "screen", -each.priority, -each.area, each.id))


def needed(wanted: Iterable[Wanted]) -> int:
    """With which every picture would be sent at its best."""
    return sum(costs(each)[useful(each) - 1] for each in wanted if each.kind != "voice" and each.layers)


def fit(
    budget: float, wanted: Sequence[Wanted], held: Mapping[str, int] | None = None, ease: float = 1.0
) -> dict[str, int]:
    """Index into ``layers`` per picture, -1: nothing. ``budget``: without voice.

    What is sent already (``held``: id → index) is counted at ``ease`` times its cost. The first picture's lowest layer is
    given even when it does not fit: a screen's always (late is better than nothing), a camera's if it nearly does.
    """
    left = budget
    order = ranked(wanted)
    prices = {each.id: costs(each) for each in order}
    chosen = {each.id: -1 for each in order}

    def price(stream: str, index: int) -> float:
        if index < 0:
            return 0.0
        cost = prices[stream][index]
        return cost * ease if held is not None and index <= held.get(stream, -1) else cost

    def raise_to(each: Wanted, highest: int) -> None:
        nonlocal left
        for index in range(min(highest, useful(each) - 1), chosen[each.id], -1):
            more = price(each.id, index) - price(each.id, chosen[each.id])
            if more <= left:
                left -= more
                chosen[each.id] = index
                return

    screens = [each for each in order if each.kind == "screen"]
    cameras = [each for each in order if each.kind == "camera"]
    if order:
        first = order[0]
        base = price(first.id, 0)
        if first.kind == "screen" or base <= max(left, 0.0) * _BEARABLE:
            chosen[first.id] = 0
            left -= base
    for each in (*screens[1:], *cameras[:1]):
        raise_to(each, 0)
    for each in screens:
        raise_to(each, len(each.layers))
    for each in cameras[1:]:
        raise_to(each, 0)
    for each in cameras:
        raise_to(each, len(each.layers))
    return chosen
