"""Where things are in the film: pure. All sides are even, since colour has half the pixels."""

from typing import NamedTuple

from msgspec import Struct

SIZES = ((1280, 720), (1920, 1080))


class Box(NamedTuple):
    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def bottom(self) -> int:
        return self.y + self.height


class Layout(Struct, frozen=True):
    """``main``: the programme's place; ``inset``: the camera's beside a screen; ``chat``: None without."""

    width: int
    height: int
    main: Box
    inset: Box
    chat: Box | None


def plan(widest: int, tallest: int, *, chat: bool) -> Layout:
    """For a programme whose largest picture is ``widest`` × ``tallest``; 0 where that is not known.

    With a chat the camera is on top of it, so that it covers nothing; else in a corner of the picture.
    """
    small, large = SIZES
    width, height = small if 0 < widest <= small[0] and 0 < tallest <= small[1] else large
    side = even(width / 5)
    inset_height = even(side * 9 / 16)
    if chat:
        main = Box(0, 0, width - side, height)
        inset = Box(width - side, 0, side, inset_height)
        return Layout(
            width, height, main, inset, Box(width - side, inset_height, side, height - inset_height)
        )
    margin = even(height / 45)
    inset = Box(width - side - margin, height - inset_height - margin, side, inset_height)
    return Layout(width, height, Box(0, 0, width, height), inset, None)


def fit(width: int, height: int, box: Box) -> Box:
    """The largest place inside ``box`` with the picture's shape, in its middle."""
    if width * box.height >= height * box.width:
        wide, high = box.width, max(2, even(height * box.width / width))
    else:
        wide, high = max(2, even(width * box.height / height)), box.height
    return Box(box.x + even((box.width - wide) / 2), box.y + even((box.height - high) / 2), wide, high)


def even(value: float) -> int:
    """The even number at or below."""
    return int(value) // 2 * 2
