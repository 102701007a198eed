"""Finding out whether a path carries more: a short time of sending faster, filled up with padding. Pure.

A path of capacity C that gets R for D seconds has (R - C)·D octets waiting at the end, the last of which take
(R - C)·D / C longer than without a queue. So from the queue q that was seen, C = R·D / (D + q). What was really
sent may be less than R; so no more is believed than what came, by the receiver's clock, in the best of its moments. What a probe sends too
much is bounded, so that it costs even a line of 64 kbit/s a quarter of a second of delay and no voice.
"""

from typing import NamedTuple

from media.congestion.digest import Digest

FIRST_SECONDS = 1.5
MOST_SECONDS = 60.0
MOST_STARVING_SECONDS = 16.0
_PACKET = 1_000
_EXCESS_SECONDS = 0.12
_LEAST_SECONDS = 0.1
_OLDEST_DIGEST = 0.1
_MOMENT_US = 60_000
_PATIENCE_SECONDS = 1.0
_MOST_JITTER_US = 250_000
"""What the unluckiest packets wait by the line's own doing; longer is a queue."""
_GAIN = 1.15
"""A probe that finds less than this above the rate found nothing."""


class Probe(NamedTuple):
    """Padding of ``octets_per_second`` for ``seconds``, beside what is sent anyway."""

    octets_per_second: int
    seconds: float


class Prober:
    """One per subscriber. Told of every digest; asked for a probe when more is wanted than the rate gives."""

    __slots__ = (
        "_arrived_us",
        "_best",
        "_came",
        "_interval",
        "_jitter_us",
        "_losses",
        "_next",
        "_packets",
        "_peak_us",
        "_sent",
        "_target",
        "_until",
        "probe",
    )

    def __init__(self) -> None:
        self.probe: Probe | None = None
        """Under way, or waiting for what is said of it."""
        self._interval = FIRST_SECONDS
        self._next = float("-inf")
        self._until = self._target = 0.0
        self._jitter_us = 0.0
        self._peak_us = self._sent = self._losses = self._packets = 0
        self._arrived_us = self._came = 0
        self._best = 0.0

    def trouble(self, now: float) -> None:
        """The rate was lowered: leave the path alone for a while."""
        self.probe = None
        self._next = max(self._next, now + self._interval)

    def disturbed(self, now: float) -> None:
        """Something else fills the path: what is under way will show nothing, and that is no failure."""
        if self.probe is not None:
            self.probe = None
            self._interval = max(FIRST_SECONDS, self._interval / 2)
            self._next = now + self._interval

    def heard(self, digest: Digest, peak_us: int, rate: float, rtt: float, now: float) -> float | None:
        """The rate that a probe has shown, when one has."""
        if self.probe is None:
            if digest.acked_packets:
                self._arrived_us = digest.arrived_us
                self._jitter_us += (min(peak_us, _MOST_JITTER_US) - self._jitter_us) * 0.05
            return None
        self._peak_us = max(self._peak_us, peak_us)
        self._sent += digest.sent_octets
        self._losses += digest.lost_packets
        self._packets += digest.lost_packets + digest.acked_packets
        self._count_arrivals(digest)
        # Its last packets wait longest: wait until they are heard of. A digest may be a tenth of a second old.
        newest = now - _OLDEST_DIGEST - digest.rtt_us / 1e6
        if newest < self._until and now < self._until + rtt + _PATIENCE_SECONDS:
            return None
        probe, self.probe = self.probe, None
        octets = min(self._sent, self._target * probe.seconds)
        waited = max(0.0, self._peak_us - self._jitter_us) / 1e6
        capacity = min(octets / (probe.seconds + waited), self._best)
        lossy = self._losses > 1 and self._losses > 0.2 * self._packets
        if lossy or capacity < _GAIN * rate:
            return None
        self._interval = FIRST_SECONDS
        self._next = now + 0.3
        return 0.95 * capacity

    def _count_arrivals(self, digest: Digest) -> None:
        """The best rate of any ``_MOMENT_US`` or more between two digests."""
        if not digest.acked_packets:
            return
        self._came += digest.acked_octets
        span = digest.arrived_us - self._arrived_us
        if span >= _MOMENT_US:
            self._best = max(self._best, self._came * 1e6 / span)
            self._arrived_us, self._came = digest.arrived_us, 0

    def due(
        self, rate: float, needed: float, sent_rate: float, rtt: float, starving: bool, now: float
    ) -> Probe | None:
        """A probe to be made now. ``needed``: octets per second that are of use; ``sent_rate``: what is sent anyway;
        ``starving``: there is no picture."""
        if self.probe is not None:
            if now > self._until + rtt + 2.0:
                self.probe = None
            return None
        if needed <= rate or now < self._next:
            return None
        target = min(2.0 * rate, max(1.1 * needed, 1.3 * rate))
        if rate < _PACKET / _EXCESS_SECONDS:
            target = 2.0 * rate
        seconds = max(_LEAST_SECONDS, max(_PACKET, _EXCESS_SECONDS * rate) / (target - rate))
        self.probe = Probe(max(_PACKET, int(target - min(sent_rate, rate))), seconds)
        self._target = target
        self._until = now + seconds
        self._peak_us = self._sent = self._losses = self._packets = 0
        self._best, self._came = 0.0, 0
        # As if it will fail; a success resets it.
        most = MOST_STARVING_SECONDS if starving else MOST_SECONDS
        self._interval = min(most, 2 * self._interval)
        self._next = now + self._interval
        return self.probe
