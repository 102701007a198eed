"""What became of the packets of one outlet: when each left, what the remote said of it (transport-cc). Pure.

Times are microseconds of our clock; the remote's clock is another, so only differences of a delay mean anything.
"""

from array import array

from media.congestion.digest import Digest
from media.rtcp import transport_cc
from media.rtcp.compound import Part

REMEMBERED = 1024
_MASK = REMEMBERED - 1
_REMOTE_WRAP = (1 << 24) * 64_000


class SentLog:
    """``times`` and ``sizes`` are written by the hot loop itself, at ``number & 1023``; a size of 0: nothing to be told."""

    __slots__ = (
        "_acked_octets",
        "_acked_packets",
        "_arrived",
        "_delay_last",
        "_delay_max",
        "_delay_min",
        "_delay_sum",
        "_lost",
        "_octets_told",
        "_probes_told",
        "_remote_before",
        "_rtt",
        "_voice_told",
        "fresh",
        "octets",
        "probe_octets",
        "sizes",
        "times",
        "voice_octets",
    )

    def __init__(self) -> None:
        self.times = array("Q", bytes(8 * REMEMBERED))
        self.sizes = array("H", bytes(2 * REMEMBERED))
        self.octets = self.voice_octets = self.probe_octets = 0
        self.fresh = False
        self._octets_told = self._voice_told = self._probes_told = 0
        self._remote_before: int | None = None
        self._forget()

    def _forget(self) -> None:
        self._acked_packets = self._acked_octets = self._lost = 0
        self._delay_min = self._delay_max = self._delay_sum = self._delay_last = self._arrived = self._rtt = 0

    def note(self, number: int, now_us: int, size: int) -> None:
        at = number & _MASK
        self.times[at] = now_us
        self.sizes[at] = size
        self.octets += size

    def feedback(self, part: Part, next_number: int, now_us: int) -> None:
        """A transport-cc part; ``next_number``: the 16-bit number that will be given out next."""
        times, sizes = self.times, self.sizes
        newest_sent = 0
        for number, arrived in transport_cc.parse(part).items():
            at = number & _MASK
            size = sizes[at]
            if not size or not 0 < (next_number - number) & 0xFFFF <= REMEMBERED:
                continue
            sizes[at] = 0
            self.fresh = True
            if arrived is None:
                self._lost += 1
                continue
            sent = times[at]
            delay = self._remote(arrived) - sent
            if not self._acked_packets or delay < self._delay_min:
                self._delay_min = delay
            if not self._acked_packets or delay > self._delay_max:
                self._delay_max = delay
            self._acked_packets += 1
            self._acked_octets += size
            self._delay_sum += delay
            self._delay_last = delay
            self._arrived = sent + delay
            newest_sent = max(newest_sent, sent)
        if newest_sent:
            self._rtt = max(1, now_us - newest_sent)

    def _remote(self, arrived: int) -> int:
        """The remote's clock without its wrap after twelve days."""
        before = self._remote_before
        if before is not None:
            half = _REMOTE_WRAP // 2
            arrived = before + (arrived - before + half) % _REMOTE_WRAP - half
        self._remote_before = arrived
        return arrived

    def take(self, queued_octets: int, queue_delay_us: int) -> Digest:
        """All since the last one."""
        acked = self._acked_packets
        digest = Digest(
            acked_packets=acked,
            acked_octets=self._acked_octets,
            lost_packets=self._lost,
            sent_octets=self.octets - self._octets_told,
            voice_octets=self.voice_octets - self._voice_told,
            probe_octets=self.probe_octets - self._probes_told,
            delay_min_us=self._delay_min,
            delay_max_us=self._delay_max,
            delay_mean_us=self._delay_sum // acked if acked else 0,
            delay_last_us=self._delay_last,
            arrived_us=self._arrived,
            rtt_us=self._rtt,
            queued_octets=queued_octets,
            queue_delay_us=queue_delay_us,
        )
        self._octets_told, self._voice_told = self.octets, self.voice_octets
        self._probes_told = self.probe_octets
        self.fresh = False
        self._forget()
        return digest
