"""The single writer of one lesson: refolds its log, decides, commits, then tells."""

import asyncio
import time
from collections.abc import Callable

import structlog
from msgspec import Struct

from classroom.ids import LessonId
from classroom.lesson.commands import Command, Tick
from classroom.lesson.decide import decide, next_deadline
from classroom.lesson.events import AnyEvent, Recorded
from classroom.lesson.evolve import evolve
from classroom.lesson.refusal import Refusal
from classroom.lesson.state import LessonState, Phase
from classroom.stores.port import Conflict, LessonLog, StoreError, Unavailable
from signaling.gateway.clock import Clock
from signaling.gateway.metrics import Metrics
from signaling.gateway.tasks import Tasks
from signaling.gateway.views import LessonViews

_log = structlog.get_logger("lesson")
_ATTEMPTS = 5
_PAUSE_SECONDS = 0.25
_PAUSE_SECONDS_AT_MOST = 5.0


class Change(Struct, frozen=True):
    """Committed: ``events`` led from ``old`` to ``new``, whose last seq is ``seq``."""

    lesson: LessonId
    old: LessonState | None
    new: LessonState
    seq: int
    events: tuple[Recorded, ...]


Listener = Callable[[Change], None]
"""Told of every change, in order, after its commit. Must not block and must not raise."""


class LessonHost:
    """Commands of one lesson go through here one after another; readers take ``state`` and ``seq``."""

    def __init__(
        self, lesson: LessonId, log: LessonLog, clock: Clock, metrics: Metrics, tasks: Tasks
    ) -> None:
        self.lesson = lesson
        self.state: LessonState | None = None
        self.seq = 0
        self.views: LessonViews | None = None
        self.listeners: dict[object, Listener] = {}
        self._log = log
        self._clock = clock
        self._metrics = metrics
        self._tasks = tasks
        self._lock = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self._unsure = False

    @property
    def idle(self) -> bool:
        """Nobody is at it and nothing is under way: it may be forgotten."""
        live = self.state is not None and self.state.phase is Phase.LIVE
        return not live and not self._lock.locked() and len(self.listeners) <= 1

    async def load(self) -> None:
        """Fold what the log holds beyond what is known."""
        async with self._lock:
            await self._refold()

    async def execute(self, command: Command) -> tuple[Recorded, ...] | Refusal:
        """Decide, commit, fold, tell. A caller that is cancelled meanwhile leaves nothing half done."""
        return await asyncio.shield(self._tasks.start(self._execute(command), f"execute {self.lesson}"))

    def now(self) -> int:
        return self._clock()

    def submit(self, command: Command) -> None:
        """Execute it soon, and again until it is stored: a place must not stay taken by nobody."""
        self._tasks.start(self._insist(command), f"submit {self.lesson}")

    async def _insist(self, command: Command) -> None:
        pause = _PAUSE_SECONDS
        while not self._closed:
            try:
                await self._execute(command)
            except StoreError as error:
                _log.warning("not_stored_yet", lesson=self.lesson, error=str(error))
                await asyncio.sleep(pause)
                pause = min(2 * pause, _PAUSE_SECONDS_AT_MOST)
            else:
                return

    def check(self, command: Command) -> Refusal | None:
        """What would be answered now; nothing happens."""
        answer = decide(self.state, command, self._clock())
        return answer if isinstance(answer, Refusal) else None

    async def _execute(self, command: Command) -> tuple[Recorded, ...] | Refusal:
        name = type(command).__name__
        async with self._lock:
            if self._unsure:
                await self._refold()
            for _ in range(_ATTEMPTS):
                now = self._clock()
                events = decide(self.state, command, now)
                if isinstance(events, Refusal):
                    self._metrics.commands.labels(name, str(events.code)).inc()
                    return events
                if not events:
                    self._metrics.commands.labels(name, "nothing").inc()
                    return ()
                begun = time.perf_counter()
                try:
                    recorded = await self._log.append(self.lesson, self.seq, events, now)
                except Conflict:
                    await self._refold()
                    continue
                except Unavailable:
                    stored = await self._look_for(events, now)
                    if stored is None:
                        raise
                    recorded = stored
                self._metrics.append_seconds.observe(time.perf_counter() - begun)
                self._metrics.commands.labels(name, "done").inc()
                self._fold(recorded)
                return recorded
        self._metrics.commands.labels(name, "conflict").inc()
        raise Conflict(f"lesson {self.lesson}: somebody else keeps writing")

    async def _refold(self) -> None:
        fresh = await self._beyond()
        self._unsure = False
        if fresh:
            self._fold(fresh)

    async def _beyond(self) -> tuple[Recorded, ...]:
        """What the log holds beyond what is known."""
        return tuple(entry for entry in await self._log.read(self.lesson) if entry.seq > self.seq)

    async def _look_for(self, events: tuple[AnyEvent, ...], at: int) -> tuple[Recorded, ...] | None:
        """After an append whose outcome is not known: what it wrote, None when it wrote nothing. Raises
        StoreError when that cannot be told now: then the log is read before the next decision."""
        self._unsure = True
        fresh = await self._beyond()
        self._unsure = False
        if tuple(entry.event for entry in fresh) == events and all(entry.at == at for entry in fresh):
            return fresh
        if fresh:
            self._fold(fresh)
        return None

    def _fold(self, recorded: tuple[Recorded, ...]) -> None:
        old = state = self.state
        for entry in recorded:
            state = evolve(state, entry)
        if state is None:
            return
        self.state = state
        self.seq = recorded[-1].seq
        change = Change(self.lesson, old, state, self.seq, recorded)
        if self.views is None:
            self.views = LessonViews(state)
        else:
            self.views.follow(state)
        for listener in tuple(self.listeners.values()):
            try:
                listener(change)
            except Exception:
                _log.exception("listener_failed", lesson=self.lesson)
        self._arm()

    def _arm(self, at_least: float = 0.0) -> None:
        """Have the rules asked again when they said they want to be."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._closed or self.state is None:
            return
        deadline = next_deadline(self.state)
        if deadline is not None:
            delay = max(at_least, (deadline - self._clock()) / 1000)
            self._timer = asyncio.get_running_loop().call_later(delay, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._tasks.start(self._run_tick(), f"tick {self.lesson}")

    async def _run_tick(self) -> None:
        try:
            answer = await self.execute(Tick())
        except Exception:
            _log.exception("tick_failed", lesson=self.lesson)
            answer = ()
        if not answer or isinstance(answer, Refusal):
            self._arm(at_least=0.25)

    def close(self) -> None:
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.listeners.clear()
