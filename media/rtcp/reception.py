"""What a receiver report says of one incoming stream (RFC 3550 §A.3, §A.8)."""

from media.rtcp.reports import ReportBlock, SenderInfo


class Reception:
    """Loss and jitter of one SSRC. Times are seconds, monotonic."""

    def __init__(self, ssrc: int, clock_rate: int) -> None:
        self.ssrc = ssrc
        self._rate = clock_rate
        self._base = -1
        self._highest = -1
        self._received = 0
        self._expected_before = 0
        self._received_before = 0
        self._transit: float | None = None
        self._jitter = 0.0
        self.sender: SenderInfo | None = None
        self.sender_at = 0.0

    def packet(self, seq: int, timestamp: int, now: float, repaired: bool) -> None:
        """``seq`` unwrapped. Repaired packets count as received but say nothing of jitter."""
        if self._base < 0:
            self._base = seq
        self._received += 1
        if seq <= self._highest:
            return
        self._highest = seq
        if repaired:
            return
        transit = now * self._rate - timestamp
        if self._transit is not None:
            distance = abs(transit - self._transit)
            if distance < 10 * self._rate:
                self._jitter += (distance - self._jitter) / 16
        self._transit = transit

    def sender_report(self, info: SenderInfo, now: float) -> None:
        self.sender = info
        self.sender_at = now

    def block(self, now: float) -> ReportBlock | None:
        """None before the first packet."""
        if self._base < 0:
            return None
        expected = self._highest - self._base + 1
        expected_now = expected - self._expected_before
        received_now = self._received - self._received_before
        self._expected_before, self._received_before = expected, self._received
        lost_now = expected_now - received_now
        fraction = 0 if expected_now <= 0 or lost_now <= 0 else min(255, (lost_now << 8) // expected_now)
        last_sr = delay = 0
        if self.sender is not None:
            last_sr = self.sender.ntp >> 16 & 0xFFFFFFFF
            delay = int((now - self.sender_at) * 65536)
        return ReportBlock(
            self.ssrc, fraction, expected - self._received, self._highest, int(self._jitter), last_sr, delay
        )
