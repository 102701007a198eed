"""Which packets of an incoming stream are missing and when to ask for them again. Pure."""

RETRIES = 10
MAX_MISSING = 512
DEFAULT_RTT = 0.1
MIN_WAIT, MAX_WAIT = 0.02, 0.4


class _Missing:
    __slots__ = ("asked_at", "noticed_at", "times")

    def __init__(self, now: float) -> None:
        self.noticed_at = now
        self.asked_at = 0.0
        self.times = 0


class Missing:
    """Numbers are unwrapped, times are seconds, monotonic. ``rtt`` is learnt from answers."""

    def __init__(self) -> None:
        self._missing: dict[int, _Missing] = {}
        self.rtt = DEFAULT_RTT
        self.asked = 0
        self.given_up = 0

    def __len__(self) -> int:
        return len(self._missing)

    def gap(self, first: int, last: int, now: float) -> bool:
        """``first``–``last`` were jumped over. False when that is too many: all is forgotten, ask a key frame."""
        if last - first + 1 + len(self._missing) > MAX_MISSING:
            self.given_up += len(self._missing) + last - first + 1
            self._missing.clear()
            return False
        for seq in range(first, last + 1):
            self._missing[seq] = _Missing(now)
        return True

    def arrived(self, seq: int, now: float) -> bool:
        """A packet that is not the newest came. Whether it had been missing."""
        entry = self._missing.pop(seq, None)
        if entry is None:
            return False
        if entry.times == 1:
            self.rtt += (min(max(now - entry.asked_at, 0.001), 1.0) - self.rtt) / 8
        return True

    def due(self, now: float) -> tuple[list[int], bool]:
        """Numbers to ask for now, ascending, and whether some were given up (then ask a key frame)."""
        wait = min(max(self.rtt * 1.2, MIN_WAIT), MAX_WAIT)
        wanted: list[int] = []
        lost: list[int] = []
        for seq, entry in self._missing.items():
            if entry.times and now - entry.asked_at < wait:
                continue
            if entry.times >= RETRIES:
                lost.append(seq)
                continue
            entry.times += 1
            entry.asked_at = now
            wanted.append(seq)
        for seq in lost:
            del self._missing[seq]
        self.given_up += len(lost)
        self.asked += len(wanted)
        wanted.sort()
        return wanted, bool(lost)

    def clear(self) -> None:
        self._missing.clear()
