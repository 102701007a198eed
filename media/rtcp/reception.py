"""What a receiver report says of one incoming stream (RFC 3550 §A.3)."""

from media.rtcp.reports import ReportBlock, SenderInfo


class Reception:
    """Loss of one SSRC from report to report. Times are seconds, monotonic."""

    def __init__(self) -> None:
        self._expected_before = 0
        self._received_before = 0
        self.sender: SenderInfo | None = None
        self.sender_at = 0.0
        self.fraction_lost = 0

    @property
    def loss(self) -> float:
        """Share of 1, between the last two reports."""
        return self.fraction_lost / 256

    def sender_report(self, info: SenderInfo, now: float) -> None:
        self.sender = info
        self.sender_at = now

    def block(
        self, ssrc: int, base: int, highest: int, received: int, jitter: int, now: float
    ) -> ReportBlock | None:
        """None before the first packet (``base`` -1). Numbers are unwrapped; repaired packets are received ones."""
        if base < 0:
            return None
        expected = highest - base + 1
        expected_now = expected - self._expected_before
        received_now = received - self._received_before
        self._expected_before, self._received_before = expected, received
        lost_now = expected_now - received_now
        fraction = 0 if expected_now <= 0 or lost_now <= 0 else min(255, (lost_now << 8) // expected_now)
        self.fraction_lost = fraction
        last_sr = delay = 0
        if self.sender is not None:
            last_sr = self.sender.ntp >> 16 & 0xFFFFFFFF
            delay = int((now - self.sender_at) * 65536)
        return ReportBlock(ssrc, fraction, expected - received, highest, jitter, last_sr, delay)
