"""``classroom export`` and ``classroom verify``: a lesson's evidence, and whether its log and its recorded files are unchanged."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from classroom.ids import LessonId
from classroom.log import open_row, verify
from classroom.stores.database import Database, open_stores
from classroom.stores.port import StoreError
from recorder.archive.blocking import BlockingFiles
from recorder.archive.opening import open_files
from recorder.archive.port import StorageFailed
from signaling.evidence import Material, write_pack
from signaling.sealed import check_files
from signaling.settings import Settings


class Stop(Exception):
    """Said to the person."""


def main(command: str, settings: Settings, arguments: dict[str, object]) -> int:
    """Returns the exit status: 1 when there is no such lesson, or its log or a file does not hold."""
    try:
        return asyncio.run(_run(command, settings, arguments))
    except (Stop, StoreError) as error:
        print(f"classroom: {error}", file=sys.stderr)
    except StorageFailed as error:
        print(f"classroom: storage of recordings: {error}", file=sys.stderr)
    except OSError as error:
        print(f"classroom: {error.filename or ''}: {error.strerror}", file=sys.stderr)
    return 1


async def _run(command: str, settings: Settings, arguments: dict[str, object]) -> int:
    lesson = LessonId(str(arguments["lesson"]))
    stores = await open_stores(settings.database_url or settings.data, school=settings.school)
    try:
        if command == "verify":
            return await _verify(stores, settings, lesson)
        return await _export(stores, settings, lesson, Path(str(arguments["out"])))
    finally:
        await stores.close()


@asynccontextmanager
async def _files(settings: Settings) -> AsyncIterator[BlockingFiles]:
    try:
        files = open_files(settings.recordings, settings.storage_url)
    except ValueError as error:
        raise Stop(str(error)) from error
    try:
        yield BlockingFiles(files, asyncio.get_running_loop())
    finally:
        await files.close()


async def _verify(stores: Database, settings: Settings, lesson: LessonId) -> int:
    rows = await stores.log.rows(lesson)
    if not rows:
        raise Stop(f"there is no lesson {lesson}")
    entries = await stores.recordings.of_lesson(lesson)
    broken = verify(rows, lesson)
    if broken is not None:
        print(f"the log of lesson {lesson} was changed: event {broken} does not hold")
        return 1
    print(f"the log of lesson {lesson} holds: {len(rows)} events, last hash {rows[-1].hash.hex()}")
    log = [open_row(row) for row in rows]
    async with _files(settings) as files:
        found = await asyncio.to_thread(lambda: list(check_files(log, entries, files)))
    for finding in found:
        print(finding.text, file=sys.stdout if finding.holds else sys.stderr)
    return 0 if all(finding.holds for finding in found) else 1


async def _export(stores: Database, settings: Settings, lesson: LessonId, out: Path) -> int:
    entry = await stores.lessons.get(lesson)
    if entry is None:
        raise Stop(f"there is no lesson {lesson}")
    recordings = await stores.recordings.of_lesson(lesson)
    material = Material(
        school=stores.school,
        lesson=entry,
        rows=await stores.log.rows(lesson),
        roster=await stores.accounts.roster(entry.class_id),
        # Of what is being erased nobody is given anything.
        recordings=[recording for recording in recordings if recording.state != "erasing"],
        exported_at=time.time_ns() // 1_000_000,
    )
    async with _files(settings) as files:
        written = await asyncio.to_thread(write_pack, out, material, files)
    print(f"wrote {out}: {written.files} files, {len(material.rows)} events")
    for name in written.missing:
        print(f"not found: {name}", file=sys.stderr)
    if written.broken is not None:
        print(f"the log was changed: event {written.broken} does not hold", file=sys.stderr)
    return 0 if written.broken is None and not written.missing else 1
