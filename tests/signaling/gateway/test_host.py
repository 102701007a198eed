"""The single writer, and a store whose answer is lost on its way."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from classroom.ids import ClassId, LessonId
from classroom.lesson import commands as cmd
from classroom.lesson.events import AnyEvent, Recorded
from classroom.lesson.state import Phase
from classroom.people import Actor, Role
from classroom.stores.database import open_stores
from classroom.stores.port import LessonLog, Unavailable
from signaling.gateway.host import LessonHost
from signaling.gateway.metrics import Metrics
from signaling.gateway.tasks import Tasks
from tests.signaling.gateway.school import until

LESSON = LessonId("lesson")
TEACHER = Actor("t", "t", "T", Role.TEACHER, frozenset({ClassId("c")}))  # type: ignore[arg-type]
SCHEDULE = cmd.Schedule(TEACHER, LESSON, ClassId("c"), "10A1", "Toán", 1, 2)


class Flaky:
    """A log that fails ``fail`` times: after the commit when ``written``, and its reads too when ``blind``."""

    def __init__(self, log: LessonLog, *, written: bool, blind: int = 0, fail: int = 1) -> None:
        self._log = log
        self._written = written
        self._blind = blind
        self._fail = fail

    async def append(
        self, lesson: LessonId, after: int, events: Sequence[AnyEvent], at: int
    ) -> tuple[Recorded, ...]:
        if not self._fail:
            return await self._log.append(lesson, after, events, at)
        self._fail -= 1
        if self._written:
            await self._log.append(lesson, after, events, at)
        raise Unavailable("the connection is gone")

    async def read(self, lesson: LessonId) -> tuple[Recorded, ...]:
        if self._blind:
            self._blind -= 1
            raise Unavailable("the connection is gone")
        return await self._log.read(lesson)


@pytest.fixture
async def log(tmp_path: Path):  # type: ignore[no-untyped-def]
    stores = await open_stores(tmp_path, school="S")
    yield stores.log
    await stores.close()


def host_of(log: LessonLog, **how: int) -> tuple[LessonHost, Tasks]:
    tasks = Tasks()
    return LessonHost(LESSON, Flaky(log, **how), lambda: 1_000, Metrics(), tasks), tasks  # type: ignore[arg-type]


async def test_what_was_written_all_the_same_counts_once(log: LessonLog) -> None:
    host, tasks = host_of(log, written=True)
    answer = await host.execute(SCHEDULE)
    assert isinstance(answer, tuple)
    assert [entry.seq for entry in answer] == [1]
    await host.execute(cmd.Start(TEACHER))
    assert [entry.seq for entry in await log.read(LESSON)] == [1, 2]
    await tasks.close()


async def test_what_was_not_written_is_told(log: LessonLog) -> None:
    host, tasks = host_of(log, written=False)
    with pytest.raises(Unavailable):
        await host.execute(SCHEDULE)
    assert host.state is None
    await host.execute(SCHEDULE)
    assert host.seq == 1
    await tasks.close()


async def test_when_nothing_can_be_told_the_log_is_read_before_the_next_decision(log: LessonLog) -> None:
    host, tasks = host_of(log, written=True, blind=1)
    with pytest.raises(Unavailable):
        await host.execute(SCHEDULE)
    started = await host.execute(cmd.Start(TEACHER))
    assert isinstance(started, tuple)
    assert host.state is not None
    assert host.state.phase is Phase.LIVE
    assert len(await log.read(LESSON)) == 2
    await tasks.close()


async def test_what_must_be_stored_is_tried_until_it_is(log: LessonLog) -> None:
    host, tasks = host_of(log, written=False, fail=2)
    host.submit(SCHEDULE)
    await until(lambda: host.seq == 1)
    await tasks.close()
