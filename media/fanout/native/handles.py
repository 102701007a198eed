"""The port's handles over the C library. Each names its C handle until it is closed, and reads its view."""

from collections.abc import Callable, Sequence
from typing import Any

from media import srtp
from media.fanout.native.library import ffi
from media.fanout.port import (
    CodecName,
    HearsInlet,
    HearsLeg,
    HearsSource,
    LegSettings,
    LegState,
    Source,
    SourceSettings,
    SourceState,
)
from media.rtcp.reports import SenderInfo
from media.rtp.packet import MID_SIZE
from media.srtp import SrtpKeys

_CODECS: dict[CodecName, int] = {"opus": 0, "vp8": 1, "vp9": 2, "h264": 3, "av1": 4}
_ARRIVALS = 1024
_pairs = ffi.new("int64_t[]", 2 * _ARRIVALS)
_pairs_view = memoryview(ffi.buffer(_pairs)).cast("B").cast("q")


class Base:
    """``forget`` is called once when the handle is closed."""

    def __init__(self, library: Any, fanout: Any, number: int, forget: Callable[[int], None]) -> None:
        self.id = number
        self.closed = False
        self._library = library
        self._fanout = fanout
        self._forget = forget
        self._handle: Any = None

    @property
    def handle(self) -> Any:
        return self._handle

    def close(self) -> None:
        raise NotImplementedError

    def _close(self) -> Any:
        """The C handle, once; None afterwards."""
        handle, self._handle = self._handle, None
        if handle is not None:
            self.closed = True
            self._forget(self.id)
        return handle


def _view(library: Any, pointer: Any) -> Any:
    """Released with the last name of it."""
    return ffi.gc(pointer, library.fo_release)


class NativeOutlet(Base):
    """See ``port.Outlet``."""

    def __init__(self, *base: Any) -> None:
        super().__init__(*base)
        self.sink: Callable[[bytes], None] | None = None
        self._handle = self._library.fo_outlet(self._fanout, self.id)
        self._has_keys = self._has_way = False

    @property
    def is_ready(self) -> bool:
        return self._has_keys and self._has_way and not self.closed

    def set_keys(self, keys: SrtpKeys) -> None:
        if self._has_keys:
            raise ValueError("an outlet's keys are set once")
        self._has_keys = True
        if not self.closed:
            session = srtp.Session(keys.profile, keys.outbound, inbound=False)
            self._library.fo_outlet_keys(self._fanout, self._handle, _given(session), session.tag)

    def to_address(self, key: bytes) -> None:
        self.sink = None
        self._has_way = True
        if not self.closed:
            self._library.fo_outlet_address(self._fanout, self._handle, key, len(key))

    def to_stream(self, send: Callable[[bytes], None]) -> None:
        self.sink = send
        self._has_way = True
        if not self.closed:
            self._library.fo_outlet_stream(self._fanout, self._handle)

    def to_nowhere(self) -> None:
        self.sink = None
        self._has_way = False
        if not self.closed:
            self._library.fo_outlet_nowhere(self._fanout, self._handle)

    def send_rtcp(self, packet: bytes) -> None:
        if not self.closed:
            self._library.fo_outlet_rtcp(self._fanout, self._handle, packet, len(packet))

    def pace(self, octets_per_second: int, flush_seconds: float) -> None:
        if not self.closed:
            self._library.fo_outlet_pace(self._fanout, self._handle, octets_per_second, flush_seconds)

    def spend(self, octets: int) -> None:
        if not self.closed:
            self._library.fo_outlet_spend(self._fanout, self._handle, octets)

    def probe(self, octets_per_second: int, seconds: float) -> None:
        if not self.closed:
            self._library.fo_outlet_probe(self._fanout, self._handle, octets_per_second, seconds)

    def close(self) -> None:
        handle = self._close()
        self.sink = None
        if handle is not None:
            self._library.fo_outlet_close(self._fanout, handle)


class NativeInlet(Base):
    """See ``port.Inlet``."""

    def __init__(self, hears: HearsInlet, outlet: NativeOutlet, *base: Any) -> None:
        super().__init__(*base)
        self.hears = hears
        view = ffi.new("struct inlet_view **")
        self._handle = self._library.fo_inlet(self._fanout, self.id, outlet.handle, view)
        self._view = _view(self._library, view[0])
        self._has_keys = False

    def set_keys(self, keys: SrtpKeys) -> None:
        if self._has_keys:
            raise ValueError("an inlet's keys are set once")
        self._has_keys = True
        if not self.closed:
            session = srtp.Session(keys.profile, keys.inbound, inbound=True)
            self._library.fo_inlet_keys(self._fanout, self._handle, _given(session))

    def transport_cc(self, extension_id: int) -> None:
        if not self.closed:
            self._library.fo_inlet_transport_cc(self._fanout, self._handle, extension_id)

    def route(self, ssrc: int, source: Source, *, repairs: bool) -> None:
        assert isinstance(source, NativeSource)
        if not self.closed and not source.closed:
            self._library.fo_inlet_route(self._fanout, self._handle, ssrc, source.handle, repairs)

    def unroute(self, ssrc: int) -> None:
        if not self.closed:
            self._library.fo_inlet_unroute(self._fanout, self._handle, ssrc)

    def ignore(self, ssrc: int) -> None:
        if not self.closed:
            self._library.fo_inlet_ignore(self._fanout, self._handle, ssrc)

    def answer_checks(self, key: bytes | None, ufrag: str, password: str) -> None:
        if not self.closed:
            address = key or b""
            words = (ufrag.encode(), password.encode()) if key else (b"", b"")
            self._library.fo_inlet_checks(self._fanout, self._handle, address, len(address), *words)

    @property
    def checked_at(self) -> float:
        return float(self._view.checked_us) / 1e6

    def take_arrivals(self) -> list[tuple[int, int]]:
        if self.closed:
            return []
        count = self._library.fo_inlet_arrivals(self._view, _pairs, _ARRIVALS)
        flat = _pairs_view[: 2 * count].tolist()
        return list(zip(flat[::2], flat[1::2], strict=True))

    def receive(self, data: bytes) -> None:
        if not self.closed:
            self._library.fo_inlet_receive(self._fanout, self._handle, data, len(data))

    def close(self) -> None:
        handle = self._close()
        if handle is not None:
            self._library.fo_inlet_close(self._fanout, handle)


class NativeSource(Base):
    """See ``port.Source``."""

    def __init__(self, settings: SourceSettings, hears: HearsSource, *base: Any) -> None:
        super().__init__(*base)
        self.hears = hears
        view = ffi.new("struct source_view **")
        self._handle = self._library.fo_source(self._fanout, self.id, _settings(settings), view)
        self._view = _view(self._library, view[0])

    def pause(self, paused: bool) -> None:
        if not self.closed:
            self._library.fo_source_pause(self._fanout, self._handle, paused)

    def tap(self, tapped: bool) -> None:
        if not self.closed:
            self._library.fo_source_tap(self._fanout, self._handle, tapped)

    def sender_report(self, info: SenderInfo) -> None:
        if not self.closed:
            self._library.fo_source_report(self._fanout, self._handle, info.ntp, info.rtp_timestamp)

    def drop_before(self, seq: int) -> None:
        if not self.closed:
            self._library.fo_source_drop_before(self._fanout, self._handle, seq)

    def state(self) -> SourceState:
        view = self._view
        octets = view.octets
        return SourceState(
            view.base,
            view.highest,
            view.packets,
            (octets[0], octets[1], octets[2], octets[3]),
            view.jitter,
            view.timestamp,
            view.last_packet_us / 1e6,
            self._library.fo_source_loudest(view),
        )

    def close(self) -> None:
        handle = self._close()
        if handle is not None:
            self._library.fo_source_close(self._fanout, handle)


class NativeLeg(Base):
    """See ``port.Leg``."""

    def __init__(self, outlet: NativeOutlet, settings: LegSettings, hears: HearsLeg, *base: Any) -> None:
        super().__init__(*base)
        self.hears = hears
        self.following: NativeSource | None = None
        view = ffi.new("struct leg_view **")
        self._handle = self._library.fo_leg(
            self._fanout, self.id, outlet.handle, _leg_settings(settings), view
        )
        self._view = _view(self._library, view[0])

    def follow(self, source: Source | None) -> None:
        assert source is None or isinstance(source, NativeSource)
        if self.closed or (source is not None and source.closed):
            return
        self._library.fo_leg_follow(self._fanout, self._handle, ffi.NULL if source is None else source.handle)

    def limit(self, temporal: int) -> None:
        if not self.closed:
            self._library.fo_leg_limit(self._fanout, self._handle, temporal)

    def resend(self, seqs: Sequence[int], octets: int) -> None:
        if not self.closed and seqs:
            numbers = ffi.new("uint16_t[]", [seq & 0xFFFF for seq in seqs])
            self._library.fo_leg_resend(self._fanout, self._handle, numbers, len(seqs), octets)

    def state(self) -> LegState:
        view = self._view
        return LegState(
            view.packets,
            view.octets,
            view.rtx_packets,
            view.rtx_octets,
            view.fraction_lost,
            view.reported_lost,
            view.jitter,
            view.flushed,
        )

    def close(self) -> None:
        handle = self._close()
        if handle is not None:
            self._library.fo_leg_close(self._fanout, handle)


def _given(session: srtp.Session) -> Any:
    """The session's ``srtp_t``, which is the library's from now on."""
    return ffi.cast("void *", int(srtp.ffi.cast("uintptr_t", session.give())))


def _settings(settings: SourceSettings) -> Any:
    made = ffi.new("struct fo_source_settings *")
    made.is_video, made.nacks = settings.is_video, settings.nacks
    made.level_id, made.descriptor_id = settings.level_id, settings.descriptor_id
    made.clock_rate = settings.clock_rate
    rules, repairs, kept = settings.codecs[:4], settings.repairs[:8], settings.kept[:32]
    made.rule_count, made.repair_count, made.kept_count = len(rules), len(repairs), len(kept)
    for index, rule in enumerate(rules):
        made.rules[index] = (rule.payload_type, rule.target, _CODECS[rule.codec])
    for index, pair in enumerate(repairs):
        made.repairs[index] = pair
    for index, pair in enumerate(kept):
        made.kept[index] = pair
    return made


def _leg_settings(settings: LegSettings) -> Any:
    mid = settings.mid.encode("ascii")
    if len(mid) != MID_SIZE:
        raise ValueError(f"a mid has {MID_SIZE} characters")
    if not 0 < settings.start < 0x8000 or not 0 < settings.rtx_start < 0x8000:
        raise ValueError("a sequence starts below 2^15")
    if not 0 < settings.mid_id <= 14 or not 0 < settings.transport_cc_id <= 14:
        raise ValueError("extension ids are 1 to 14")
    cname = settings.cname.encode()[:255]
    made = ffi.new("struct fo_leg_settings *")
    made.ssrc, made.rtx_ssrc = settings.ssrc, settings.rtx_ssrc
    made.start, made.rtx_start = settings.start, settings.rtx_start
    made.rtx_payload_type = settings.rtx_payload_type
    made.mid_id, made.transport_cc_id = settings.mid_id, settings.transport_cc_id
    made.is_voice, made.cname_size = settings.is_voice, len(cname)
    made.mid = mid
    ffi.memmove(made.cname, cname, len(cname))
    return made
