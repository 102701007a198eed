"""How late an event loop is while something else is done: who records runs on one."""

import asyncio
import time

_EVERY = 0.005


class Lateness:
    """Seconds at most, between entry and exit."""

    def __init__(self) -> None:
        self.worst = 0.0

    async def __aenter__(self) -> "Lateness":
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            due = time.perf_counter() + _EVERY
            await asyncio.sleep(_EVERY)
            self.worst = max(self.worst, time.perf_counter() - due)
