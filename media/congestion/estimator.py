"""How many octets a second one subscriber's path carries, from digests. Pure.

Two states. *Free*: no sign of trouble was seen; nothing is limited and ``rate`` means nothing. *Held*: ``rate`` is what
may be sent. A path becomes held when packets wait for longer than a healthy network makes them, or are lost in
numbers; it becomes free again when it has been shown to carry far more than is wanted.

While held: a queue that stands (its least delay within an interval is over the threshold) means the path is full, and
what arrives is then what it carries: ``rate`` goes below that. Loss without a queue may be the line's own or a policer's:
the rate is lowered once to see whether the loss follows; if not, it is the line's own and is no reason to send less.
Growth happens only while the rate is used; what is not used is found by probes (``probing``).
"""

from collections import deque

from media.congestion.beside import Beside
from media.congestion.digest import Digest
from media.congestion.loss import Loss
from media.congestion.noise import Noise
from media.congestion.window import Base, Window

FLOOR = 4_000.0
"""Octets per second: half of a voice. Lower estimates would say nothing that matters."""
CEILING = 25_000_000.0
FIRST_HELD = 60_000.0
"""The least that the first sign of trouble leaves: jitter alone must not turn pictures off."""
OVER_SECONDS = 0.18
FREE_OVER_SECONDS = 0.28
THRESHOLD_US = 35_000
FREE_THRESHOLD_US = 60_000
MOST_THRESHOLD_US = 150_000
NOISY = 25_000.0
"""Octets per second, below which delay that goes back and forth is believed to be the line's own less and less."""
NOISES = 6.0
"""Times its own noise is what a line's delay may be off."""
LEAST_BUSY_US = 60_000
"""Of arrivals: over less, one packet more or less changes the rate too much."""
_SECONDS = 0.6
"""Over which what was sent and what came is counted."""
_SENT_KEPT = 40
"""Digests: as many as there are in that and a round trip of a second, and more."""
GAP_SECONDS = 1.0
"""Silence for longer: an outage, whose losses say nothing of the rate."""
_DECREASE = 0.85
_FIRST_SHARE = 0.95
_GROWTH = 0.08
_GROWTH_NEAR = 0.03
"""Shares per second, far from and near to the rate at which the path was last full."""
RELEASE_SECONDS = 20.0
RELEASE_RATE = 500_000.0


def enough_to_release(needed: float) -> float:
    """A path that carries so much need not be held, when ``needed`` is wanted (octets per second)."""
    return max(RELEASE_RATE, 2 * needed)


class Estimator:
    """One per subscriber.

    ``rate``: octets per second, with voice. ``queue_us``: the delay over the base that even the luckiest packet had;
    ``peak_us``: the unluckiest. ``acked_rate``, ``sent_rate``: of the last 0.6 s, with what is sent beside;
    ``received_rate``: without.
    """

    __slots__ = (
        "_acked",
        "_at",
        "_base",
        "_beside",
        "_busy_from_us",
        "_busy_octets",
        "_busy_us",
        "_drained_us",
        "_full_at",
        "_noise",
        "_over",
        "_patience",
        "_quiet_since",
        "_received",
        "_sent",
        "_threshold",
        "_wait",
        "acked_rate",
        "held",
        "loss",
        "peak_us",
        "queue_us",
        "rate",
        "received_rate",
        "rtt",
        "sent_rate",
        "trouble_at",
    )

    def __init__(self) -> None:
        self.held = False
        self.rate = CEILING
        self.loss = Loss()
        self.queue_us = self.peak_us = 0
        self.acked_rate = self.sent_rate = self.received_rate = 0.0
        self.rtt = 0.1
        self.trouble_at = float("-inf")
        self._base = Base()
        self._noise = Noise()
        self._beside = Beside()
        self._acked = Window(_SECONDS)
        self._received = Window(_SECONDS)
        self._sent: deque[tuple[float, int]] = deque(maxlen=_SENT_KEPT)
        self._at: float | None = None
        self._over = 0.0
        self._busy_octets = self._busy_from_us = self._busy_us = 0
        self._threshold = float(THRESHOLD_US)
        self._wait = 0.0
        self._drained_us = 0
        self._full_at = 0.0
        self._quiet_since = 0.0
        self._patience = RELEASE_SECONDS

    @property
    def congested(self) -> bool:
        """A queue stands right now."""
        return self.held and self._over >= OVER_SECONDS

    @property
    def _carried(self) -> float:
        """The last 0.6 s may have begun before the path was full: then the time since says more."""
        busy = self._busy_octets * 1e6 / self._busy_us if self._busy_us >= LEAST_BUSY_US else 0.0
        return max(self.acked_rate, busy)

    def is_calm(self, now: float) -> bool:
        """Nothing speaks against trying more."""
        return (
            now >= self._wait
            and not self._beside.is_busy(now)
            and self.queue_us <= 0.6 * self._limit_us
            and self.loss.allows_growth
        )

    def beside(self, octets: int, now: float) -> None:
        """So many octets go over the same line by another way from now on."""
        self._beside.tell(octets, self._rate_or_guess, self.rtt, now)

    @property
    def _rate_or_guess(self) -> float:
        return self.rate if self.held else FIRST_HELD

    @property
    def _limit_us(self) -> float:
        """What more than this waits, waits in a queue of ours."""
        if not self.held:
            return FREE_THRESHOLD_US + NOISES * self._noise.value
        # A packet of ours alone takes a thin line long: that is no noise of its own.
        return self._threshold + NOISES * self._noise.value * min(1.0, self.rate / NOISY)

    def heard(self, digest: Digest, now: float) -> None:
        elapsed = 0.1 if self._at is None else now - self._at
        if elapsed <= 0:
            return
        self._at = now
        if elapsed > GAP_SECONDS:
            self._after_gap(digest, now)
            return
        acked, received = self._acked, self._received
        beside = self._beside.carried(self._rate_or_guess, digest.acked_octets, elapsed)
        acked.add(digest.acked_octets + beside, digest.sent_octets + beside, now, elapsed)
        received.add(digest.acked_octets, 0, now, elapsed)
        self._sent.append((now, digest.sent_octets + beside))
        self.received_rate = received.first / received.span(now)
        span = acked.span(now)
        self.acked_rate = acked.first / span
        self.sent_rate = acked.second / span
        # Nothing is known of a free path: that they fill it is news.
        is_busy = self.held and self._beside.is_busy(now)
        if not is_busy:
            self.loss.add(digest.lost_packets, digest.acked_packets, now, elapsed)
        if digest.acked_packets:
            self.queue_us = self._base.add(digest.delay_min_us, now)
            self._noise.add(digest.delay_min_us)
            peak = max(digest.delay_max_us, digest.delay_mean_us, digest.delay_last_us)
            self.peak_us = peak - self._base.value
            if digest.rtt_us:
                self.rtt += (min(digest.rtt_us / 1e6, 2.0) - self.rtt) * 0.1
        over = not is_busy and self.queue_us > self._limit_us
        if not over:
            self._empty()
        else:
            if not self._over:
                self._busy_from_us = digest.arrived_us
            elif digest.acked_packets:
                # What came while the queue stood throughout, by the clock of where it came.
                self._busy_us = digest.arrived_us - self._busy_from_us
                self._busy_octets += digest.acked_octets + beside
            self._over += min(elapsed, 0.25)
        if self.held:
            if not is_busy:
                self._hold(digest, now, elapsed)
        elif (
            self._over >= FREE_OVER_SECONDS
            or self.loss.is_severe
            or (self.loss.is_high and self.peak_us > THRESHOLD_US)
        ):
            self._become_held(now)

    def _empty(self) -> None:
        """No queue stands."""
        self._over = 0.0
        self._busy_octets = self._busy_us = 0

    # --- held and free ---

    def _become_held(self, now: float) -> None:
        self.held = True
        self._patience = RELEASE_SECONDS if now - self.trouble_at > 600 else min(600, 2 * self._patience)
        self.rate = min(CEILING, max(FIRST_HELD, 0.9 * self._carried))
        self._threshold = float(THRESHOLD_US)
        self._full(now)

    def hold_at(self, carried: float, now: float) -> None:
        """So much was measured to arrive, while a queue stood."""
        if not self.held:
            self._become_held(now)
        self.rate = min(CEILING, max(FLOOR, _FIRST_SHARE * carried))
        self._full_at = self.rate

    def release_if(self, needed: float, now: float) -> bool:
        """Free again, when the path is known to carry twice what is ``needed`` (octets per second) and has long been quiet."""
        if self.held and self.rate >= enough_to_release(needed) and now - self._quiet_since >= self._patience:
            self.held = False
            self.rate = CEILING
            self._empty()
            return True
        return False

    # --- while held ---

    def _hold(self, digest: Digest, now: float, elapsed: float) -> None:
        if self._over >= OVER_SECONDS:
            self.loss.interrupt()
            # What the line carries is known when enough has come while it was full; or it carries nothing any more.
            if now >= self._wait and (self._busy_us >= LEAST_BUSY_US or self._over >= 2 * OVER_SECONDS):
                self._lower(now)
            return
        self._drained_us = 0
        verdict = self.loss.judge(self.rate, now, self.rtt)
        if verdict is not None:
            if verdict < self.rate:
                self._full(now)
                self.rate = max(FLOOR, verdict, min(self.rate, 0.8 * self.acked_rate))
            else:
                self.rate = verdict
            return
        if not self.is_calm(now):
            return
        self._threshold = max(THRESHOLD_US, self._threshold * (1 - elapsed / 30))
        if digest.queued_octets or self.sent_rate >= 0.85 * self.rate:
            near = abs(self.rate - self._full_at) < 0.1 * self._full_at
            grown = self.rate * (1 + (_GROWTH_NEAR if near else _GROWTH) * min(elapsed, 0.5))
            self.rate = min(CEILING, grown, max(self.rate, 1.5 * self.acked_rate))

    def _sent_before(self, then: float) -> float:
        """Octets per second of the ``_SECONDS`` before."""
        return sum(octets for at, octets in self._sent if then - _SECONDS < at <= then) / _SECONDS

    def _lower(self, now: float) -> None:
        queue = self.queue_us
        if self._drained_us and queue < 0.8 * self._drained_us:
            # It is emptying already.
            self._drained_us = queue
            self._wait = now + self.rtt + 0.2
            return
        if self._drained_us:
            # Sending less did not help: others fill it. Bear with more, or they take everything.
            self._threshold = min(MOST_THRESHOLD_US, 1.2 * self._threshold)
        # What was sent a moment ago is on its way, not in a queue.
        came_of = self._sent_before(now - min(self.rtt, 1.0))
        filled = self.acked_rate < 0.95 * came_of or self.sent_rate >= 0.8 * self.rate
        carried = self._carried
        lower = _DECREASE * carried if filled else max(_DECREASE * self.rate, carried)
        full_at = carried if filled else self.rate
        self.rate = max(FLOOR, min(self.rate, lower))
        self._full(now)
        self._full_at = full_at
        self._drained_us = queue

    def _full(self, now: float) -> None:
        self.trouble_at = self._quiet_since = now
        self._full_at = self.rate
        self._wait = now + self.rtt + 0.3
        self._drained_us = 0

    def pause_judgement(self, until: float) -> None:
        """A probe is under way: the queue it makes is not the rate's doing."""
        self._wait = max(self._wait, until)

    def raise_to(self, rate: float) -> None:
        """A probe has shown it."""
        self.rate = min(CEILING, max(self.rate, rate))

    def _after_gap(self, digest: Digest, now: float) -> None:
        self._acked.clear()
        self._received.clear()
        self._sent.clear()
        self.loss.clear()
        self._empty()
        self._drained_us = 0
        if digest.acked_packets:
            self.queue_us = self._base.add(digest.delay_min_us, now)
        if self.held and digest.lost_packets > digest.acked_packets // 2:
            self.rate = max(FLOOR, 0.7 * self.rate)
            self._full(now)
