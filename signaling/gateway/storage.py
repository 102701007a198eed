"""What recordings take, and for how long there is room: pure."""

from collections.abc import Iterable, Mapping

from classroom.ids import LessonId
from classroom.stores.port import LessonEntry, RecordingEntry
from signaling.wire.replay import ClassStorage, Storage

DAY_MS = 24 * 3_600_000
HOUR_MS = 3_600_000
FALLBACK_BYTES_PER_HOUR = 900_000_000
"""A screen at 1.5 Mbit/s, a camera and voices: before there is anything to measure."""
_RECENT_MS = 14 * DAY_MS


def size_of(entry: RecordingEntry) -> int:
    return sum(file.bytes for file in entry.files)


def storage(
    entries: Iterable[RecordingEntry],
    lessons: Mapping[LessonId, LessonEntry | None],
    free: int | None,
    now: int,
) -> Storage:
    """``free``: bytes that recordings can still take; None where there is no bound."""
    entries = [entry for entry in entries if entry.state != "erasing"]
    classes: dict[str, ClassStorage] = {}
    for entry in entries:
        lesson = lessons.get(entry.lesson)
        class_id, name = ("", "") if lesson is None else (lesson.class_id, lesson.class_name)
        known = classes.get(class_id, ClassStorage(class_id, name, 0, 0))
        classes[class_id] = ClassStorage(
            class_id, known.class_name, known.recordings + 1, known.bytes + size_of(entry)
        )
    rate = _rate([e for e in entries if e.started_at >= now - _RECENT_MS]) or _rate(entries)
    rate = rate or FALLBACK_BYTES_PER_HOUR
    return Storage(
        used_bytes=sum(size_of(entry) for entry in entries),
        free_bytes=free,
        bytes_per_hour=rate,
        hours_left=None if free is None else round(free / rate, 1),
        last_day_bytes=sum(size_of(entry) for entry in entries if entry.started_at >= now - DAY_MS),
        classes=tuple(sorted(classes.values(), key=lambda row: (-row.bytes, row.class_name))),
    )


def _rate(entries: Iterable[RecordingEntry]) -> int:
    """Bytes per hour of recording; 0 when there is none."""
    ready = [entry for entry in entries if entry.state == "ready" and entry.duration > 0]
    duration = sum(entry.duration for entry in ready)
    return 0 if duration == 0 else round(sum(map(size_of, ready)) * HOUR_MS / duration)
