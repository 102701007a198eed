"""The native fanout as the port has it: handles made, events brought to those who hear them."""

import asyncio
import itertools
import socket
import time
from collections.abc import Callable
from typing import Any

from media.congestion.digest import Digest
from media.fanout.native.handles import NativeInlet, NativeLeg, NativeOutlet, NativeSource
from media.fanout.native.library import crypto, ffi, load
from media.fanout.port import (
    COUNTERS,
    HearsFanout,
    HearsInlet,
    HearsLeg,
    HearsSource,
    Inlet,
    LegSettings,
    Outlet,
    SourceSettings,
)
from media.rtp.packet import Packet
from media.rtp.picture import Picture

_BATCH = 256
(STUN, DTLS, RTCP, UNKNOWN, GAP, LATE, KEY_FRAME, TAPPED, BEGAN, STARVED, STREAM_OUT, DIGEST) = range(1, 13)
_FIELDS = [
    "acked_packets",
    "acked_octets",
    "lost_packets",
    "sent_octets",
    "voice_octets",
    "probe_octets",
    "delay_min_us",
    "delay_max_us",
    "delay_mean_us",
    "delay_last_us",
    "arrived_us",
    "rtt_us",
    "queued_octets",
    "queue_delay_us",
]


class NativeFanout:
    """See ``port.Fanout``. ``sock``: the worker's UDP socket, which stays the caller's. Raises Missing."""

    def __init__(self, sock: socket.socket, clock: Callable[[], float] = time.monotonic) -> None:
        self._library = load()
        self._clock = clock
        self._crypto = crypto()
        wake = ffi.new("int *")
        self._fanout = self._library.fo_open(sock.fileno(), self._crypto, wake)
        if self._fanout == ffi.NULL:
            raise OSError("the native fanout could not be opened")
        self._wake: int = wake[0]
        self._events = ffi.new("struct fo_event[]", _BATCH)
        self._values = ffi.new("int64_t[]", len(COUNTERS))
        self._numbers = itertools.count(1)
        self._inlets: dict[int, NativeInlet] = {}
        self._sources: dict[int, NativeSource] = {}
        self._outlets: dict[int, NativeOutlet] = {}
        self._legs: dict[int, NativeLeg] = {}
        self._digests: list[tuple[Outlet, Digest]] = []
        self._hears: HearsFanout | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._last_counters = dict.fromkeys(COUNTERS, 0)

    def start(self, hears: HearsFanout) -> None:
        self._hears = hears
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._wake, self._take_events)
        self._library.fo_start(self._fanout)

    # --- what is handed out ---

    def inlet(self, hears: HearsInlet, outlet: Outlet) -> Inlet:
        assert isinstance(outlet, NativeOutlet)
        number = next(self._numbers)
        inlet = NativeInlet(hears, outlet, self._library, self._fanout, number, self._forget(self._inlets))
        self._inlets[number] = inlet
        return inlet

    def source(self, settings: SourceSettings, hears: HearsSource) -> NativeSource:
        number = next(self._numbers)
        source = NativeSource(
            settings, hears, self._library, self._fanout, number, self._forget(self._sources)
        )
        self._sources[number] = source
        return source

    def outlet(self) -> NativeOutlet:
        number = next(self._numbers)
        outlet = NativeOutlet(self._library, self._fanout, number, self._forget(self._outlets))
        self._outlets[number] = outlet
        return outlet

    def leg(self, outlet: Outlet, settings: LegSettings, hears: HearsLeg) -> NativeLeg:
        assert isinstance(outlet, NativeOutlet)
        number = next(self._numbers)
        leg = NativeLeg(
            outlet, settings, hears, self._library, self._fanout, number, self._forget(self._legs)
        )
        self._legs[number] = leg
        return leg

    @staticmethod
    def _forget(handles: dict[int, Any]) -> Callable[[int], None]:
        return lambda number: handles.pop(number, None) and None

    def trust(self, key: bytes, inlet: Inlet | None) -> None:
        if self._closed:
            return
        if inlet is None:
            self._library.fo_trust(self._fanout, key, len(key), ffi.NULL)
            return
        assert isinstance(inlet, NativeInlet)
        if not inlet.closed:
            self._library.fo_trust(self._fanout, key, len(key), inlet.handle)

    # --- what the thread tells ---

    def _take_events(self) -> None:
        if self._closed:
            return
        events, library = self._events, self._library
        while True:
            count = library.fo_take(self._fanout, events, _BATCH)
            for index in range(count):
                event = events[index]
                data = b""
                if event.data != ffi.NULL:
                    data = bytes(ffi.buffer(event.data, event.size))
                    library.fo_free(event.data)
                try:
                    self._tell(event, data)
                except Exception as error:
                    # One who fails must not keep the others from hearing.
                    assert self._loop is not None
                    self._loop.call_exception_handler(
                        {"message": "in what the fanout told", "exception": error}
                    )
            if count < _BATCH or self._closed:
                return

    def _tell(self, event: Any, data: bytes) -> None:
        """To who hears it, if it is still there."""
        kind, number = event.kind, event.id
        now = event.now_us / 1e6
        if kind == STUN:
            assert self._hears is not None
            self._hears.heard_stun(data, bytes(ffi.buffer(event.key, event.key_size)))
        elif kind in (DTLS, RTCP, UNKNOWN):
            inlet = self._inlets.get(number)
            if inlet is not None:
                if kind == DTLS:
                    inlet.hears.heard_dtls(data)
                elif kind == RTCP:
                    inlet.hears.heard_rtcp(data, now)
                else:
                    inlet.hears.heard_unknown(data)
        elif kind in (GAP, LATE, KEY_FRAME, TAPPED):
            source = self._sources.get(number)
            if source is not None:
                self._tell_source(source.hears, kind, event, data, now)
        elif kind in (BEGAN, STARVED):
            self._tell_leg(self._legs.get(number), kind, event, now)
        else:
            outlet = self._outlets.get(number)
            if outlet is None:
                return
            if kind == DIGEST:
                digest = ffi.from_buffer("struct fo_digest *", data)
                self._digests.append((outlet, Digest(**{name: getattr(digest, name) for name in _FIELDS})))
            elif outlet.sink is not None:
                outlet.sink(data)

    def _tell_source(self, hears: HearsSource, kind: int, event: Any, data: bytes, now: float) -> None:
        if kind == GAP:
            hears.heard_gap(event.a, event.b, now)
        elif kind == LATE:
            hears.heard_late(event.a, now)
        elif kind == KEY_FRAME:
            hears.heard_key_frame(now)
        else:
            picture = Picture(bool(event.key_frame_start), None, event.temporal, event.up)
            packet = Packet(
                event.a,
                event.timestamp,
                data,
                event.payload_start,
                event.payload_size,
                bool(event.two_byte),
                bool(event.marker),
                picture,
            )
            hears.heard_packet(packet, event.b)

    def _tell_leg(self, leg: NativeLeg | None, kind: int, event: Any, now: float) -> None:
        if leg is None:
            return
        if kind == STARVED:
            leg.hears.heard_starved(now)
            return
        source = self._sources.get(event.a)
        if source is not None:
            leg.hears.heard_began(source)

    # --- time and the rest ---

    def tick(self, _now: float) -> None:
        self._take_events()

    def ask_digests(self) -> None:
        if not self._closed:
            self._library.fo_ask_digests(self._fanout)

    def digests(self) -> list[tuple[Outlet, Digest]]:
        found, self._digests = self._digests, []
        return found

    def flush(self) -> None:
        """The thread sends by itself."""

    def counters(self) -> dict[str, int]:
        if not self._closed:
            self._library.fo_counters(self._fanout, self._values)
            self._last_counters = {name: self._values[index] for index, name in enumerate(COUNTERS)}
        return dict(self._last_counters)

    def close(self) -> None:
        """After all handles; idempotent."""
        if self._closed:
            return
        self.counters()
        for handles in (self._legs, self._sources, self._inlets, self._outlets):
            for handle in list(handles.values()):
                handle.close()
        self._closed = True
        if self._loop is not None:
            self._loop.remove_reader(self._wake)
        self._library.fo_close(self._fanout)
