"""How a subscriber's numbers follow from a publisher's: monotone over pauses, dropped pictures and switches of source.

A run of packets forwarded without a break is an epoch: outgoing = incoming + a constant. Epochs of one
outgoing stream cover ranges that never meet, so two different packets never meet in one number (GCM
nonces depend on that). A late packet belongs to the epoch in whose range its number is. One incoming packet
must be offered once only: the source throws doubles away.
"""

from collections import deque

from media.rtp.seq import unwrap

REMEMBERED = 128
"""Every dropped picture ends an epoch: this is some seconds of a stream of which every other one is dropped."""
MAX_BEHIND = 1000
"""libsrtp refuses to protect what is 1,024 or more behind the highest."""
MAX_LEAP = 0x7000
"""Further ahead (a source was paused for long) the numbers go on without the hole: libsrtp takes 2^15 ahead for behind."""
_OPEN = 1 << 62


class Epoch:
    """``first``–``last``: the incoming numbers it covers; the last epoch's end is open. ``source``: whose numbers they are."""

    __slots__ = ("first", "last", "offset", "picture_offset", "source", "timestamp_offset", "tl0_offset")

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
        self.last = _OPEN
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
        """A new epoch whose first incoming number is ``first``; nothing older is taken."""
        self.end()
        epoch = Epoch(source, first, self.highest + 1 - first, timestamp_offset, picture_offset, tl0_offset)
        self.current = epoch
        self.epochs.append(epoch)
        return epoch

    def begin_again(self, first: int) -> Epoch:
        """Of the same source, under the same offsets, without a hole."""
        now = self.current
        assert now is not None
        return self.begin(now.source, first, now.timestamp_offset, now.picture_offset, now.tl0_offset)

    def end(self) -> None:
        epoch, self.current = self.current, None
        if epoch is not None:
            epoch.last = self.highest - epoch.offset

    def drop(self, seq: int, picture: bool) -> None:
        """An incoming packet is left out, and what follows closes up. ``picture``: with it a picture begins that is
        left out (its PictureID closes up too). One older than the newest leaves the hole that it has."""
        epoch = self.current
        if epoch is None or seq < epoch.first or seq + epoch.offset <= self.highest:
            return
        if seq + epoch.offset - self.highest > MAX_LEAP:
            self.begin_again(seq + 1)
            return
        picture_offset = epoch.picture_offset - 1 if picture else epoch.picture_offset
        if epoch.first + epoch.offset > self.highest and seq == epoch.first:
            # Nothing was given out of it yet: it only begins later.
            epoch.first += 1
            epoch.offset -= 1
            epoch.picture_offset = picture_offset
            return
        epoch.last = seq - 1
        # Numbers of packets that are missing before this one stay theirs.
        self.highest = seq - 1 + epoch.offset
        self.current = Epoch(
            epoch.source,
            seq + 1,
            epoch.offset - 1,
            epoch.timestamp_offset,
            picture_offset,
            epoch.tl0_offset,
        )
        self.epochs.append(self.current)

    def place(self, seq: int) -> Epoch | None:
        """The epoch whose offsets a packet of the present source takes; None: it is left out."""
        epoch = self.current
        if epoch is None:
            return None
        if seq >= epoch.first:
            return self.begin_again(seq) if seq + epoch.offset - self.highest > MAX_LEAP else epoch
        source = epoch.source
        for older in reversed(self.epochs):
            if older.source is not source or older.timestamp_offset != epoch.timestamp_offset:
                return None
            if older.first <= seq:
                return older if seq <= older.last else None
        return None

    def give(self, epoch: Epoch, seq: int) -> int | None:
        """The outgoing number, or None: too old to be sent."""
        out = seq + epoch.offset
        if out > self.highest:
            self.highest = out
        elif self.highest - out > MAX_BEHIND:
            return None
        return out

    def rewrite(self, seq: int) -> int | None:
        """The unwrapped outgoing number, or None: too old, or nothing is being forwarded."""
        epoch = self.place(seq)
        return None if epoch is None else self.give(epoch, seq)

    def origin(self, seq: int) -> tuple[Epoch, int, int] | None:
        """For a 16-bit outgoing number that was given out: its epoch, incoming and unwrapped outgoing number."""
        out = unwrap(seq, self.highest)
        if out > self.highest:
            return None
        for epoch in reversed(self.epochs):
            incoming = out - epoch.offset
            if incoming >= epoch.first:
                return (epoch, incoming, out) if incoming <= epoch.last else None
        return None
