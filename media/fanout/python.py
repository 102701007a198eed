"""The fanout in Python, in the event loop: libsrtp called in place through cffi, many datagrams per system call.

The twin of the native one, used where no compiler was there.
"""

import socket
import time
from collections.abc import Callable
from typing import Any

from media.congestion.digest import Digest
from media.fanout.inlets import PythonInlet
from media.fanout.legs import PythonLeg
from media.fanout.outlets import PythonOutlet
from media.fanout.port import (
    HearsFanout,
    HearsInlet,
    HearsLeg,
    HearsSource,
    Inlet,
    Leg,
    LegSettings,
    Outlet,
    SourceSettings,
)
from media.fanout.reading import Reader
from media.fanout.sending import Sender
from media.fanout.sources import PythonSource


class PythonFanout(Sender):
    """See ``port.Fanout``. ``sock``: the worker's UDP socket, which stays the caller's."""

    def __init__(self, sock: socket.socket, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(sock, clock)
        self.paced: set[PythonOutlet] = set()
        self._sock = sock
        self._reader: Reader | None = None
        self._hears: HearsFanout | None = None
        self._trusted: dict[bytes, PythonInlet] = {}
        self._outlets: set[PythonOutlet] = set()

    # --- what is handed out ---

    def inlet(self, hears: HearsInlet, outlet: Outlet) -> Inlet:
        assert isinstance(outlet, PythonOutlet)
        return PythonInlet(hears, self.tally, outlet)

    def source(self, settings: SourceSettings, hears: HearsSource) -> PythonSource:
        return PythonSource(self, settings, hears, self.tally)

    def outlet(self) -> PythonOutlet:
        outlet = PythonOutlet(self)
        self._outlets.add(outlet)
        return outlet

    def leg(self, outlet: Outlet, settings: LegSettings, hears: HearsLeg) -> Leg:
        assert isinstance(outlet, PythonOutlet)
        leg = PythonLeg(self, outlet, settings, hears)
        leg.arrange()
        return leg

    def trust(self, key: bytes, inlet: Inlet | None) -> None:
        if inlet is None:
            self._trusted.pop(key, None)
        else:
            assert isinstance(inlet, PythonInlet)
            self._trusted[key] = inlet

    # --- in ---

    def start(self, hears: HearsFanout) -> None:
        self._hears = hears
        self._reader = Reader(self._sock)
        self._reader.start(self._receive, self._drained)

    def _receive(self, pointer: Any, view: memoryview, key: bytes, age: float) -> None:
        """RFC 7983: the first byte tells what it is."""
        tally = self.tally
        tally.udp_received += 1
        tally.udp_received_bytes += len(view)
        first = view[0]
        if first < 4:
            assert self._hears is not None
            self._hears.heard_stun(bytes(view), key)
            return
        inlet = self._trusted.get(key)
        if inlet is None:
            tally.dropped_unvalidated += 1
        elif 128 <= first < 192:
            inlet.receive_srtp(pointer, view, self._clock() - age, time.time_ns() - int(age * 1e9))
        elif 20 <= first < 64:
            inlet.receive_dtls(bytes(view))
        else:
            tally.dropped_unknown += 1

    def _drained(self) -> None:
        if self.paced:
            self._drain(self._clock())
        self._batch.flush()

    # --- time ---

    def tick(self, now: float) -> None:
        if self.paced:
            self._drain(now)
        self._batch.flush()

    def _drain(self, now: float) -> None:
        for outlet in tuple(self.paced):
            outlet.drain(now)
            if not outlet.send_probes(now) and outlet.pacer is None:
                self.paced.discard(outlet)

    def ask_digests(self) -> None:
        """Nothing to be asked: they are here."""

    def digests(self) -> list[tuple[Outlet, Digest]]:
        now = self._clock()
        found: list[tuple[Outlet, Digest]] = []
        for outlet in self._outlets:
            if outlet.log.fresh:
                pacer = outlet.pacer
                waiting = (0, 0) if pacer is None else (pacer.queued_octets, int(pacer.delay(now) * 1e6))
                found.append((outlet, outlet.log.take(*waiting)))
        return found

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()
        self._batch.close()

    def forget(self, outlet: PythonOutlet) -> None:
        self._outlets.discard(outlet)
        self.paced.discard(outlet)

    def count_flushed(self, packets: int) -> None:
        self.tally.sent_flushed += packets
