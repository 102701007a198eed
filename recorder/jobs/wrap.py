"""Chat as lines of a given width: pure. ``Measure`` says how wide a text is, in pixels."""

import unicodedata
from collections.abc import Callable

Measure = Callable[[str], float]
MAX_CHARACTERS = 600
"""Of one message: what is longer ends with an ellipsis."""

_INVISIBLE = ("Cc", "Cf", "Cs", "Co", "Cn")
_VARIANTS = frozenset(map(chr, [*range(0xFE00, 0xFE10), *range(0x1F3FB, 0x1F400)]))
"""What asks for another look (and tone of skin) of the sign before."""


def plain(text: str) -> str:
    """Composed letters (a Vietnamese letter and its marks as one), single spaces, nothing invisible."""
    shown = "".join(
        " " if c.isspace() else c
        for c in unicodedata.normalize("NFC", text)
        if c.isspace() or not (unicodedata.category(c) in _INVISIBLE or c in _VARIANTS)
    )
    shown = " ".join(shown.split())
    return shown if len(shown) <= MAX_CHARACTERS else shown[: MAX_CHARACTERS - 1] + "…"


def lines(text: str, width: float, measure: Measure) -> list[str]:
    """Broken between words; inside one only where it is wider than a line. At least one line."""
    found = [""]
    for word in text.split(" "):
        joined = f"{found[-1]} {word}" if found[-1] else word
        if measure(joined) <= width:
            found[-1] = joined
            continue
        if found[-1]:
            found.append("")
        for letter in word:
            if found[-1] and measure(found[-1] + letter) > width:
                found.append("")
            found[-1] += letter
    return found
