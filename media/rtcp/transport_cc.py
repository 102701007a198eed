"""Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1).

``Arrivals`` notes what came in; ``build`` says it to the publisher. Without it a browser's bandwidth
estimate stays below 1 Mbit/s, so every packet is reported, padding and RTX included. The media SSRC
must be a real one of that publisher.
"""

import struct

from media.rtcp.compound import RTPFB, Part, build
from media.rtcp.feedback import TRANSPORT_CC
from media.rtp.seq import Unwrapper

_HEAD = struct.Struct("!IIHHI")
MAX_STATUSES = 600
"""Fits one 1,200-byte packet: 2 bytes a delta at most for almost all."""
MAX_PARSED = 4096
"""Statuses in one feedback that are read: 40 bytes may claim 65,535, each of which is work."""
MAX_REPORTS = 8
"""At a time: what a sender that numbers wildly can make us say."""
WINDOW = 256
"""Numbers behind the last report within which a late packet is still told of."""
_TICK_US = 250
_REFERENCE_US = 64_000


class Arrivals:
    """Arrival times by transport-wide number. Times are microseconds, monotonic.

    A late packet makes the next report begin with it: what came since is said again, not called lost.
    """

    def __init__(self) -> None:
        self._unwrapper = Unwrapper()
        self._next = -1
        self._times: dict[int, int] = {}
        self._pending = False
        self._feedbacks = 0
        self.dropped = 0

    def note(self, seq: int, now_us: int) -> None:
        number = self._unwrapper.unwrap(seq)
        if self._next < 0:
            self._next = number
        if number in self._times:
            return
        if self._next - number > WINDOW or len(self._times) >= 4 * MAX_STATUSES:
            self.dropped += 1
            return
        self._times[number] = now_us
        self._next = min(self._next, number)
        self._pending = True

    @property
    def pending(self) -> bool:
        return self._pending

    def take(self, sender_ssrc: int, media_ssrc: int) -> list[bytes]:
        """The reports due now."""
        reports: list[bytes] = []
        while self._pending:
            first = self._next
            last = max(self._times, default=-1)
            if last < first:
                self._pending = False
                break
            if len(reports) == MAX_REPORTS:
                self.dropped += sum(number >= first for number in self._times)
                self._times.clear()
                continue
            if first + MAX_STATUSES <= last:
                # A long silence or a jump of the sender: report what is there, do not count up to it.
                ahead = [number for number in self._times if number >= first]
                first = min(ahead) if ahead else last
                last = min(last, first + MAX_STATUSES - 1)
            reports.append(self._report(sender_ssrc, media_ssrc, first, last))
        for number in [number for number in self._times if number < self._next - WINDOW]:
            del self._times[number]
        return reports

    def _report(self, sender_ssrc: int, media_ssrc: int, first: int, last: int) -> bytes:
        times = self._times
        base = next(times[number] for number in range(first, last + 1) if number in times)
        reference = base // _REFERENCE_US
        clock = reference * _REFERENCE_US
        statuses: list[int] = []
        deltas = bytearray()
        for number in range(first, last + 1):
            arrived = times.get(number)
            if arrived is None:
                statuses.append(0)
                continue
            ticks = round((arrived - clock) / _TICK_US)
            if not -0x8000 <= ticks <= 0x7FFF:
                last = number - 1
                break
            clock += ticks * _TICK_US
            if 0 <= ticks <= 0xFF:
                statuses.append(1)
                deltas.append(ticks)
            else:
                statuses.append(2)
                deltas += struct.pack("!h", ticks)
        self._next = last + 1
        body = _HEAD.pack(
            sender_ssrc,
            media_ssrc,
            first & 0xFFFF,
            len(statuses),
            (reference & 0xFFFFFF) << 8 | self._feedbacks & 0xFF,
        )
        self._feedbacks += 1
        return build(RTPFB, TRANSPORT_CC, body + _chunks(statuses) + bytes(deltas))


def _chunks(statuses: list[int]) -> bytes:
    out = bytearray()
    position, size = 0, len(statuses)
    while position < size:
        status = statuses[position]
        run = 1
        while position + run < size and run < 0x1FFF and statuses[position + run] == status:
            run += 1
        if run >= 7 or position + run == size:
            out += struct.pack("!H", status << 13 | run)
            position += run
            continue
        word = 0xC000
        for slot, value in enumerate(statuses[position : position + 7]):
            word |= value << (12 - 2 * slot)
        out += struct.pack("!H", word)
        position += 7
    return bytes(out)


def parse(part: Part) -> dict[int, int | None]:
    """16-bit number → arrival in microseconds on the reporter's clock, None where lost. Empty when malformed or too much."""
    body = part.body
    if len(body) < _HEAD.size:
        return {}
    _, _, first, count, tail = _HEAD.unpack_from(body)
    if count > MAX_PARSED:
        return {}
    clock = (tail >> 8) * _REFERENCE_US
    position = _HEAD.size
    statuses: list[int] = []
    while len(statuses) < count:
        if position + 2 > len(body):
            return {}
        (word,) = struct.unpack_from("!H", body, position)
        position += 2
        if not word & 0x8000:
            statuses += [word >> 13] * min(word & 0x1FFF, count - len(statuses))
            if not word & 0x1FFF:
                return {}
        elif word & 0x4000:
            statuses += [word >> shift & 3 for shift in range(12, -1, -2)]
        else:
            statuses += [word >> shift & 1 for shift in range(13, -1, -1)]
    found: dict[int, int | None] = {}
    for index in range(count):
        status, number = statuses[index], (first + index) & 0xFFFF
        if status == 0:
            found[number] = None
            continue
        size = 1 if status == 1 else 2
        if position + size > len(body):
            return {}
        delta = body[position] if size == 1 else struct.unpack_from("!h", body, position)[0]
        position += size
        clock += delta * _TICK_US
        found[number] = clock
    return found
