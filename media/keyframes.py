"""How often a publisher is asked for a key frame, and how often one subscriber may cause it. Pure.

Key frames are the dearest thing in a lesson: one subscriber on a bad line once drove everybody's
traffic tenfold. So a source is asked at most twice a second, and beyond the first picture a
subscriber gets one key frame per five seconds. Where the line does not carry the key frames themselves
in time, so that one after the other is thrown away, it is asked for more and more rarely.
"""

SOURCE_SECONDS = 0.5
SUBSCRIBER_SECONDS = 5.0
MOST_SUBSCRIBER_SECONDS = 15.0
STEADY_SECONDS = 20.0
"""Without a queue thrown away: the line carries what is sent."""
UNANSWERED_SECONDS = 1.0
RETRIES = 5
PATIENT_SECONDS = 4.0
"""After so many unanswered requests: the publisher may be gone, or be back any moment."""


class SourceGate:
    """One per incoming video stream. Times are seconds, monotonic."""

    __slots__ = ("_asked_at", "_pending", "_tries", "_unanswered", "_wanted_at")

    def __init__(self) -> None:
        self._asked_at = self._wanted_at = float("-inf")
        self._pending = False
        self._unanswered = False
        self._tries = 0

    def ask(self, now: float) -> bool:
        """Whether to send a request right now; otherwise it is kept for ``due``."""
        self._tries = 0
        self._wanted_at = now
        if now - self._asked_at < SOURCE_SECONDS:
            self._pending = True
            return False
        return self._send(now)

    def due(self, now: float) -> bool:
        """Whether to send a kept or unanswered request now."""
        since = now - self._asked_at
        if self._pending and since >= SOURCE_SECONDS:
            return self._send(now)
        if self._unanswered:
            wait = UNANSWERED_SECONDS if self._tries < RETRIES else PATIENT_SECONDS
            return since >= wait and self._send(now)
        return False

    def arrived(self, at: float) -> None:
        """A key frame began then. One from before it was wanted last answers nothing."""
        if at < self._wanted_at:
            return
        self._pending = self._unanswered = False
        self._tries = 0

    def _send(self, now: float) -> bool:
        self._asked_at = now
        self._pending = False
        self._unanswered = True
        self._tries += 1
        return True


class SubscriberBudget:
    """One per consumer."""

    __slots__ = ("_pause", "_spent_at", "_starved_at", "wants")

    def __init__(self) -> None:
        self._spent_at = self._starved_at = float("-inf")
        self._pause = SUBSCRIBER_SECONDS
        self.wants = False

    def ask(self, now: float) -> bool:
        """Whether the request may go to the source now; otherwise it is kept for ``due``."""
        if now - self._spent_at < self._pause:
            self.wants = True
            return False
        self._spent_at = now
        self.wants = False
        return True

    def starved(self, now: float) -> bool:
        """What waited was too much for the line, and was thrown away. As ``ask``."""
        steady = now - self._starved_at >= self._pause + STEADY_SECONDS
        self._pause = SUBSCRIBER_SECONDS if steady else min(MOST_SUBSCRIBER_SECONDS, 2 * self._pause)
        self._starved_at = now
        return self.ask(now)

    def due(self, now: float) -> bool:
        if now - self._starved_at >= MOST_SUBSCRIBER_SECONDS + STEADY_SECONDS:
            self._pause = SUBSCRIBER_SECONDS
        return self.wants and self.ask(now)

    def satisfied(self) -> None:
        """A key frame reached the subscriber."""
        self.wants = False


class Impatience:
    """A browser that was shown nothing for three seconds asks for a key frame, though it lacks nothing.

    Where its pictures wait here and nothing was lost, what waits comes before any key frame would, which would only have
    to wait behind it. A browser that cannot decode asks again within a second.
    """

    __slots__ = ("_asked_at", "_until")

    AGAIN_SECONDS = 2.0
    LASTS_SECONDS = 3.0

    def __init__(self) -> None:
        self._asked_at = self._until = float("-inf")

    def waits(self, now: float) -> None:
        """Pictures wait, and nothing was lost lately."""
        self._until = now + self.LASTS_SECONDS

    def lost(self) -> None:
        self._until = float("-inf")

    def is_all(self, now: float) -> bool:
        """Asked now: whether there is no more to it."""
        before, self._asked_at = self._asked_at, now
        return now <= self._until and now - before >= self.AGAIN_SECONDS


class RetransmissionBudget:
    """How many octets may be retransmitted to one subscriber: a share of what it gets, and a start."""

    __slots__ = ("_credit", "_seen", "_spent")

    SHARE = 0.25
    START = 128_000
    MOST = 512_000

    def __init__(self) -> None:
        self._credit = float(self.START)
        self._seen = self._spent = 0

    def allowance(self, octets_sent: int, octets_resent: int) -> int:
        """How many octets more. ``octets_sent``: of the stream itself so far; ``octets_resent``: of retransmissions."""
        self._credit = min(self.MOST, self._credit + self.SHARE * (octets_sent - self._seen))
        self._credit -= octets_resent - self._spent
        self._seen, self._spent = octets_sent, octets_resent
        return max(0, int(self._credit))


class RequestBudget:
    """How many numbers of one subscriber's NACKs are looked at: each costs time, whether it is there or not."""

    __slots__ = ("_at", "_credit")

    PER_SECOND = 4_000
    MOST = 4_000

    def __init__(self) -> None:
        self._credit = float(self.MOST)
        self._at: float | None = None

    def allows(self, now: float) -> bool:
        if self._at is not None and now > self._at:
            self._credit = min(self.MOST, self._credit + (now - self._at) * self.PER_SECOND)
        self._at = now
        return self._credit > 0

    def spend(self, numbers: int) -> None:
        self._credit -= numbers
