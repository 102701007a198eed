"""One playback is many range requests; the school's record wants one line for it."""

from collections import OrderedDict

from classroom.ids import AccountId, RecordingId

QUIET = 15 * 60 * 1000
"""Milliseconds without a request after which the next one is a new playback."""
_KEPT = 10_000


class Viewings:
    def __init__(self) -> None:
        self._last: OrderedDict[tuple[RecordingId, AccountId, str], int] = OrderedDict()

    def begins(self, recording: RecordingId, account: AccountId, now: int, what: str = "") -> bool:
        """Whether a request at ``now`` opens a playback; ``what``: or the fetching of something else of it."""
        key = (recording, account, what)
        last = self._last.pop(key, None)
        self._last[key] = now
        if len(self._last) > _KEPT:
            self._last.popitem(last=False)
        return last is None or now - last > QUIET

    def not_written(self, recording: RecordingId, account: AccountId, what: str = "") -> None:
        """The next request opens the playback instead."""
        self._last.pop((recording, account, what), None)
