"""What a fanout is.

An ``Outlet`` is one transport's way out: its SRTP session and where it goes. A ``Leg`` is one
outgoing stream (a consumer's) on an outlet. A ``Source`` is an incoming stream and the legs that get it
now. Packets are queued in batches; ``flush`` sends them. Nothing here blocks: what the network does not
take is dropped and counted.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from media.rtp.packet import Packet
from media.srtp import SrtpKeys


class LegSettings(NamedTuple):
    """``mid``: exactly 4 characters. ``*_id``: extension ids, 1–14, written always: receivers ignore ids they did not negotiate.

    ``start``: first sequence number, 1 ≤ start < 2^15; ``rtx_start`` alike. ``rtx_payload_type`` -1: no RTX.
    """

    ssrc: int
    mid: str
    mid_id: int
    transport_cc_id: int
    start: int
    rtx_ssrc: int = 0
    rtx_payload_type: int = -1
    rtx_start: int = 1


class LegCounters(NamedTuple):
    """For sender reports: packets and payload octets sent since the leg was made."""

    packets: int
    octets: int


class Outlet(Protocol):
    """``send_rtcp`` takes a plain compound packet. ``close`` forgets the keys; idempotent."""

    def set_keys(self, keys: SrtpKeys) -> None: ...
    def to_address(self, ip: str, port: int) -> None: ...
    def to_stream(self, send: Callable[[bytes], None]) -> None: ...
    def to_nowhere(self) -> None: ...
    def send_rtcp(self, packet: bytes) -> None: ...
    @property
    def is_ready(self) -> bool: ...
    def close(self) -> None: ...


class Leg(Protocol):
    """``begin``: from the incoming unwrapped number ``first`` on the leg takes what its source forwards
    (it is that source's until ``end``). ``resend``: answer for one 16-bit outgoing number on the RTX stream;
    returns octets sent, 0 when it cannot be."""

    def begin(
        self,
        source: "Source",
        first: int,
        timestamp_offset: int = 0,
        picture_offset: int = 0,
        tl0_offset: int = 0,
    ) -> None: ...
    def end(self) -> None: ...
    def resend(self, seq: int, find: Callable[[object, int], Packet | None]) -> int: ...
    @property
    def timestamp_offset(self) -> int: ...
    def counters(self) -> LegCounters: ...
    def close(self) -> None: ...


class Source(Protocol):
    """Handle of an incoming stream; made by ``Fanout.source``."""

    def forward(self, packet: Packet) -> None: ...


class Fanout(Protocol):
    """``counters``: packets, bytes, dropped (by reason) since the start."""

    def outlet(self) -> Outlet: ...
    def leg(self, outlet: Outlet, settings: LegSettings) -> Leg: ...
    def source(self) -> Source: ...
    def flush(self) -> None: ...
    def counters(self) -> dict[str, int]: ...
    def close(self) -> None: ...
