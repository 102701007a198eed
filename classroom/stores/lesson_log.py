"""The log on disk: one row an event, hash-chained, append-only (the database itself refuses the rest)."""

import secrets
from collections.abc import Sequence
from typing import Any

from msgspec import Struct, structs
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from classroom import log as chain
from classroom.ids import SYSTEM, LessonId, ParticipantId
from classroom.lesson.events import AnyEvent, PersonalDataErased, Recorded
from classroom.lesson.state import Phase
from classroom.stores.connections import Connections
from classroom.stores.lessons import project
from classroom.stores.port import Conflict, StoreError
from classroom.stores.schema import lessons, log


class LessonLogStore:
    def __init__(self, database: Connections) -> None:
        self._database = database

    async def append(
        self, lesson: LessonId, after: int, events: Sequence[AnyEvent], at: int
    ) -> tuple[Recorded, ...]:
        recorded = _record(after, events, at)
        if recorded:
            await self._database.write_together(_append, _Append(lesson, after, recorded))
        return recorded

    async def read(self, lesson: LessonId) -> tuple[Recorded, ...]:
        return tuple(chain.open_row(row) for row in await self.rows(lesson))

    async def rows(self, lesson: LessonId) -> list[chain.SealedRow]:
        """The chain as it is stored: what an evidence pack carries."""
        async with self._database.read() as connection:
            return await _rows(connection, lesson)

    async def verify(self, lesson: LessonId) -> int | None:
        return chain.verify(await self.rows(lesson), lesson)

    async def erase(
        self, lesson: LessonId, participant: ParticipantId, at: int, by: ParticipantId = SYSTEM
    ) -> int:
        async def change(connection: AsyncConnection) -> int:
            phase = await connection.execute(select(lessons.c.phase).where(lessons.c.id == lesson))
            if phase.scalar() == Phase.LIVE:
                raise Conflict("personal data is erased after the lesson, not in its midst")
            rows = await _rows(connection, lesson)
            theirs = [row for row in rows if row.personal is not None and _is_of(row, participant)]
            if not theirs:
                return 0
            for row in theirs:
                blank = chain.erase(row)
                await connection.execute(
                    update(log)
                    .where(log.c.lesson == lesson, log.c.seq == row.seq)
                    .values(personal=blank.personal, salt=blank.salt)
                )
            receipt = PersonalDataErased(participant=participant, by=by)
            recorded = _record(rows[-1].seq, [receipt], at)
            for answer in await _append(connection, [_Append(lesson, rows[-1].seq, recorded)]):
                if answer is not None:
                    raise answer
            return len(theirs)

        erased = await self._database.write(change)
        if erased:
            await self._database.forget_erased()
        return erased


class _Append(Struct, frozen=True):
    lesson: LessonId
    after: int
    recorded: tuple[Recorded, ...]


def _record(after: int, events: Sequence[AnyEvent], at: int) -> tuple[Recorded, ...]:
    return tuple(Recorded(seq=seq, at=at, event=event) for seq, event in enumerate(events, start=after + 1))


async def _append(connection: AsyncConnection, appends: Sequence[_Append]) -> list[StoreError | None]:
    """Append to many logs at once: None, or Conflict, for each."""
    tails = await _tails(connection, {each.lesson for each in appends})
    answers: list[StoreError | None] = []
    rows: list[dict[str, Any]] = []
    appended: list[tuple[LessonId, Sequence[Recorded]]] = []
    for each in appends:
        seq, previous = tails.get(each.lesson, (0, chain.GENESIS))
        if seq != each.after:
            answers.append(Conflict(f"the log of lesson {each.lesson} is at {seq}, not at {each.after}"))
            continue
        for recorded in each.recorded:
            row = chain.seal(previous, each.lesson, recorded, secrets.token_bytes(chain.SALT_BYTES))
            rows.append({"lesson": each.lesson, **structs.asdict(row)})
            seq, previous = row.seq, row.hash
        tails[each.lesson] = seq, previous
        appended.append((each.lesson, each.recorded))
        answers.append(None)
    if rows:
        # In one order everywhere, so that two processes cannot wait for each other in a circle.
        rows.sort(key=lambda row: (row["lesson"], row["seq"]))
        await connection.execute(insert(log), rows)
        await project(connection, appended)
    return answers


async def _tails(connection: AsyncConnection, wanted: set[LessonId]) -> dict[LessonId, tuple[int, bytes]]:
    """Where each log ends: the last seq and hash."""
    last = (
        select(log.c.lesson, func.max(log.c.seq).label("seq"))
        .where(log.c.lesson.in_(sorted(wanted)))
        .group_by(log.c.lesson)
        .subquery()
    )
    rows = await connection.execute(
        select(log.c.lesson, log.c.seq, log.c.hash).join(
            last, (last.c.lesson == log.c.lesson) & (last.c.seq == log.c.seq)
        )
    )
    return {LessonId(row.lesson): (row.seq, row.hash) for row in rows}


async def _rows(connection: AsyncConnection, lesson: LessonId) -> list[chain.SealedRow]:
    rows = await connection.execute(select(log).where(log.c.lesson == lesson).order_by(log.c.seq))
    return [
        chain.SealedRow(
            seq=row.seq,
            at=row.at,
            header=row.header,
            personal=row.personal,
            salt=row.salt,
            digest=row.digest,
            hash=row.hash,
        )
        for row in rows
    ]


def _is_of(row: chain.SealedRow, participant: ParticipantId) -> bool:
    return getattr(chain.open_row(row).event, "participant", None) == participant
