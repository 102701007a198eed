"""Which recordings have been kept long enough: pure."""

from classroom.ids import ClassId
from classroom.stores.port import RecordingEntry, RetentionRules

DAY_MS = 24 * 3_600_000


def days_of(class_id: ClassId, rules: RetentionRules) -> int | None:
    """None: for good."""
    return rules.classes.get(class_id, rules.school)


def due(entry: RecordingEntry, class_id: ClassId, rules: RetentionRules, now: int) -> bool:
    """Counted from the recording's end. What is being recorded, closed or erased is not looked at."""
    days = days_of(class_id, rules)
    if days is None or entry.state not in ("ready", "lost"):
        return False
    return now - (entry.started_at + entry.duration) >= days * DAY_MS
