"""How text is made fit to be stored, and how names are compared and put in order."""

import re
import unicodedata

_LETTERS = {letter: place for place, letter in enumerate("aăâbcdđeêfghijklmnoôơpqrstuưvwxyz", start=1)}
_TONES = {"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}
"""Grave, hook above, tilde, acute, dot below: the order of Vietnamese dictionaries."""

_Word = tuple[tuple[int, ...], tuple[int, ...]]


def storable(text: str) -> str:
    """Text as every database takes it: NUL and lone surrogates become U+FFFD."""
    return text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def name_key(name: str) -> str:
    """Equal for names that differ only in case, in Unicode composition or in spaces around them."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", storable(name).strip()).casefold())


def in_class_order(name: str) -> tuple[tuple[bool, int, str], ...]:
    """A sort key for names of classes: 9B, 10A2, 10A10."""
    parts = re.findall(r"(\d{1,18})|(\D+)", name_key(name))
    return tuple((bool(word), int(number or 0), word) for number, word in parts)


def in_name_order(name: str) -> tuple[_Word, ...]:
    """A sort key as Vietnamese class registers have it: given name first, then family and middle names.

    Letters before tones within each word, as dictionaries do: a, ă, â, b … d, đ, e, ê ….
    """
    words = name.split()
    return tuple(_word(word) for word in [*words[-1:], *words[:-1]])


def _word(word: str) -> _Word:
    letters: list[int] = []
    tones: list[int] = []
    for character in unicodedata.normalize("NFC", word.casefold()):
        tone = 0
        rest = ""
        for mark in unicodedata.normalize("NFD", character):
            if mark in _TONES:
                tone = _TONES[mark]
            else:
                rest += mark
        letter = unicodedata.normalize("NFC", rest)
        letters.append(_LETTERS.get(letter, 100 + ord(letter[0]) if letter else 0))
        tones.append(tone)
    return tuple(letters), tuple(tones)
