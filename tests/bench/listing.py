"""`./run bench listing`: how long the list of thousands of recordings takes, and how much of it goes over the line.

A gateway with SQLite on disk; the client is in the same process, so what it costs is in the figure. Beside it what
the list took while it read every recording with all its files (`whole entries`), which others still need.
"""

import argparse
import asyncio
import json
import logging
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from classroom.ids import LessonId, ParticipantId, RecordingId
from classroom.lesson import events as ev
from classroom.stores.port import RecordingEntry, RecordingFileEntry
from tests.bench._figures import figure
from tests.bench._sums import percentile
from tests.signaling.gateway.school import School, school_at

BENCH = "listing"
WARM = 2
_AT_ONCE = 100
_DAY = 86_400_000


async def fill(school: School, recordings: int, files: int) -> None:
    """One recording a lesson, two days of lessons; each by the store, as the gateway writes them."""
    stores, now = school.stores, school.gateway.clock()
    school_class = await stores.classes.by_name("10A1")
    assert school_class is not None
    by = ParticipantId(await school.account("teacher"))
    kept = tuple(
        RecordingFileEntry(
            f"share-{number}.webm", "share", "video/webm", 0, 60_000, 10_000_000, sha256="ab" * 32
        )
        for number in range(files)
    )

    async def one(number: int) -> None:
        lesson, at = LessonId(school.gateway.make_id()), now - 2 * _DAY + number * 2 * _DAY // recordings
        scheduled = ev.LessonScheduled(
            lesson=lesson,
            class_id=school_class.id,
            class_name=school_class.name,
            title=f"Toán {number}",
            by=by,
            starts_at=at,
            ends_at=at + 2_700_000,
        )
        await stores.log.append(lesson, 0, [scheduled, ev.LessonStarted(by), ev.LessonEnded(by)], at)
        entry = RecordingEntry(RecordingId(school.gateway.make_id()), lesson, at, "ready", 2_700_000, kept)
        await stores.recordings.put(entry)

    for first in range(0, recordings, _AT_ONCE):
        await asyncio.gather(*(one(number) for number in range(first, min(recordings, first + _AT_ONCE))))


async def timed(times: int, work: Callable[[], Awaitable[object]]) -> list[float]:
    """Milliseconds of each; the first ones are not counted."""
    took = []
    for _ in range(WARM + times):
        began = time.perf_counter()
        await work()
        took.append((time.perf_counter() - began) * 1000)
    return took[WARM:]


async def answers(school: School, path: str, times: int, what: str, rows: str) -> None:
    teacher, body, sent = await school.who("teacher"), b"", 0

    async def ask() -> None:
        nonlocal body, sent
        async with teacher.http.get(path, headers={"Accept-Encoding": "gzip"}) as answer:
            body, sent = await answer.read(), answer.content_length or 0

    took = await timed(times, ask)
    figure(
        BENCH,
        what,
        statistics.median(took),
        "ms, median",
        worst=round(max(took), 1),
        p95=round(percentile(took, 0.95), 1),
        rows=len(json.loads(body)[rows]),
        kilobytes=len(body) // 1000,
        kilobytes_sent=sent // 1000,
    )


async def measure(recordings: int, files: int, times: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        async with school_at(Path(directory)) as school:
            await fill(school, recordings, files)
            stores, now = school.stores, school.gateway.clock()
            for what, work in (
                ("store: summaries", stores.recordings.summaries),
                ("store: whole entries", stores.recordings.all),
            ):
                took = await timed(times, work)
                figure(BENCH, what, statistics.median(took), "ms, median", worst=round(max(took), 1))
            await answers(school, "/api/recordings", times, "list of recordings", "recordings")
            span = f"from={now - 3 * _DAY}&to={now + _DAY}"
            await answers(
                school, f"/api/lessons?{span}", times, "list of lessons, each with its count", "lessons"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recordings", type=int, default=3000)
    parser.add_argument("--files", type=int, default=20, help="of each recording")
    parser.add_argument("--times", type=int, default=20, help="each list is asked for")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    asyncio.run(measure(options.recordings, options.files, options.times))


if __name__ == "__main__":
    main()
