"""The dependency descriptor (AV1 RTP specification, appendix A): which temporal layer a frame is of.

Only that is read. The templates come with a key frame and hold until the next ones.
"""

from collections.abc import Sequence

_MAX_TEMPLATES = 64


class _Bits:
    """Reads bits; beyond the end there are zeros and ``short`` is set."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data)
        self._left = 8 * len(data)
        self.short = False

    def take(self, count: int) -> int:
        if count > self._left:
            self.short = True
            self._left = 0
            return 0
        self._left -= count
        return self._value >> self._left & ((1 << count) - 1)


class Templates:
    """Of one stream: what the last key frame said."""

    def __init__(self) -> None:
        self._first = 0
        self._temporal: Sequence[int] = ()

    def temporal(self, data: bytes) -> int:
        """The frame's temporal layer; 0 when it cannot be told. ``data``: the extension's element."""
        if len(data) < 3:
            return 0
        template = data[0] & 0x3F
        if len(data) > 3:
            self._structure(data)
        index = (template - self._first) & 0x3F
        return self._temporal[index] if index < len(self._temporal) else 0

    def _structure(self, data: bytes) -> None:
        bits = _Bits(data[3:])
        present = bits.take(1)
        bits.take(4)
        if not present:
            return
        first = bits.take(6)
        bits.take(5)
        temporal = 0
        found: list[int] = []
        while len(found) < _MAX_TEMPLATES:
            found.append(temporal)
            step = bits.take(2)
            if step == 1:
                temporal += 1
            elif step == 2:
                temporal = 0
            elif step == 3:
                break
        if not bits.short:
            self._first, self._temporal = first, found
