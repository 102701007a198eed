"""The directory of lessons: projected from the log, in the transaction that appends to it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from classroom.ids import AccountId, ClassId, LessonId
from classroom.lesson.events import (
    LessonEnded,
    LessonScheduled,
    LessonStarted,
    Recorded,
    ReplayAllowed,
    ReplayForbidden,
)
from classroom.lesson.state import Phase
from classroom.stores.connections import Connections
from classroom.stores.name_key import storable
from classroom.stores.port import LessonEntry
from classroom.stores.schema import accounts, lessons


class LessonStore:
    def __init__(self, database: Connections) -> None:
        self._database = database

    async def get(self, lesson: LessonId) -> LessonEntry | None:
        found = await self._where(lessons.c.id == lesson)
        return found[0] if found else None

    async def between(self, start: int, end: int) -> tuple[LessonEntry, ...]:
        overlaps = (lessons.c.starts_at < end) & (lessons.c.ends_at > start)
        return await self._where(overlaps | _is_live())

    async def live(self) -> tuple[LessonEntry, ...]:
        return await self._where(_is_live())

    async def _where(self, condition: ColumnElement[bool]) -> tuple[LessonEntry, ...]:
        async with self._database.read() as connection:
            return await entries(connection, condition)


async def entries(connection: AsyncConnection, condition: ColumnElement[bool]) -> tuple[LessonEntry, ...]:
    """Lines of the directory, by starts_at; in one query."""
    query = (
        select(lessons, func.coalesce(accounts.c.name, "").label("teacher_name"))
        .select_from(lessons.outerjoin(accounts, accounts.c.id == lessons.c.teacher))
        .where(condition)
        .order_by(lessons.c.starts_at, lessons.c.id)
    )
    return tuple(_entry(row) for row in await connection.execute(query))


async def project(
    connection: AsyncConnection, appended: Sequence[tuple[LessonId, Sequence[Recorded]]]
) -> None:
    """Bring the directory's lines of lessons up to their logs."""
    new: list[dict[str, Any]] = []
    changed: dict[LessonId, dict[str, Any]] = {}
    for lesson, recorded in appended:
        for each in recorded:
            if isinstance(each.event, LessonScheduled):
                new.append({"id": lesson, **_scheduled(each.event)})
            elif change := _change(each):
                changed.setdefault(lesson, {}).update(change)
    if new:
        await connection.execute(insert(lessons), new)
    for lesson in sorted(changed):
        await connection.execute(update(lessons).where(lessons.c.id == lesson).values(changed[lesson]))


def _change(recorded: Recorded) -> dict[str, Any]:
    match recorded.event:
        case LessonStarted():
            return {"phase": Phase.LIVE.value, "started_at": recorded.at}
        case LessonEnded():
            return {"phase": Phase.ENDED.value, "ended_at": recorded.at}
        case ReplayAllowed():
            return {"replay_allowed": True}
        case ReplayForbidden():
            return {"replay_allowed": False}
        case _:
            return {}


def _is_live() -> ColumnElement[bool]:
    return lessons.c.phase == Phase.LIVE.value


def _scheduled(event: LessonScheduled) -> dict[str, Any]:
    return {
        "class_id": event.class_id,
        "class_name": storable(event.class_name),
        "title": storable(event.title),
        "teacher": event.by,
        "starts_at": event.starts_at,
        "ends_at": event.ends_at,
        "phase": Phase.SCHEDULED.value,
        "replay_allowed": False,
    }


def _entry(row: Any) -> LessonEntry:
    return LessonEntry(
        id=LessonId(row.id),
        class_id=ClassId(row.class_id),
        class_name=row.class_name,
        title=row.title,
        teacher=AccountId(row.teacher),
        teacher_name=row.teacher_name,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        phase=Phase(row.phase),
        started_at=row.started_at,
        ended_at=row.ended_at,
        replay_allowed=row.replay_allowed,
    )
