"""How a subscriber's numbers follow from a publisher's: monotone over pauses and switches of source.

A run of packets forwarded without a break is an epoch: outgoing = incoming + a constant. A new
epoch begins after the highest number ever given out, and takes nothing older than its first
packet, so two different packets never meet in one number (GCM nonces depend on that). One incoming
packet must be offered once only: the receiver of the stream throws doubles away.
"""

from collections import deque

from media.rtp.seq import unwrap

REMEMBERED = 4
MAX_BEHIND = 1000
"""libsrtp refuses to protect what is 1,024 or more behind the highest."""


class Epoch:
    """``first``: the oldest incoming number taken. ``source`` identifies the stream the numbers came from."""

    __slots__ = ("first", "offset", "picture_offset", "source", "timestamp_offset", "tl0_offset")

    def __init__(
        self,
        source: object,
        first: int,
        offset: int,
        timestamp_offset: int,
        picture_offset: int = 0,
        tl0_offset: int = 0,
    ) -> None:
        self.source = source
        self.first = first
        self.offset = offset
        self.timestamp_offset = timestamp_offset
        self.picture_offset = picture_offset
        self.tl0_offset = tl0_offset


class Rewriter:
    """Sequence state of one outgoing stream. ``start``: the first number to give out, below 2^15."""

    __slots__ = ("current", "epochs", "highest")

    def __init__(self, start: int) -> None:
        if not 0 < start < 0x8000:
            raise ValueError("a rewritten sequence starts below 2^15")
        self.highest = start - 1
        self.current: Epoch | None = None
        self.epochs: deque[Epoch] = deque(maxlen=REMEMBERED)

    def begin(
        self,
        source: object,
        first: int,
        timestamp_offset: int = 0,
        picture_offset: int = 0,
        tl0_offset: int = 0,
    ) -> Epoch:
        """A new epoch whose first incoming number is ``first``."""
        epoch = Epoch(source, first, self.highest + 1 - first, timestamp_offset, picture_offset, tl0_offset)
        self.current = epoch
        self.epochs.append(epoch)
        return epoch

    def end(self) -> None:
        self.current = None

    def rewrite(self, seq: int) -> int | None:
        """The unwrapped outgoing number, or None: too old for this epoch, or nothing is being forwarded."""
        epoch = self.current
        if epoch is None or seq < epoch.first:
            return None
        out = seq + epoch.offset
        if out > self.highest:
            self.highest = out
        elif self.highest - out > MAX_BEHIND:
            return None
        return out

    def origin(self, seq: int) -> tuple[Epoch, int, int] | None:
        """For a 16-bit outgoing number that was given out: its epoch, incoming and unwrapped outgoing number."""
        out = unwrap(seq, self.highest)
        if out > self.highest:
            return None
        for epoch in reversed(self.epochs):
            incoming = out - epoch.offset
            if incoming >= epoch.first:
                return epoch, incoming, out
        return None
