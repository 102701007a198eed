"""What lists tell of recordings: read without their files, which are twenty times as many."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import BigInteger, cast, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from classroom.ids import LessonId, RecordingId
from classroom.stores.lessons import entries
from classroom.stores.port import LessonEntry, RecordingSummary
from classroom.stores.schema import lessons, recording_files, recordings

_AT_ONCE = 30_000
"""Both databases' drivers take no more than 32,766 parameters in a query."""
_THERE = recordings.c.state != "erasing"


async def summaries(connection: AsyncConnection, lesson: LessonId | None) -> tuple[RecordingSummary, ...]:
    of = true() if lesson is None else recordings.c.lesson == lesson
    # Per recording, by the files' primary key. PostgreSQL sums integers to a decimal.
    size = (
        select(cast(func.coalesce(func.sum(recording_files.c.bytes), 0), BigInteger))
        .where(recording_files.c.recording == recordings.c.id)
        .scalar_subquery()
    )
    query = (
        select(
            recordings.c.id,
            recordings.c.lesson,
            recordings.c.started_at,
            recordings.c.state,
            recordings.c.duration,
            size.label("bytes"),
        )
        .where(_THERE, of)
        .order_by(recordings.c.started_at.desc(), recordings.c.id)
    )
    rows = (await connection.execute(query)).all()
    recorded = lessons.c.id.in_(select(recordings.c.lesson).where(_THERE, of))
    known = {entry.id: entry for entry in await entries(connection, recorded)}
    return tuple(_summary(row, known[row.lesson]) for row in rows if row.lesson in known)


async def counts(connection: AsyncConnection, wanted: Collection[LessonId]) -> dict[LessonId, int]:
    found: dict[LessonId, int] = {}
    ids = list(wanted)
    for first in range(0, len(ids), _AT_ONCE):
        query = (
            select(recordings.c.lesson, func.count())
            .where(_THERE, recordings.c.lesson.in_(ids[first : first + _AT_ONCE]))
            .group_by(recordings.c.lesson)
        )
        found |= {LessonId(lesson): count for lesson, count in await connection.execute(query)}
    return found


def _summary(row: Any, lesson: LessonEntry) -> RecordingSummary:
    return RecordingSummary(
        id=RecordingId(row.id),
        lesson=lesson,
        started_at=row.started_at,
        state=row.state,
        duration=row.duration,
        bytes=row.bytes,
    )
