"""A transport's way in, in Python: SRTP off, whose stream is it, what must be told."""

import functools
import time
from collections import deque
from typing import Any, Protocol

from media import srtp
from media.fanout.port import STASH, HearsInlet, Source
from media.fanout.sources import PythonSource
from media.fanout.tally import Tally
from media.inbound import Inbound
from media.rtcp import compound, feedback
from media.rtp import header as rtp
from media.rtp.header import is_rtcp
from media.srtp import SrtpKeys

MAX_ARRIVALS = 4096
MAX_FRAME = 2048
MAX_IGNORED = 256
MAX_FEEDBACKS = 4
"""Of transport-cc in one compound: each is much work."""


@functools.cache
def scratch() -> tuple[Any, memoryview]:
    """Where a frame that came over TCP is opened: one for all, since it is done at once."""
    memory = srtp.ffi.new("char[]", 2 * MAX_FRAME)
    return memory, memoryview(srtp.ffi.buffer(memory)).cast("B")


class Reported(Protocol):
    """The outlet: what receiver reports and transport-cc feedback are about."""

    def take_report(self, part: compound.Part) -> None: ...
    def take_feedback(self, part: compound.Part, now: float) -> None: ...


class PythonInlet:
    """See ``port.Inlet``. Owns the incoming SRTP session."""

    def __init__(self, hears: HearsInlet, tally: Tally, outlet: Reported) -> None:
        self._hears = hears
        self._tally = tally
        self._outlet = outlet
        self._inbound: Inbound | None = None
        self._routes: dict[int, tuple[PythonSource, bool]] = {}
        self._arrivals: list[tuple[int, int]] = []
        self._transport_cc_id = 0
        self._stash: deque[tuple[int, bytes, float, int]] = deque()
        self._asked: set[int] = set()
        self._ignored: dict[int, None] = {}
        self._closed = False
        self._scratch, self._scratch_view = scratch()
        self.checked_at = 0.0

    def set_keys(self, keys: SrtpKeys) -> None:
        if self._inbound is not None:
            raise ValueError("an inlet's keys are set once")
        self._inbound = Inbound(keys.profile, keys.inbound, self._routes.__contains__)

    def transport_cc(self, extension_id: int) -> None:
        self._transport_cc_id = extension_id
        self._ignored.clear()

    def route(self, ssrc: int, source: Source, *, repairs: bool) -> None:
        assert isinstance(source, PythonSource)
        self._routes[ssrc] = (source, repairs)
        self._ignored.pop(ssrc, None)
        self._asked.discard(ssrc)
        mine = [entry for entry in self._stash if entry[0] == ssrc]
        if mine:
            self._stash = deque(entry for entry in self._stash if entry[0] != ssrc)
            for _, packet, now, wall_ns in mine:
                header = rtp.parse(packet)
                if header is not None:
                    source.receive(packet, header, now, wall_ns, repairs=repairs)

    def unroute(self, ssrc: int) -> None:
        self._routes.pop(ssrc, None)

    def ignore(self, ssrc: int) -> None:
        self._asked.discard(ssrc)
        self._tally.dropped_unrouted += sum(entry[0] == ssrc for entry in self._stash)
        self._stash = deque(entry for entry in self._stash if entry[0] != ssrc)
        self._ignored[ssrc] = None
        if len(self._ignored) > MAX_IGNORED:
            del self._ignored[next(iter(self._ignored))]

    def answer_checks(self, key: bytes | None, ufrag: str, password: str) -> None:
        """Every check is told here: a twin that runs in the event loop has nothing to win."""

    def take_arrivals(self) -> list[tuple[int, int]]:
        arrivals, self._arrivals = self._arrivals, []
        return arrivals

    def receive(self, data: bytes) -> None:
        size = len(data)
        if not 0 < size <= MAX_FRAME:
            return
        now, view = time.monotonic(), self._scratch_view
        if 128 <= data[0] < 192:
            view[:size] = data
            self.receive_srtp(self._scratch, view[:size], now, time.time_ns())
        elif 20 <= data[0] < 64:
            self.receive_dtls(data)
        else:
            self._tally.dropped_unknown += 1

    def receive_dtls(self, data: bytes) -> None:
        if not self._closed:
            self._hears.heard_dtls(data)

    def receive_srtp(self, pointer: Any, view: memoryview, now: float, wall_ns: int) -> None:
        """``pointer`` and ``view`` are the same writable bytes, which arrived at ``now``."""
        inbound = self._inbound
        size = len(view)
        tally = self._tally
        if inbound is None or size < 12:
            tally.dropped_early += 1
            return
        control = is_rtcp(view[1])
        plain = inbound.open(pointer, view, size, control)
        if plain < 0:
            if -plain in srtp.REPLAYED:
                tally.dropped_replayed += 1
            else:
                tally.dropped_unauthentic += 1
            return
        packet = bytes(view[:plain])
        if control:
            self._receive_rtcp(packet, now)
            return
        header = rtp.parse(packet)
        if header is None:
            tally.dropped_malformed += 1
            return
        wide = header.extensions.get(self._transport_cc_id)
        if wide is not None and wide[1] - wide[0] == 2 and len(self._arrivals) < MAX_ARRIVALS:
            at = wide[0]
            self._arrivals.append((packet[at] << 8 | packet[at + 1], int(now * 1_000_000)))
        route = self._routes.get(header.ssrc)
        if route is None:
            self._unknown(header.ssrc, packet, now, wall_ns)
            return
        tally.rtp_received += 1
        route[0].receive(packet, header, now, wall_ns, repairs=route[1])

    def _unknown(self, ssrc: int, packet: bytes, now: float, wall_ns: int) -> None:
        if ssrc in self._ignored or (ssrc not in self._asked and len(self._asked) >= STASH):
            self._tally.dropped_unrouted += 1
            return
        if len(self._stash) >= STASH:
            self._tally.dropped_unrouted += 1
        else:
            self._stash.append((ssrc, packet, now, wall_ns))
        if ssrc not in self._asked:
            self._asked.add(ssrc)
            self._hears.heard_unknown(packet)

    def _receive_rtcp(self, packet: bytes, now: float) -> None:
        self._tally.rtcp_received += 1
        told, feedbacks = False, 0
        for part in compound.split(packet):
            if part.type == compound.RR:
                self._tally.feedback_received += 1
                self._outlet.take_report(part)
            elif part.type == compound.RTPFB and part.subtype == feedback.TRANSPORT_CC:
                self._tally.feedback_received += 1
                feedbacks += 1
                if feedbacks <= MAX_FEEDBACKS:
                    self._outlet.take_feedback(part, now)
            elif part.type != compound.SDES:
                told = True
        if told:
            self._hears.heard_rtcp(packet, now)

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._routes.clear()
        self._stash.clear()
        inbound, self._inbound = self._inbound, None
        if inbound is not None:
            inbound.close()
