"""A transport's way out, in Python: SRTP on, where it goes, its pacer, what the remote said of it."""

import time
from collections.abc import Callable
from typing import Protocol

from media import srtp
from media.fanout.batch import Destination
from media.fanout.pacer import Pacer
from media.fanout.sent import SentLog
from media.fanout.sources import PythonSource
from media.rtcp import compound, reports
from media.rtcp.reports import ReportBlock
from media.rtp.packet import Packet
from media.srtp import SrtpKeys

PROBE_PAYLOAD = 1_000


class Outgoing(Protocol):
    """A leg, as its outlet needs it."""

    one_byte: bytes
    reported: ReportBlock | None

    def arrange(self) -> None: ...
    def send_again(self, seq: int) -> int: ...
    def emit(self, source: PythonSource, packet: Packet, now: float) -> None: ...


Queued = tuple[Outgoing, PythonSource | None, Packet | int]
"""A packet of a source, or (source None) a number to send again."""


class Loop(Protocol):
    """The hot loop, as an outlet needs it."""

    paced: set["PythonOutlet"]

    def send_rtcp(self, outlet: "PythonOutlet", packet: bytes) -> None: ...
    def send_probe(self, outlet: "PythonOutlet", size: int) -> int: ...
    def flush(self) -> None: ...
    def forget(self, outlet: "PythonOutlet") -> None: ...


class PythonOutlet:
    """See ``port.Outlet``. Owns the outgoing SRTP session and the transport-wide sequence.

    ``legs``: by SSRC. ``log``: made with the keys, since most of it is memory.
    """

    __slots__ = (
        "_loop",
        "_probe_credit",
        "_probe_rate",
        "_probe_until",
        "destination",
        "handle",
        "legs",
        "log",
        "pacer",
        "probe_seq",
        "session",
        "sink",
        "tag",
        "transport_cc",
    )

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self.session: srtp.Session | None = None
        self.handle: object = None
        self.tag = 0
        self.destination: Destination | None = None
        self.sink: Callable[[bytes], None] | None = None
        self.transport_cc = 0
        self.legs: dict[int, Outgoing] = {}
        self.log = SentLog()
        self.pacer: Pacer[Queued] | None = None
        self.probe_seq = 1
        self._probe_rate = 0
        self._probe_until = self._probe_credit = 0.0

    @property
    def is_ready(self) -> bool:
        return self.handle is not None and (self.destination is not None or self.sink is not None)

    def set_keys(self, keys: SrtpKeys) -> None:
        if self.session is not None:
            raise ValueError("an outlet's keys are set once")
        self.session = srtp.Session(keys.profile, keys.outbound, inbound=False)
        self.handle = self.session.handle
        self.tag = self.session.tag

    def to_address(self, key: bytes) -> None:
        self.sink = None
        self.destination = Destination(key)

    def to_stream(self, send: Callable[[bytes], None]) -> None:
        self.destination = None
        self.sink = send

    def to_nowhere(self) -> None:
        self.destination = self.sink = None

    def send_rtcp(self, packet: bytes) -> None:
        self._loop.send_rtcp(self, packet)

    def take_report(self, part: compound.Part) -> None:
        for block in reports.parse_blocks(part):
            leg = self.legs.get(block.ssrc)
            if leg is not None:
                leg.reported = block

    def take_feedback(self, part: compound.Part, now: float) -> None:
        self.log.feedback(part, self.transport_cc, int(now * 1e6))

    def pace(self, octets_per_second: int, flush_seconds: float) -> None:
        now = time.monotonic()
        if not octets_per_second:
            if self.pacer is not None:
                self.pacer.set(0, flush_seconds, now)
                self.drain(now)
                self.pacer = None
                self._loop.paced.discard(self)
                self._arrange()
            return
        if self.pacer is None:
            self.pacer = Pacer()
            self._loop.paced.add(self)
            self._arrange()
        self.pacer.set(octets_per_second, flush_seconds, now)

    def _arrange(self) -> None:
        for leg in self.legs.values():
            leg.arrange()

    def drain(self, now: float) -> None:
        """Send what is due."""
        pacer = self.pacer
        while pacer is not None and (entry := pacer.pop(now)) is not None:
            leg, source, what = entry.item
            number = self.transport_cc
            if isinstance(what, int):
                leg.send_again(what)
            elif source is not None:
                leg.emit(source, what, now)
            if self.transport_cc == number:
                # Left out: it costs the line nothing.
                pacer.spend(-entry.size)

    def spend(self, octets: int) -> None:
        if self.pacer is not None:
            self.pacer.beside(octets, time.monotonic())

    def probe(self, octets_per_second: int, seconds: float) -> None:
        now = time.monotonic()
        self._probe_rate = octets_per_second
        self._probe_until = now + seconds
        self._probe_credit = now
        self._loop.paced.add(self)

    def send_probes(self, now: float) -> bool:
        """False when there is nothing more to send; ``_probe_credit`` is the time up to which padding was sent."""
        if now >= self._probe_until or not self.is_ready:
            return False
        while self._probe_credit < now:
            sent = self._loop.send_probe(self, PROBE_PAYLOAD)
            self._probe_credit += max(sent, PROBE_PAYLOAD) / max(self._probe_rate, 1)
        return True

    def close(self) -> None:
        self.to_nowhere()
        self.handle = None
        self.pacer = None
        self._loop.forget(self)
        session, self.session = self.session, None
        if session is not None:
            self._loop.flush()
            session.close()
