"""Whether one subscriber's outlet is paced, how fast, and when it probes. Pure."""

from typing import NamedTuple

from media.congestion.beginning import START, TRAIN, Beginning
from media.congestion.digest import Digest
from media.congestion.estimator import Estimator, enough_to_release
from media.congestion.flushing import flush_seconds
from media.congestion.probing import Probe, Prober

_CHANGE = 0.02
_DRAIN = 0.85
"""While a queue stands, less than the path carries is sent, or it would stand on."""
_LEAST_PACE = 2_000


class Pace(NamedTuple):
    """What ``Outlet.pace`` takes; ``octets_per_second`` 0: not paced."""

    octets_per_second: int
    flush_seconds: float


OFF = Pace(0, 0.0)


class Steps(NamedTuple):
    """What is to be told the outlet now; None: nothing new."""

    pace: Pace | None
    probe: Probe | None


_NOTHING = Steps(None, None)


class Control:
    """One subscriber's estimate, pacer and probes.

    ``budget``: octets per second that may be sent beside voice; None: not limited. ``voice``: octets per second of it.
    """

    __slots__ = ("_beginning", "_begun", "_heard_at", "_pace", "estimator", "prober", "voice")

    def __init__(self) -> None:
        self.estimator = Estimator()
        self.prober = Prober()
        self.voice = 0.0
        self._heard_at: float | None = None
        self._pace = OFF
        self._beginning: Beginning | None = None
        self._begun = False

    @property
    def budget(self) -> float | None:
        return self.estimator.rate - self.voice if self.estimator.held else None

    @property
    def is_beginning(self) -> bool:
        return self._beginning is not None

    def begin(self, now: float) -> Steps:
        """The first picture will be sent; later ones change nothing."""
        if self._begun:
            return _NOTHING
        self._begun = True
        if self.estimator.held:
            return _NOTHING
        self._beginning = Beginning(now)
        return Steps(self._paced(Pace(START, flush_seconds(START))).pace, TRAIN)

    def beside(self, octets: int, now: float) -> None:
        """So many octets go over the same line by another way from now on: what a probe would see is theirs."""
        self.estimator.beside(octets, now)
        self.prober.disturbed(now)

    def step(self, digest: Digest | None, needed: float, starving: bool, now: float) -> Steps:
        """``needed``: octets per second with which every picture would be sent at its best; ``starving``: there is
        no room for any picture. Call with every digest, and while ``budget`` is not None a few times a second besides.
        """
        estimator = self.estimator
        needed += self.voice
        if digest is not None:
            trouble = estimator.trouble_at
            estimator.heard(digest, now)
            self._hear_voice(digest, now)
            self._hear_beginning(digest, now)
            if not estimator.held:
                return _NOTHING if self._beginning else self._paced(OFF)
            if estimator.trouble_at != trouble:
                self.prober.trouble(now)
            found = self.prober.heard(digest, estimator.peak_us, estimator.rate, estimator.rtt, now)
            if found is not None:
                estimator.raise_to(found)
        elif not estimator.held:
            if self._beginning is not None and self._beginning.is_over(now):
                self._beginning = None
                return self._paced(OFF)
            return _NOTHING
        if estimator.release_if(needed, now):
            return self._paced(OFF)
        probe = None
        if estimator.is_calm(now):
            enough = enough_to_release(needed)
            probe = self.prober.due(estimator.rate, enough, estimator.sent_rate, estimator.rtt, starving, now)
            if probe is not None:
                estimator.pause_judgement(now + probe.seconds + estimator.rtt + 0.3)
        rate = estimator.rate
        if estimator.congested:
            rate *= _DRAIN
        pace = Pace(max(_LEAST_PACE, int(rate)), flush_seconds(estimator.rate))
        return Steps(self._paced(pace).pace, probe)

    def _hear_beginning(self, digest: Digest, now: float) -> None:
        if self._beginning is None or not self._beginning.heard(digest, now):
            return
        beginning, self._beginning = self._beginning, None
        if beginning.slow is not None:
            self.estimator.hold_at(beginning.slow, now)

    def _hear_voice(self, digest: Digest, now: float) -> None:
        before, self._heard_at = self._heard_at, now
        if before is not None and 0.0 < now - before < 1.0:
            rate = digest.voice_octets / (now - before)
            self.voice += (rate - self.voice) * 0.1

    def _paced(self, pace: Pace) -> Steps:
        before = self._pace
        if pace == before or (
            pace.octets_per_second
            and before.octets_per_second
            and abs(pace.octets_per_second - before.octets_per_second) < _CHANGE * before.octets_per_second
        ):
            return _NOTHING
        self._pace = pace
        return Steps(pace, None)
