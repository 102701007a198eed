"""Every lesson this gateway hosts: loaded when first asked for, dropped when idle, recovered at the start."""

import asyncio
from collections import OrderedDict

import structlog

from classroom.ids import LessonId
from classroom.lesson.commands import Recover, Schedule
from classroom.lesson.refusal import Refusal
from classroom.lesson.state import Phase
from classroom.stores.port import Stores
from signaling.gateway.clock import Clock
from signaling.gateway.host import Change, LessonHost, Listener
from signaling.gateway.metrics import Metrics
from signaling.gateway.tasks import Tasks

_log = structlog.get_logger("lesson")
_IDLE_KEPT = 256


class LessonHosts:
    """``listeners`` hear of every lesson's changes."""

    def __init__(self, stores: Stores, clock: Clock, metrics: Metrics) -> None:
        self.listeners: list[Listener] = []
        self._stores = stores
        self._clock = clock
        self._metrics = metrics
        self._tasks = Tasks()
        self._hosts: OrderedDict[LessonId, LessonHost] = OrderedDict()
        self._loading: dict[LessonId, asyncio.Task[LessonHost | None]] = {}

    def loaded(self, lesson: LessonId) -> LessonHost | None:
        return self._hosts.get(lesson)

    def live(self) -> tuple[LessonHost, ...]:
        return tuple(host for host in self._hosts.values() if host.state and host.state.phase is Phase.LIVE)

    async def schedule(self, command: Schedule) -> Refusal | None:
        """Make a lesson; the refusal when the rules refuse it."""
        host = self._new(command.lesson)
        answer = await host.execute(command)
        if isinstance(answer, Refusal):
            host.close()
            return answer
        self._keep(host)
        return None

    async def get(self, lesson: LessonId) -> LessonHost | None:
        """None when there is no such lesson. Two who ask at once get the same host."""
        host = self._hosts.get(lesson)
        if host is not None:
            self._hosts.move_to_end(lesson)
            return host
        task = self._loading.get(lesson)
        if task is None:
            task = self._loading[lesson] = self._tasks.start(self._load(lesson), f"load {lesson}")
            task.add_done_callback(lambda _: self._loading.pop(lesson, None))
        return await asyncio.shield(task)

    async def is_live(self, lesson: LessonId) -> bool:
        """By the directory of lessons, whoever hosts it."""
        entry = await self._stores.lessons.get(lesson)
        return entry is not None and entry.phase is Phase.LIVE

    async def recover(self) -> None:
        """After a start: nobody is connected to any lesson, whatever the log says."""
        for entry in await self._stores.lessons.live():
            host = await self.get(entry.id)
            if host is not None:
                await host.execute(Recover())
                _log.info("lesson_recovered", lesson=entry.id, seq=host.seq)

    async def _load(self, lesson: LessonId) -> LessonHost | None:
        if await self._stores.lessons.get(lesson) is None:
            return None
        host = self._new(lesson)
        await host.load()
        if host.state is None:
            return None
        self._keep(host)
        return host

    def _new(self, lesson: LessonId) -> LessonHost:
        return LessonHost(lesson, self._stores.log, self._clock, self._metrics, self._tasks)

    def _keep(self, host: LessonHost) -> None:
        host.listeners["hosts"] = self._tell
        self._hosts[host.lesson] = host
        self._drop_idle()

    def _tell(self, change: Change) -> None:
        for listener in self.listeners:
            listener(change)

    def _drop_idle(self) -> None:
        """Forget lessons nobody is at; their log brings them back."""
        excess = len(self._hosts) - _IDLE_KEPT
        if excess <= 0:
            return
        for lesson, host in list(self._hosts.items())[:-1]:
            if excess <= 0:
                return
            if host.idle:
                host.close()
                del self._hosts[lesson]
                excess -= 1

    async def close(self) -> None:
        for host in self._hosts.values():
            host.close()
        await self._tasks.close()
        self._hosts.clear()
