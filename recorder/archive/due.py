"""Which recordings uploads look at next: what has changed, what time has made due, what failed and waits."""

import contextlib
from collections.abc import Callable
from pathlib import Path

from recorder.archive import pending
from recorder.archive.pending import Pending


class Due:
    """``retry``: seconds to wait after so many failures."""

    def __init__(
        self,
        root: Path,
        held: Callable[[str], bool],
        wall: Callable[[], float],
        retry: Callable[[int], float],
    ) -> None:
        self._root = root
        self._held = held
        self._wall = wall
        self._retry = retry
        self.waiting: dict[str, Pending] = {}
        """What is to be uploaded, as last seen."""
        self._settled: dict[str, tuple[int, float]] = {}
        """Of a recording's directory when it was changed, and until when nothing can have become due."""
        self._faulty: dict[str, tuple[int, float]] = {}
        """How often a recording failed by its own fault, and when it is tried again."""

    @property
    def failing(self) -> bool:
        return bool(self._faulty)

    def find(self) -> list[str]:
        """In a thread. Directories that are as they were, and settled, are not looked into. Raises OSError."""
        now = self._wall()
        due, waiting = [], {}
        found = pending.recordings(self._root)
        for recording in found:
            with contextlib.suppress(OSError):
                changed = (self._root / recording).stat().st_mtime_ns
                known = self._settled.get(recording)
                if known is not None and known[0] == changed and now < known[1]:
                    continue
                one = pending.look(self._root, recording, now)
                if one.upload:
                    waiting[recording] = one
                if one.upload or (one.removable and not self._held(recording)):
                    due.append(recording)
                elif not one.removable:
                    until = float("inf") if one.again_in is None else now + one.again_in
                    self._settled[recording] = (changed, until)
        self.waiting = waiting
        for recording in self._settled.keys() - set(found):
            del self._settled[recording]
        for recording in self._faulty.keys() - set(found):
            del self._faulty[recording]
        return [one for one in due if self._faulty.get(one, (0, 0.0))[1] <= now]

    def fault(self, recording: str) -> float:
        """Seconds until it is tried again."""
        failures = self._faulty.get(recording, (0, 0.0))[0] + 1
        again_in = self._retry(failures)
        self._faulty[recording] = (failures, self._wall() + again_in)
        return again_in

    def well(self, recording: str) -> None:
        self._faulty.pop(recording, None)

    def look_again(self, recording: str) -> None:
        self._settled.pop(recording, None)
        self.waiting.pop(recording, None)
