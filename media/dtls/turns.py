"""Many handshakes at once must not hold up the packets: a few steps in each turn of the event loop."""

import asyncio
from collections import deque
from typing import Protocol

STEPS = 4
"""In one turn. The dearest step (a signature, a key agreement) costs some 0.2 ms."""


class Stepping(Protocol):
    def step(self) -> bool:
        """Does a little; whether more is waiting."""


class Turns:
    """Who has something to do, in order; each does one step before the first comes again. Holds each once."""

    def __init__(self) -> None:
        self._waiting: deque[Stepping] = deque()
        self._is_scheduled = False

    def add(self, each: Stepping) -> None:
        """The caller sees to it that ``each`` is not waiting already."""
        self._waiting.append(each)
        self._schedule()

    def _schedule(self) -> None:
        if self._waiting and not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._run)

    def _run(self) -> None:
        self._is_scheduled = False
        waiting = self._waiting
        try:
            for _ in range(min(STEPS, len(waiting))):
                each = waiting.popleft()
                if each.step():
                    waiting.append(each)
        finally:
            self._schedule()
