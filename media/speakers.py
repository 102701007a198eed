"""Who is speaking, from the level each audio packet carries (RFC 6464): nothing is decoded. Pure."""

SILENCE = 127
HEARD = 50
"""-dBov: quieter than this is not speaking."""
RELEASE_SECONDS = 0.8
INTERVAL_SECONDS = 0.5
MOST = 8
_ATTACK, _DECAY = 0.5, 0.3
_STEP = 6


class Speakers:
    """The speakers of one router. Times are seconds, monotonic."""

    def __init__(self) -> None:
        self._levels: dict[str, float] = {}
        self._heard_at: dict[str, float] = {}
        self._peers: dict[str, str] = {}
        self._said: tuple[tuple[str, int], ...] = ()
        self._said_at = float("-inf")

    def has(self, peer: str) -> bool:
        """Whether one of its producers is heard now."""
        return peer in self._peers.values()

    def note(self, producer: str, level: int, now: float, peer: str = "") -> None:
        """``level``: -dBov, 0 is loudest; of the last tenth of a second."""
        before = self._levels.get(producer, float(SILENCE))
        weight = _ATTACK if level < before else _DECAY
        smoothed = before + (level - before) * weight
        self._levels[producer] = smoothed
        if smoothed <= HEARD:
            self._heard_at[producer] = now
            self._peers[producer] = peer

    def forget(self, producer: str) -> None:
        self._levels.pop(producer, None)
        self._heard_at.pop(producer, None)
        self._peers.pop(producer, None)

    def changed(self, now: float) -> tuple[tuple[str, int], ...] | None:
        """What to say, loudest first; None when there is nothing new or it is too soon."""
        if now - self._said_at < INTERVAL_SECONDS:
            return None
        for producer, heard_at in list(self._heard_at.items()):
            if now - heard_at > RELEASE_SECONDS:
                del self._heard_at[producer]
                self._peers.pop(producer, None)
                self._levels[producer] = float(SILENCE)
        loudest = sorted((self._levels[producer], producer) for producer in self._heard_at)[:MOST]
        speakers = tuple((producer, round(level)) for level, producer in loudest)
        if _alike(speakers, self._said):
            return None
        self._said = speakers
        self._said_at = now
        return speakers


def _alike(a: tuple[tuple[str, int], ...], b: tuple[tuple[str, int], ...]) -> bool:
    """The same speakers, none much louder or quieter than said."""
    if len(a) != len(b):
        return False
    before = dict(b)
    return all(producer in before and abs(before[producer] - level) < _STEP for producer, level in a)
