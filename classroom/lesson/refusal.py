"""Why a command was refused. Codes are part of the wire protocol: stable, documented."""

from enum import StrEnum

from msgspec import Struct

from classroom.lesson.events import AnyEvent


class RefusalCode(StrEnum):
    NOT_ALLOWED = "not_allowed"
    NOT_ADMITTED = "not_admitted"
    REMOVED = "removed"
    DENIED = "denied"
    LESSON_NOT_FOUND = "lesson_not_found"
    LESSON_NOT_LIVE = "lesson_not_live"
    LESSON_ENDED = "lesson_ended"
    LESSON_FULL = "lesson_full"
    ALREADY = "already"
    NO_SUCH_PARTICIPANT = "no_such_participant"
    NO_SUCH_SHARE = "no_such_share"
    SAFE_MODE = "safe_mode"
    NOT_ACKNOWLEDGED = "not_acknowledged"
    NOT_RECORDING = "not_recording"
    INVALID = "invalid"


class Refusal(Struct, frozen=True):
    """``detail`` is English, for logs and developers; clients translate by ``code``."""

    code: RefusalCode
    detail: str = ""


Decision = tuple[AnyEvent, ...] | Refusal
"""What ``decide`` answers: events to record (perhaps none: nothing changes), or why not."""
