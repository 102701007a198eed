"""What waits for one subscriber when its line takes less than there is: RTX, then video, at a given rate. Pure.

Voice does not pass here: it goes at once, and its octets are taken from the credit, so video gives way to it.
"""

from collections import deque
from collections.abc import Hashable
from typing import Generic, NamedTuple, TypeVar

MAX_WAITING = 2048
"""Packets: what cannot be sent within ``flush_seconds`` at any rate we pace at."""
MAX_REPAIRS = 256
"""Packets to be sent again: they go before video, and what is missing for longer is asked for again."""
BURST_SECONDS = 0.04
MOST_SPENT_SECONDS = 2.0
"""What is sent beside the queue holds it up for no longer."""
T = TypeVar("T")


class Waiting(NamedTuple, Generic[T]):
    """``stream``: whose it is; flushing throws out one stream's. ``picture``: packets of one picture have the same.
    ``begins``: the first packet of a key frame."""

    item: T
    stream: Hashable
    picture: int
    size: int
    begins: bool
    at: float


class Flushed(NamedTuple):
    """``picture``: the stream's that stayed. ``starves``: nothing of the stream is of use before a key frame."""

    stream: Hashable
    picture: int
    packets: int
    starves: bool


class Pacer(Generic[T]):
    """Times are seconds. ``rate``: octets per second, 0: everything is due at once."""

    __slots__ = ("_credit", "_flush_seconds", "_rtx", "_video", "at", "queued_octets", "rate")

    def __init__(self) -> None:
        self.rate = 0
        self.queued_octets = 0
        self.at = 0.0
        self._flush_seconds = 1.0
        self._credit = 0.0
        self._rtx: deque[Waiting[T]] = deque()
        self._video: deque[Waiting[T]] = deque()

    def __len__(self) -> int:
        return len(self._rtx) + len(self._video)

    def set(self, rate: int, flush_seconds: float, now: float) -> None:
        if not self.rate:
            self._credit = 0.0
        else:
            self._refill(now)
        self.at = now
        self.rate = rate
        self._flush_seconds = flush_seconds

    def spend(self, octets: int) -> None:
        """Sent beside the queue; negative: popped, but not sent after all."""
        if self.rate:
            self._credit -= octets

    def beside(self, octets: int, now: float) -> None:
        """Somebody else sends so many over the same line."""
        if self.rate:
            self._refill(now)
            self._credit = max(self._credit - octets, -self.rate * MOST_SPENT_SECONDS)

    def push_rtx(self, item: T, stream: Hashable, size: int, now: float) -> None:
        """What waits already is not put in twice: browsers ask again every few ten milliseconds."""
        if len(self._rtx) < MAX_REPAIRS and all(entry.item != item for entry in self._rtx):
            self._rtx.append(Waiting(item, stream, -1, size, False, now))
            self.queued_octets += size

    def push(
        self, item: T, stream: Hashable, picture: int, size: int, begins: bool, now: float
    ) -> Flushed | None:
        """What was thrown out for it, if anything was. Of a stream that starves the caller offers no more until
        a key frame begins."""
        if len(self._video) >= 2 * MAX_WAITING:
            return Flushed(stream, picture, 1, True)
        self._video.append(Waiting(item, stream, picture, size, begins, now))
        self.queued_octets += size
        oldest = self._video[0]
        if now - oldest.at <= self._flush_seconds and len(self._video) <= MAX_WAITING:
            return None
        return self._flush(oldest)

    def _flush(self, oldest: Waiting[T]) -> Flushed | None:
        """Throws out the pictures of ``oldest``'s stream that wait behind its own, up to the last key frame that
        waits. The oldest picture stays: it may be on its way already, and without an end it was sent in vain.
        """
        stream, kept = oldest.stream, deque[Waiting[T]]()
        key = next((e for e in reversed(self._video) if e.stream == stream and e.begins), None)
        if key is not None and key.picture == oldest.picture:
            key = None
        reached = False
        for entry in self._video:
            reached = reached or entry is key
            if entry.stream != stream or reached or entry.picture == oldest.picture:
                kept.append(entry)
            else:
                self.queued_octets -= entry.size
        count = len(self._video) - len(kept)
        self._video = kept
        return Flushed(stream, oldest.picture, count, key is None) if count else None

    def forget(self, stream: Hashable) -> None:
        """The stream closes."""
        for name in ("_rtx", "_video"):
            queue: deque[Waiting[T]] = getattr(self, name)
            kept = deque(e for e in queue if e.stream != stream)
            self.queued_octets -= sum(e.size for e in queue) - sum(e.size for e in kept)
            setattr(self, name, kept)

    def _refill(self, now: float) -> None:
        if now > self.at:
            self._credit = min(self.rate * BURST_SECONDS, self._credit + (now - self.at) * self.rate)
            self.at = now

    def pop(self, now: float) -> Waiting[T] | None:
        """What may leave now, or None."""
        queue = self._rtx or self._video
        if not queue:
            return None
        if self.rate:
            self._refill(now)
            if self._credit <= 0:
                return None
        entry = queue.popleft()
        self.queued_octets -= entry.size
        self._credit -= entry.size
        return entry

    def delay(self, now: float) -> float:
        """How long the oldest picture has waited."""
        return now - self._video[0].at if self._video else 0.0
