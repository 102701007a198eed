"""What a line carries is found out before the first picture goes over it. Pure.

A key frame of a page of text is 150 kB at once. Sent to a line of 0.8 Mbit/s whose rate is not known yet, four fifths of
it are lost and have to be sent again, and the losses make the line look worse than it is. So while the key frame is
still being made, a short train of packets goes ahead: what its last packet waits for longer than the luckiest is the
queue that the train made, and what arrived in that time is the rate. What comes before that is known goes at
``START``. A healthy line has told within a tenth of a second that it is one.
"""

from media.congestion.digest import Digest
from media.congestion.probing import Probe

TRAIN = Probe(640_000, 0.03)
"""19 packets. A queue of 300 ms at 0.8 Mbit/s takes them, and the voice beside them waits for 0.2 s once."""
_PACKETS = 16
"""Of which so many are heard of, or there will be no more."""
START = 125_000
SLOW_US = 60_000
"""A train that waits no longer than this met no line that a key frame would choke."""
_MOST_LOST = 0.2
_PATIENCE_SECONDS = 0.6


class Beginning:
    """One per subscriber, from its first picture on until ``heard`` or ``is_over`` says that it is over."""

    __slots__ = ("_acked", "_at", "_base_us", "_lost", "_octets", "_peak_us", "slow")

    def __init__(self, now: float) -> None:
        self.slow: float | None = None
        """Octets per second that arrived, where that is little; set when it is over."""
        self._at = now
        self._base_us: int | None = None
        self._peak_us = self._acked = self._lost = self._octets = 0

    def is_over(self, now: float) -> bool:
        """Nothing is told of the train: the line is taken for a good one, as long as nothing speaks against it."""
        return now - self._at >= _PATIENCE_SECONDS

    def heard(self, digest: Digest, now: float) -> bool:
        """Whether enough is known. Digests of before the train only show the delay without a queue."""
        if digest.acked_packets:
            least = digest.delay_min_us
            self._base_us = least if self._base_us is None else min(self._base_us, least)
            self._peak_us = max(digest.delay_last_us, digest.delay_max_us)
        newest = now - digest.rtt_us / 1e6
        if newest < self._at:
            return False
        self._acked += digest.acked_packets
        self._lost += digest.lost_packets
        self._octets += digest.acked_octets
        if self._acked + self._lost < _PACKETS and not self.is_over(now):
            return False
        queue_us = 0 if self._base_us is None else self._peak_us - self._base_us
        if queue_us > SLOW_US or self._lost > _MOST_LOST * (self._acked + self._lost):
            span = newest - self._at + max(0, digest.delay_last_us - (self._base_us or 0)) / 1e6
            self.slow = self._octets / max(span, TRAIN.seconds)
        return True
