"""The last packets of one incoming stream, in plaintext, shared by all its subscribers.

It also answers "was this one here already?", which is what keeps doubles (a late original after
its retransmission, Chromium's RTX probes of old packets) from being forwarded twice.
"""

from media.rtp.packet import Packet


class History:
    """A ring by unwrapped sequence number. ``size`` is a power of two."""

    __slots__ = ("_kept_from", "_mask", "_packets", "_seen", "size")

    def __init__(self, size: int) -> None:
        if size & (size - 1):
            raise ValueError("a ring's size is a power of two")
        self.size = size
        self._mask = size - 1
        self._seen = [-1] * size
        self._packets: list[Packet | None] = [None] * size
        self._kept_from = 0

    def mark(self, seq: int) -> bool:
        """Note that ``seq`` is here; False when it was before, or is older than the ring remembers."""
        slot = seq & self._mask
        if self._seen[slot] >= seq:
            return False
        self._seen[slot] = seq
        self._packets[slot] = None
        return True

    def keep(self, packet: Packet) -> None:
        """After ``mark``: remember the packet for retransmission."""
        self._packets[packet.seq & self._mask] = packet

    def has(self, seq: int) -> bool:
        return self._seen[seq & self._mask] >= seq

    def get(self, seq: int) -> Packet | None:
        packet = self._packets[seq & self._mask]
        return packet if packet is not None and packet.seq == seq else None

    def drop_before(self, seq: int) -> None:
        """Forget the packets older than ``seq``, not that they were here."""
        packets, mask = self._packets, self._mask
        for old in range(max(self._kept_from, seq - self.size), seq):
            packet = packets[old & mask]
            if packet is not None and packet.seq < seq:
                packets[old & mask] = None
        self._kept_from = max(self._kept_from, seq)
