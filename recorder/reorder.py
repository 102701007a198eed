"""Puts packets of one RTP stream in order again, waiting a bounded time for a missing one."""

from collections.abc import Iterator

from recorder.rtp import RtpPacket, Unwrapper

WAIT_MS = 200.0
"""By the arrival of other packets of the stream."""
SILENT_WAIT_MS = 600.0
"""By the clock alone: the missing packet may lie unread in the socket while this process was held up."""
MOST_PACKETS = 2048
_RESTART = 3000


class Reorder:
    """Times in ms, given by the caller; one clock for all calls.

    Gives (packet, gap): ``gap`` says that packets before this one are missing for good, which is also
    said of the first of all.
    """

    def __init__(self) -> None:
        self._unwrapper = Unwrapper(16)
        self._next: int | None = None
        self._waiting: dict[int, tuple[float, RtpPacket]] = {}
        self.lost = 0
        self.late = 0

    def next(self, packet: RtpPacket) -> bool:
        """The usual case, quickly: whether it is the one that follows and none is waited for. It then counts
        as given out; otherwise ``push`` it."""
        expected = self._next
        if expected is None or self._waiting or packet.sequence != expected & 0xFFFF:
            return False
        self._unwrapper.unwrap(packet.sequence)
        self._next = expected + 1
        return True

    def push(self, packet: RtpPacket, now: float) -> Iterator[tuple[RtpPacket, bool]]:
        expected = self._next
        if expected is not None:
            sequence = self._unwrapper.peek(packet.sequence)
            if abs(sequence - expected) > _RESTART:
                yield from self._flush()
                self._unwrapper = Unwrapper(16)
                expected = self._next = None
        sequence = self._unwrapper.unwrap(packet.sequence)
        if expected is None:
            self._next = sequence + 1
            yield packet, True
            return
        if sequence < expected or sequence in self._waiting:
            self.late += 1
            return
        if sequence == expected and not self._waiting:
            self._next = sequence + 1
            yield packet, False
            return
        self._waiting[sequence] = (now, packet)
        yield from self._ready()
        if len(self._waiting) > MOST_PACKETS:
            yield from self._give_up()
        yield from self._give_up_older(now - WAIT_MS)

    def tick(self, now: float) -> Iterator[tuple[RtpPacket, bool]]:
        """Gives up what has been waited for too long though nothing followed."""
        yield from self._give_up_older(now - SILENT_WAIT_MS)

    def _give_up_older(self, than: float) -> Iterator[tuple[RtpPacket, bool]]:
        while self._waiting and next(iter(self._waiting.values()))[0] <= than:
            yield from self._give_up()

    def _ready(self) -> Iterator[tuple[RtpPacket, bool]]:
        while self._next is not None and self._next in self._waiting:
            packet = self._waiting.pop(self._next)[1]
            self._next += 1
            yield packet, False

    def _give_up(self) -> Iterator[tuple[RtpPacket, bool]]:
        sequence = min(self._waiting)
        if self._next is not None:
            self.lost += sequence - self._next
        packet = self._waiting.pop(sequence)[1]
        self._next = sequence + 1
        yield packet, True
        yield from self._ready()

    def _flush(self) -> Iterator[tuple[RtpPacket, bool]]:
        while self._waiting:
            yield from self._give_up()
