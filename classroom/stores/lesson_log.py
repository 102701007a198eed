"""The log on disk: one row an event, hash-chained, append-only (the database itself refuses the rest)."""

import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from classroom import log as chain
from classroom.ids import LessonId, ParticipantId
from classroom.lesson.events import AnyEvent, Recorded
from classroom.stores.connections import Connections
from classroom.stores.lessons import project
from classroom.stores.port import Conflict, Erasure
from classroom.stores.schema import erasures, log


class LessonLogStore:
    def __init__(self, database: Connections) -> None:
        self._database = database

    async def append(
        self, lesson: LessonId, after: int, events: Sequence[AnyEvent], at: int
    ) -> tuple[Recorded, ...]:
        recorded = tuple(
            Recorded(seq=seq, at=at, event=event) for seq, event in enumerate(events, start=after + 1)
        )
        if not recorded:
            return ()

        async def change(connection: AsyncConnection) -> None:
            await _append(connection, lesson, after, recorded)

        await self._database.write(change)
        return recorded

    async def read(self, lesson: LessonId) -> tuple[Recorded, ...]:
        return tuple(chain.open_row(row) for row in await self.rows(lesson))

    async def rows(self, lesson: LessonId) -> list[chain.SealedRow]:
        """The chain as it is stored: what an evidence pack carries."""
        async with self._database.read() as connection:
            return await _rows(connection, lesson)

    async def verify(self, lesson: LessonId) -> int | None:
        return chain.verify(await self.rows(lesson), lesson)

    async def erase(self, lesson: LessonId, participant: ParticipantId, at: int) -> int:
        async def change(connection: AsyncConnection) -> int:
            erased = 0
            for row in await _rows(connection, lesson):
                if row.personal is not None and _is_of(row, participant):
                    blank = chain.erase(row)
                    await connection.execute(
                        update(log)
                        .where(log.c.lesson == lesson, log.c.seq == row.seq)
                        .values(personal=blank.personal, salt=blank.salt)
                    )
                    erased += 1
            if erased:
                await connection.execute(
                    insert(erasures).values(lesson=lesson, participant=participant, at=at, events=erased)
                )
            return erased

        erased = await self._database.write(change)
        if erased:
            await self._database.forget_erased()
        return erased

    async def erasures(self, lesson: LessonId) -> tuple[Erasure, ...]:
        async with self._database.read() as connection:
            rows = await connection.execute(
                select(erasures).where(erasures.c.lesson == lesson).order_by(erasures.c.id)
            )
            return tuple(
                Erasure(LessonId(row.lesson), ParticipantId(row.participant), row.at, row.events)
                for row in rows
            )


async def _append(
    connection: AsyncConnection, lesson: LessonId, after: int, recorded: Sequence[Recorded]
) -> None:
    tail = await connection.execute(
        select(log.c.seq, log.c.hash).where(log.c.lesson == lesson).order_by(log.c.seq.desc()).limit(1)
    )
    last = tail.first()
    seq, previous = (last.seq, last.hash) if last else (0, chain.GENESIS)
    if seq != after:
        raise Conflict(f"the log of lesson {lesson} is at {seq}, not at {after}")
    values: list[dict[str, Any]] = []
    for each in recorded:
        row = chain.seal(previous, lesson, each, secrets.token_bytes(chain.SALT_BYTES))
        previous = row.hash
        values.append(
            {
                "lesson": lesson,
                "seq": row.seq,
                "at": row.at,
                "header": row.header,
                "personal": row.personal,
                "salt": row.salt,
                "digest": row.digest,
                "hash": row.hash,
            }
        )
    await connection.execute(insert(log), values)
    await project(connection, lesson, recorded)


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
