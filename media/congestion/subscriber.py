"""Everything about one subscriber's way down, in one place: what the media worker talks to. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from media.congestion.allocation import Wanted
from media.congestion.choosing import Allocation, Chooser
from media.congestion.digest import Digest
from media.congestion.pacing import Control, Pace
from media.congestion.probing import Probe


class Decision(NamedTuple):
    """What is to be done now; None: nothing new. ``pace`` and ``probe`` go to the outlet, ``allocation`` to the legs."""

    pace: Pace | None
    probe: Probe | None
    allocation: Allocation | None


IDLE = Decision(None, None, None)
WAITS_SECONDS = 0.1
LEAST_SPARE = 0.1
"""Of a full line, what stills and the like may still take."""


class Subscriber:
    """One per receiving transport.

    ``step`` is to be called with every digest, when what is wanted changes, and while ``is_held`` at least five
    times a second besides: to a subscriber without trouble and with nothing new it is not worth a call.
    """

    __slots__ = ("_allocation", "_chooser", "_waits", "_wanted", "control")

    def __init__(self) -> None:
        self.control = Control()
        self._chooser = Chooser()
        self._wanted: Sequence[Wanted] = ()
        self._allocation = Allocation({}, None, 0)
        self._waits = False

    @property
    def is_held(self) -> bool:
        return self.control.budget is not None or self.control.is_beginning

    @property
    def allocation(self) -> Allocation:
        return self._allocation

    def begin(self, now: float) -> Decision:
        """Its first picture will be sent. May be called again: then nothing is new."""
        pace, probe = self.control.begin(now)
        return IDLE if pace is None else Decision(pace, probe, None)

    def step(self, digest: Digest | None, wanted: Sequence[Wanted], now: float) -> Decision:
        """``wanted``: everything this subscriber hears and has on its screen; may be the same object as before."""
        was_held = self.is_held
        before = self._allocation
        pace, probe = self.control.step(digest, before.needed, before.voice_only is not None, now)
        budget = self.control.budget
        if budget is None and not was_held and wanted is self._wanted:
            return IDLE if pace is None else Decision(pace, probe, None)
        self._wanted = wanted
        waited = digest.queue_delay_us / 1e6 if digest is not None else 0.0
        if digest is not None:
            self._waits = waited > WAITS_SECONDS
        allocation = self._chooser.choose(budget, wanted, now, waited)
        self._allocation = allocation
        changed = (
            allocation.layers.keys() != before.layers.keys() or allocation.voice_only != before.voice_only
        )
        if not changed:
            for name, layer in allocation.layers.items():
                other = before.layers[name]
                # Measured rates change all the time; what is to be sent does not.
                if (layer is None) != (other is None) or (
                    layer is not None and other is not None and layer[:2] != other[:2]
                ):
                    changed = True
                    break
        return Decision(pace, probe, allocation if changed else None)

    def beside(self, octets: int, now: float) -> None:
        """So many octets go to the subscriber by another way, over the same line, from now on."""
        self.control.beside(octets, now)

    def room(self) -> tuple[int, int]:
        """Octets per second the line is thought to take beside voice, and what of it is left; (0, 0): no
        limit was met. A line that voice alone fills takes 1.
        """
        budget = self.control.budget
        if budget is None:
            return 0, 0
        # What is really sent: a picture that rests leaves its share to the still of it, one that waits does not.
        used = self.control.estimator.received_rate
        spare = 0.0 if self._waits else budget + self.control.voice - used
        return max(1, int(budget)), int(max(spare, LEAST_SPARE * budget, 0.0))
