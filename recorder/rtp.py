"""The two things read from tapped packets: RTP's header (RFC 3550 §5.1) and sender reports (§6.4.1)."""

import struct

from msgspec import Struct

_FIXED = struct.Struct("!BBHII")
_SENDER = struct.Struct("!IIII")
SENDER_REPORT = 200
NTP_EPOCH_MS = 2_208_988_800_000


class RtpPacket(Struct, frozen=True, gc=False):
    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


class SenderReport(Struct, frozen=True):
    """``ntp``: the sender's clock in ms since the Unix epoch, when its RTP clock showed ``timestamp``."""

    ssrc: int
    ntp: float
    timestamp: int


def parse_rtp(data: bytes) -> RtpPacket | None:
    """None when this is no RTP packet. An empty payload (padding alone) is one."""
    if len(data) < 12:
        return None
    first, second, sequence, timestamp, ssrc = _FIXED.unpack_from(data)
    if first >> 6 != 2:
        return None
    start = 12 + 4 * (first & 0x0F)
    if first & 0x10:
        if start + 4 > len(data):
            return None
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
    end = len(data)
    if first & 0x20:
        padding = data[-1]
        if padding == 0:
            return None
        end -= padding
    if start > end:
        return None
    return RtpPacket(second & 0x7F, bool(second & 0x80), sequence, timestamp, ssrc, data[start:end])


def parse_sender_reports(data: bytes) -> list[SenderReport]:
    """Those of a compound packet; stops quietly at what makes no sense."""
    reports = []
    offset = 0
    while offset + 4 <= len(data):
        if data[offset] >> 6 != 2:
            break
        end = offset + 4 + 4 * int.from_bytes(data[offset + 2 : offset + 4], "big")
        if end > len(data):
            break
        if data[offset + 1] == SENDER_REPORT and end - offset >= 28:
            ssrc, seconds, fraction, timestamp = _SENDER.unpack_from(data, offset + 4)
            ntp = seconds * 1000 + fraction * 1000 / (1 << 32) - NTP_EPOCH_MS
            reports.append(SenderReport(ssrc, ntp, timestamp))
        offset = end
    return reports


class Unwrapper:
    """Continues a wrapping counter of ``bits`` bits without end, by the nearest value."""

    def __init__(self, bits: int) -> None:
        self._modulus = 1 << bits
        self._last: int | None = None

    def unwrap(self, value: int) -> int:
        """Advances to ``value`` when it is newer."""
        extended = self.peek(value)
        if self._last is None or extended > self._last:
            self._last = extended
        return extended

    def peek(self, value: int) -> int:
        if self._last is None:
            return value + self._modulus
        half = self._modulus >> 1
        return self._last + ((value - self._last + half) % self._modulus) - half
