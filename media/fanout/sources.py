"""An incoming stream, in Python: doubles, gaps, key frames, history; what it forwards goes to its legs."""

from typing import Protocol

from media.fanout.port import HISTORY, MAX_BEHIND, HearsSource, SourceSettings, SourceState
from media.fanout.tally import Tally
from media.layers import Clock
from media.rtcp.reports import SenderInfo
from media.rtp.header import Header
from media.rtp.history import History
from media.rtp.packet import Packet, build
from media.rtp.picture import reader
from media.rtp.seq import Unwrapper, unwrap
from media.rtp.vp8 import PictureNumbers

AUDIO_HISTORY = 128
SILENCE = 127


class Taking(Protocol):
    """A leg, as its source needs it."""

    def offer(self, source: "PythonSource", packet: Packet, now: float) -> None: ...
    def report(self, source: "PythonSource") -> None: ...
    def lose(self, source: "PythonSource") -> None: ...


class Loop(Protocol):
    """The hot loop: ``packet`` to legs that are plain."""

    def forward(self, source: "PythonSource", packet: Packet, now: float) -> None: ...


class PythonSource:
    """See ``port.Source``. ``plain``: legs the hot loop serves; ``careful``: those that look at every packet."""

    def __init__(self, loop: Loop, settings: SourceSettings, hears: HearsSource, tally: Tally) -> None:
        self.settings = settings
        self.plain: list[Taking] = []
        self.careful: list[Taking] = []
        self.history = History(HISTORY if settings.is_video else AUDIO_HISTORY)
        self.newest: Packet | None = None
        self.numbers: PictureNumbers | None = None
        self.sender: SenderInfo | None = None
        self.last_packet_at = 0.0
        self._loop = loop
        self._hears = hears
        self._tally = tally
        self._targets = {rule.payload_type: rule.target for rule in settings.codecs}
        self._readers = {rule.payload_type: reader(rule.codec) for rule in settings.codecs}
        self._repairs = dict(settings.repairs)
        self._kept = dict(settings.kept)
        self._unwrapper = Unwrapper()
        self._paused = self._tapped = self._closed = False
        self._base = self._jitter_highest = -1
        self._ssrc = 0
        self._packets = 0
        self._octets = [0, 0, 0, 0]
        self._transit: float | None = None
        self._jitter = 0.0
        self._loudest = SILENCE

    @property
    def clock(self) -> Clock:
        newest = self.newest
        return Clock(self.sender, newest.timestamp if newest else 0, self.last_packet_at)

    def receive(self, packet: bytes, header: Header, now: float, wall_ns: int, *, repairs: bool) -> None:
        if self._closed:
            return
        if repairs:
            self._receive_rtx(packet, header, now, wall_ns)
            return
        if header.payload_type not in self._targets:
            self._tally.dropped_unrouted += 1
            return
        newest = self._unwrapper.highest
        seq = self._unwrapper.unwrap(header.seq)
        late = newest is not None and seq <= newest
        if newest is not None:
            if seq > newest + 1:
                if self.settings.nacks:
                    self._hears.heard_gap(newest + 1, seq - 1, now)
            elif late and newest - seq > MAX_BEHIND:
                self._tally.dropped_doubles += 1
                return
        self._take(packet, header, seq, header.payload_type, 0, now, wall_ns, late)

    def _receive_rtx(self, packet: bytes, header: Header, now: float, wall_ns: int) -> None:
        """RFC 4588. What was not missing (probes) or is mere padding is useless."""
        payload_type = self._repairs.get(header.payload_type)
        newest = self._unwrapper.highest
        start = header.payload_start
        if payload_type is not None and newest is not None and header.payload_end - start >= 2:
            seq = unwrap(packet[start] << 8 | packet[start + 1], newest)
            if self._base <= seq <= newest and newest - seq <= MAX_BEHIND and not self.history.has(seq):
                self._tally.rtx_repaired += 1
                self._take(packet, header, seq, payload_type, 2, now, wall_ns, True)
                return
        self._tally.rtx_useless += 1

    def _take(
        self,
        packet: bytes,
        header: Header,
        seq: int,
        payload_type: int,
        skip: int,
        now: float,
        wall_ns: int,
        late: bool,
    ) -> None:
        if not self.history.mark(seq):
            self._tally.dropped_doubles += 1
            return
        self._note(seq, header, now, repaired=skip > 0)
        settings = self.settings
        extensions = header.extensions
        element = extensions.get(settings.descriptor_id)
        descriptor = b"" if element is None else packet[element[0] : element[1]]
        picture = self._readers[payload_type](
            packet, header.payload_start + skip, header.payload_end, descriptor
        )
        if not skip:
            self._ssrc = header.ssrc
        built = build(packet, header, seq, self._targets[payload_type], self._kept, picture, skip, self._ssrc)
        self._packets += 1
        self._octets[built.temporal & 3] += len(built.template)
        if settings.is_video:
            self.history.keep(built)
            if built.key_frame_start:
                self._hears.heard_key_frame(now)
        elif settings.level_id:
            level = extensions.get(settings.level_id)
            if level is not None and level[1] > level[0]:
                self._loudest = min(self._loudest, packet[level[0]] & 0x7F)
        if late:
            self._hears.heard_late(seq, now)
        self.last_packet_at = now
        if self.newest is None or seq > self.newest.seq:
            self.newest = built
            if built.numbers is not None:
                self.numbers = built.numbers
        if self._paused:
            return
        if self.plain:
            self._loop.forward(self, built, now)
        if self.careful:
            for leg in tuple(self.careful):
                leg.offer(self, built, now)
        if self._tapped:
            self._hears.heard_packet(built, wall_ns)

    def _note(self, seq: int, header: Header, now: float, *, repaired: bool) -> None:
        """RFC 3550 §A.8. Repaired packets say nothing of jitter."""
        if self._base < 0:
            self._base = seq
        if seq <= self._jitter_highest or repaired:
            return
        self._jitter_highest = seq
        rate = self.settings.clock_rate
        transit = now * rate - header.timestamp
        if self._transit is not None:
            distance = abs(transit - self._transit)
            if distance < 10 * rate:
                self._jitter += (distance - self._jitter) / 16
        self._transit = transit

    def pause(self, paused: bool) -> None:
        self._paused = paused

    def tap(self, tapped: bool) -> None:
        self._tapped = tapped

    def sender_report(self, info: SenderInfo) -> None:
        self.sender = info
        for leg in (*self.plain, *self.careful):
            leg.report(self)

    def drop_before(self, seq: int) -> None:
        self.history.drop_before(seq)

    def state(self) -> SourceState:
        loudest, self._loudest = self._loudest, SILENCE
        highest = self._unwrapper.highest
        return SourceState(
            self._base,
            -1 if highest is None or self._base < 0 else highest,
            self._packets,
            (self._octets[0], self._octets[1], self._octets[2], self._octets[3]),
            int(self._jitter),
            self.newest.timestamp if self.newest else 0,
            self.last_packet_at,
            loudest,
        )

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        for leg in (*self.plain, *self.careful):
            leg.lose(self)
