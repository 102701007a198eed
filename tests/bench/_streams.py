"""What a subscriber knows of the streams it gets, and what it reports of them."""

import struct
from dataclasses import dataclass, field, fields

from media.rtcp.reports import ReportBlock, build_receiver
from media.rtcp.transport_cc import Arrivals
from media.rtp import header
from media.rtp.seq import Unwrapper

DELAY_EVERY = 8
_STAMP = struct.Struct("!Q")
OWN_SSRC = 7


@dataclass(slots=True)
class Tally:
    """Of all subscribers, since the last time it was asked for. ``padding``: on SSRCs that are nobody's stream;
    ``late``: behind a newer one of its stream; ``unopened``: SRTP refused it (doubles among them);
    ``holes``: numbers passed over. ``delays``: seconds, of every ``DELAY_EVERY``-th packet."""

    packets: int = 0
    octets: int = 0
    padding: int = 0
    late: int = 0
    holes: int = 0
    unopened: int = 0
    rtcp: int = 0
    reports: int = 0
    delays: list[float] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


class Stream:
    """One SSRC."""

    __slots__ = ("base", "numbers", "packets", "reported")

    def __init__(self) -> None:
        self.numbers = Unwrapper()
        self.base = -1
        self.packets = 0
        self.reported = (0, 0)

    def note(self, seq: int, tally: Tally) -> None:
        before = self.numbers.highest
        number = self.numbers.unwrap(seq)
        self.packets += 1
        tally.packets += 1
        if before is None:
            self.base = number
        elif number < before:
            tally.late += 1
            tally.holes -= 1
        else:
            tally.holes += number - before - 1

    def block(self, ssrc: int) -> ReportBlock:
        highest = self.numbers.highest or 0
        expected = highest - self.base + 1
        since = expected - self.reported[0], self.packets - self.reported[1]
        self.reported = expected, self.packets
        fraction = max(0, min(255, 256 * (since[0] - since[1]) // since[0])) if since[0] > 0 else 0
        return ReportBlock(ssrc, fraction, expected - self.packets, highest & 0xFFFFFFFF, 0, 0, 0)


class Streams:
    """Of one subscriber. ``transport_cc``: the extension's id."""

    def __init__(self, ssrcs: list[int], transport_cc: int) -> None:
        self.by_ssrc = {ssrc: Stream() for ssrc in ssrcs}
        self._arrivals = Arrivals()
        self._element = transport_cc << 4 | 1
        self._at = 0

    def note(self, seq: int, ssrc: int, packet: memoryview, arrived: int, tally: Tally) -> None:
        """A plain packet. ``arrived``: nanoseconds."""
        stream = self.by_ssrc.get(ssrc)
        if stream is None:
            tally.padding += 1
        else:
            stream.note(seq, tally)
            if not stream.packets % DELAY_EVERY:
                (sent,) = _STAMP.unpack_from(packet, len(packet) - _STAMP.size)
                tally.delays.append((arrived - sent) / 1e9)
        at = self._at
        if not at or packet[at - 1] != self._element:
            at = self._find(packet)
        if at:
            self._arrivals.note(packet[at] << 8 | packet[at + 1], arrived // 1000)

    def _find(self, packet: memoryview) -> int:
        """Where the transport-wide number is; the same in almost every packet."""
        read = header.parse(bytes(packet))
        place = read.extensions.get(self._element >> 4) if read is not None else None
        self._at = place[0] if place is not None else 0
        return self._at

    def feedback(self) -> list[bytes]:
        """Compound packets: a receiver report and what transport-cc has to tell, as browsers send them."""
        blocks = [stream.block(ssrc) for ssrc, stream in self.by_ssrc.items() if stream.packets]
        report = build_receiver(OWN_SSRC, blocks)
        found = self._arrivals.take(OWN_SSRC, next(iter(self.by_ssrc)))
        return [report + found[0], *found[1:]] if found else [report]
