"""Captions as WebVTT, read strictly (W3C WebVTT §4): pure. What is kept is what browsers show."""

import re

MAX_CHARACTERS = 1_000_000
MAX_CUES = 20_000
_ARROW = "-->"
_TIME = re.compile(r"(?:(\d{2,4}):)?([0-5]\d):([0-5]\d)\.(\d{3})")
_SETTING = re.compile(r"(?:vertical|line|position|size|align|region):[A-Za-z0-9.,%-]+")
# One way to read each text: an ambiguous class list would take exponential time over "<c....".
_TAG = re.compile(
    r"</?(?:[bciuv]|ruby|rt|lang)(?:\.[\w-]+)*(?:[ \t][^<>&]*)?>|<(?:\d{2,4}:)?[0-5]\d:[0-5]\d\.\d{3}>"
)


class BadCaptions(ValueError):
    """``line``: counted from 1."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(f"line {line}: {what}")
        self.line = line


def check(text: str) -> str:
    """The captions with plain line ends, and empty lines that are empty: to a browser a line of blanks ends no
    caption. Raises BadCaptions."""
    if len(text) > MAX_CHARACTERS:
        raise BadCaptions(1, f"more than {MAX_CHARACTERS} characters")
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        raise BadCaptions(1 + text[: text.index("\0")].count("\n"), "a NUL character")
    lines = [line if line.strip() else "" for line in text.split("\n")]
    if not re.fullmatch(r"WEBVTT(?:[ \t].*)?", lines[0]):
        raise BadCaptions(1, "captions begin with WEBVTT")
    if len(lines) > 1 and lines[1].strip():
        raise BadCaptions(2, "an empty line follows WEBVTT")
    cues, before, number = 0, -1, 1
    while number < len(lines):
        if not lines[number].strip():
            number += 1
            continue
        end = number
        while end < len(lines) and lines[end].strip():
            end += 1
        block = lines[number:end]
        if _is_cue(block, number + 1):
            before = _check_cue(block, number + 1, before)
            cues += 1
        if cues > MAX_CUES:
            raise BadCaptions(number + 1, f"more than {MAX_CUES} captions")
        number = end
    return "\n".join(lines).rstrip("\n") + "\n"


def _is_cue(block: list[str], line: int) -> bool:
    """Notes are kept as they are; styles and regions are not for whoever uploads to decide."""
    first = block[0].strip()
    if _ARROW in first or (len(block) > 1 and _ARROW in block[1]):
        return True
    if first == "NOTE" or first.startswith(("NOTE ", "NOTE\t")):
        if any(_ARROW in each for each in block):
            raise BadCaptions(line, "a note holds no -->")
        return False
    raise BadCaptions(line, "neither a caption nor a note")


def _check_cue(block: list[str], line: int, before: int) -> int:
    """Its start in ms."""
    timing = 0 if _ARROW in block[0] else 1
    start_text, _, rest = block[timing].partition(_ARROW)
    words = rest.split()
    start, end = _ms(start_text.strip()), _ms(words[0] if words else "")
    if start is None or end is None:
        raise BadCaptions(line + timing, "times are written 00:01.000 --> 00:02.500")
    if end <= start:
        raise BadCaptions(line + timing, "it ends before it starts")
    if start < before:
        raise BadCaptions(line + timing, "it starts before the one above it")
    if any(not _SETTING.fullmatch(word) for word in words[1:]):
        raise BadCaptions(line + timing, "an unknown setting")
    for offset, each in enumerate(block[timing + 1 :], timing + 1):
        if _ARROW in each:
            raise BadCaptions(line + offset, "two captions without an empty line between them")
        if "<" in _TAG.sub("", each):
            raise BadCaptions(line + offset, "an unknown tag; a < is written &lt;")
    return start


def _ms(text: str) -> int | None:
    found = _TIME.fullmatch(text)
    if found is None or not text.isascii():
        return None
    hours, minutes, seconds, rest = found.groups(default="0")
    return ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(rest)
