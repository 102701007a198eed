"""The catalogue of recordings, their files, and who has watched them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Delete, Table, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from classroom.ids import AccountId, ClassId, LessonId, RecordingId
from classroom.stores import summaries
from classroom.stores.connections import Connections
from classroom.stores.port import (
    Captions,
    RecordingEntry,
    RecordingFileEntry,
    RecordingSummary,
    RecordingView,
    RetentionRules,
)
from classroom.stores.schema import (
    accounts,
    recording_captions,
    recording_files,
    recording_positions,
    recording_views,
    recordings,
    retention,
)

_SCHOOL = ""
"""In place of a class: the school's own rule."""


class RecordingStore:
    def __init__(self, database: Connections) -> None:
        self._database = database

    async def put(self, entry: RecordingEntry) -> None:
        await self._database.write(lambda connection: _put(connection, entry))

    async def put_files(self, recording: RecordingId, files: Sequence[RecordingFileEntry]) -> bool:
        async def change(connection: AsyncConnection) -> bool:
            return await _put_files(connection, recording, files)

        return await self._database.write(change)

    async def remove_files(self, recording: RecordingId, names: Collection[str]) -> None:
        table = recording_files
        await self._run(delete(table).where(table.c.recording == recording, table.c.name.in_(names)))

    async def put_sums(self, recording: RecordingId, sums: Mapping[str, str]) -> None:
        async def change(connection: AsyncConnection) -> None:
            for name, sha256 in sums.items():
                await connection.execute(
                    update(recording_files)
                    .where(recording_files.c.recording == recording, recording_files.c.name == name)
                    .values(sha256=sha256)
                )

        await self._database.write(change)

    async def get(self, recording: RecordingId) -> RecordingEntry | None:
        found = await self._where(recordings.c.id == recording)
        return found[0] if found else None

    async def all(self) -> tuple[RecordingEntry, ...]:
        return await self._where(None)

    async def of_lesson(self, lesson: LessonId) -> tuple[RecordingEntry, ...]:
        return await self._where(recordings.c.lesson == lesson)

    async def summaries(self, lesson: LessonId | None = None) -> tuple[RecordingSummary, ...]:
        async with self._database.read() as connection:
            return await summaries.summaries(connection, lesson)

    async def counts(self, lessons: Collection[LessonId]) -> dict[LessonId, int]:
        async with self._database.read() as connection:
            return await summaries.counts(connection, lessons)

    async def _where(self, condition: ColumnElement[bool] | None) -> tuple[RecordingEntry, ...]:
        entries = select(recordings).order_by(recordings.c.started_at.desc(), recordings.c.id)
        files = select(recording_files).order_by(recording_files.c.position)
        if condition is not None:
            entries = entries.where(condition)
            files = files.join(recordings).where(condition)
        async with self._database.read() as connection:
            rows = (await connection.execute(entries)).all()
            found: dict[str, list[RecordingFileEntry]] = {}
            for file in await connection.execute(files):
                found.setdefault(file.recording, []).append(_file(file))
        return tuple(_entry(row, found.get(row.id, [])) for row in rows)

    async def viewed(
        self, recording: RecordingId, account: AccountId, at: int, downloaded: bool, what: str = ""
    ) -> None:
        async def change(connection: AsyncConnection) -> None:
            await connection.execute(
                insert(recording_views).values(
                    recording=recording, account=account, at=at, downloaded=downloaded, what=what
                )
            )

        await self._database.write(change)

    async def views(self, recording: RecordingId) -> tuple[RecordingView, ...]:
        async with self._database.read() as connection:
            rows = await connection.execute(
                select(recording_views, accounts.c.name, accounts.c.username)
                .join(accounts)
                .where(recording_views.c.recording == recording)
                .order_by(recording_views.c.id)
            )
            return tuple(
                RecordingView(
                    recording=RecordingId(row.recording),
                    account=AccountId(row.account),
                    name=row.name,
                    username=row.username,
                    at=row.at,
                    downloaded=row.downloaded,
                    what=row.what,
                )
                for row in rows
            )

    async def remove(self, recording: RecordingId) -> None:
        await self._run(delete(recordings).where(recordings.c.id == recording))

    async def captions(self, recording: RecordingId) -> tuple[Captions, ...]:
        found = select(recording_captions).where(recording_captions.c.recording == recording)
        async with self._database.read() as connection:
            rows = await connection.execute(found.order_by(recording_captions.c.language))
            return tuple(Captions(row.language, row.text, row.at) for row in rows)

    async def put_captions(self, recording: RecordingId, captions: Captions) -> None:
        key = {"recording": recording, "language": captions.language}
        await self._put(recording_captions, key, {"text": captions.text, "at": captions.at})

    async def remove_captions(self, recording: RecordingId, language: str) -> None:
        table = recording_captions
        await self._run(delete(table).where(table.c.recording == recording, table.c.language == language))

    async def position(self, recording: RecordingId, account: AccountId) -> int | None:
        table = recording_positions
        found = select(table.c.ms).where(table.c.recording == recording, table.c.account == account)
        async with self._database.read() as connection:
            return (await connection.execute(found)).scalar_one_or_none()

    async def put_position(self, recording: RecordingId, account: AccountId, ms: int, at: int) -> None:
        await self._put(
            recording_positions, {"recording": recording, "account": account}, {"ms": ms, "at": at}
        )

    async def retention(self) -> RetentionRules:
        async with self._database.read() as connection:
            days = {row.class_id: row.days for row in await connection.execute(select(retention))}
        school = days.pop(_SCHOOL, None)
        return RetentionRules(school, {ClassId(class_id): of_class for class_id, of_class in days.items()})

    async def put_retention(self, rules: RetentionRules) -> None:
        rows = [{"class_id": _SCHOOL, "days": rules.school}]
        rows += [{"class_id": class_id, "days": days} for class_id, days in rules.classes.items()]

        async def change(connection: AsyncConnection) -> None:
            await connection.execute(delete(retention))
            await connection.execute(insert(retention), rows)

        await self._database.write(change)

    async def _run(self, statement: Delete) -> None:
        async def change(connection: AsyncConnection) -> None:
            await connection.execute(statement)

        await self._database.write(change)

    async def _put(self, table: Table, key: dict[str, Any], values: dict[str, Any]) -> None:
        """Insert or replace."""

        async def change(connection: AsyncConnection) -> None:
            where = [table.c[name] == value for name, value in key.items()]
            changed = await connection.execute(update(table).where(*where).values(values))
            if changed.rowcount == 0:
                await connection.execute(insert(table).values(**key, **values))

        await self._database.write(change)


async def _put(connection: AsyncConnection, entry: RecordingEntry) -> None:
    if entry.state != "erasing":
        known = select(recordings.c.state).where(recordings.c.id == entry.id).with_for_update()
        if (await connection.execute(known)).scalar() == "erasing":
            return
    values = {
        "lesson": entry.lesson,
        "started_at": entry.started_at,
        "state": entry.state,
        "duration": entry.duration,
        "erased_by": entry.erased_by,
        "erase_reason": entry.erase_reason,
    }
    changed = await connection.execute(update(recordings).where(recordings.c.id == entry.id).values(values))
    if changed.rowcount == 0:
        await connection.execute(insert(recordings).values(id=entry.id, **values))
    await connection.execute(delete(recording_files).where(recording_files.c.recording == entry.id))
    if entry.files:
        await connection.execute(
            insert(recording_files),
            [_file_row(entry.id, position, file) for position, file in enumerate(entry.files)],
        )


async def _put_files(
    connection: AsyncConnection, recording: RecordingId, files: Sequence[RecordingFileEntry]
) -> bool:
    found = await connection.execute(select(recordings.c.id).where(recordings.c.id == recording))
    if found.first() is None:
        return False
    table = recording_files
    names = [file.name for file in files]
    await connection.execute(delete(table).where(table.c.recording == recording, table.c.name.in_(names)))
    last = await connection.execute(select(func.max(table.c.position)).where(table.c.recording == recording))
    first = (last.scalar_one_or_none() or 0) + 1
    rows = [_file_row(recording, first + index, file) for index, file in enumerate(files)]
    if rows:
        await connection.execute(insert(table), rows)
    return True


def _file_row(recording: RecordingId, position: int, file: RecordingFileEntry) -> dict[str, Any]:
    return {
        "recording": recording,
        "position": position,
        "name": file.name,
        "role": file.role,
        "mime_type": file.mime_type,
        "start": file.start,
        "duration": file.duration,
        "bytes": file.bytes,
        "share": file.share,
        "participant": file.participant,
        "source": file.source,
        "sha256": file.sha256,
    }


def _entry(row: Any, files: list[RecordingFileEntry]) -> RecordingEntry:
    return RecordingEntry(
        id=RecordingId(row.id),
        lesson=LessonId(row.lesson),
        started_at=row.started_at,
        state=row.state,
        duration=row.duration,
        files=tuple(files),
        erased_by=row.erased_by,
        erase_reason=row.erase_reason,
    )


def _file(row: Any) -> RecordingFileEntry:
    return RecordingFileEntry(
        name=row.name,
        role=row.role,
        mime_type=row.mime_type,
        start=row.start,
        duration=row.duration,
        bytes=row.bytes,
        share=row.share,
        participant=row.participant,
        source=row.source,
        sha256=row.sha256,
    )
