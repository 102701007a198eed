"""The Range header of a request for bytes (RFC 9110 §14): pure. One range; several are answered as the whole."""

import re

_ONE = re.compile(r"bytes=(\d{1,19})?-(\d{1,19})?")


class NotSatisfiable(Exception):
    """To be answered with 416."""


def parse(header: str | None, size: int) -> tuple[int, int] | None:
    """(start, stop), stop not included, of a whole of ``size`` bytes; None: the whole. Raises NotSatisfiable.

    What is no range of bytes is passed over, as the RFC asks (§14.2).
    """
    found = None if header is None else _ONE.fullmatch(header.replace(" ", ""))
    if found is None or not header or not header.isascii():
        return None
    first, last = found.groups()
    if first is None and last is None:
        return None
    if first is None:
        length = int(last)
        if length == 0 or size == 0:
            raise NotSatisfiable
        return max(0, size - length), size
    start = int(first)
    stop = size if last is None else min(size, int(last) + 1)
    if last is not None and int(last) < start:
        return None
    if start >= size:
        raise NotSatisfiable
    return start, stop
