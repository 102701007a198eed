"""Bodies of the HTTP API. Times are milliseconds since the epoch, UTC. camelCase on the wire."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from classroom.lesson.state import Admission, Phase
from classroom.people import Role
from classroom.stores.port import FileRole

Title = Annotated[str, Meta(min_length=1, max_length=200)]


class Body(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Base of request bodies."""


class Answer(Struct, frozen=True, rename="camel"):
    """Base of response bodies."""


class ErrorDetail(Answer, frozen=True):
    """``code`` is stable; ``message`` is English, for developers: clients translate by code."""

    code: str
    message: str


class ErrorAnswer(Answer, frozen=True):
    error: ErrorDetail


class SignIn(Body, frozen=True):
    username: Annotated[str, Meta(min_length=1, max_length=128)]
    password: Annotated[str, Meta(min_length=1, max_length=1024)]


class ClassRow(Answer, frozen=True):
    id: str
    name: str


class Me(Answer, frozen=True):
    """``classes``: taught (teacher), all (admin), or on the roster of (student)."""

    account: str
    username: str
    name: str
    role: Role
    school: str
    classes: tuple[ClassRow, ...]
    may_create_lessons: bool


class ClassList(Answer, frozen=True):
    """GET /api/classes: the classes for which the account may create lessons."""

    classes: tuple[ClassRow, ...]


class NewLesson(Body, frozen=True):
    """``starts_at`` defaults to now, ``minutes`` to 45."""

    title: Title
    class_id: Annotated[str, Meta(min_length=1, max_length=64)]
    starts_at: int | None = None
    minutes: Annotated[int, Meta(ge=5, le=600)] = 45


class LessonRow(Answer, frozen=True):
    """A lesson as the asking account may know it. ``own_class``: hosted by, or of the class of, the account.

    ``may_enter``: false for those who can never ask (parents, support). ``recordings``: how many
    the account may watch.
    """

    id: str
    title: str
    class_id: str
    class_name: str
    teacher_name: str
    starts_at: int
    ends_at: int
    phase: Phase
    started_at: int | None
    ended_at: int | None
    hosts: bool
    own_class: bool
    may_enter: bool
    admission: Admission
    recordings: int


class LessonList(Answer, frozen=True):
    """GET /api/lessons?from=ms&to=ms: by default from 12 h ago to 24 h ahead; live ones always."""

    lessons: tuple[LessonRow, ...]


class Interval(Answer, frozen=True):
    start: int
    end: int | None


AttendanceStatus = Literal["present", "late", "left_early", "late_left_early", "absent"]


class AttendanceRow(Answer, frozen=True):
    account: str
    username: str
    name: str
    class_label: str
    on_roster: bool
    status: AttendanceStatus
    seconds_present: int
    intervals: tuple[Interval, ...]


class Attendance(Answer, frozen=True):
    lesson: str
    title: str
    class_name: str
    started_at: int | None
    ended_at: int | None
    rows: tuple[AttendanceRow, ...]


class RecordingRow(Answer, frozen=True):
    """``state``: recording | closing | ready | lost. What is being erased is not told of. ``may_download``: files,
    films and originals, not watching alone.
    """

    id: str
    lesson: str
    title: str
    class_name: str
    started_at: int
    duration_ms: int
    bytes: int
    state: Literal["recording", "closing", "ready", "lost"]
    replay_allowed: bool
    may_manage: bool
    may_download: bool


class RecordingList(Answer, frozen=True):
    recordings: tuple[RecordingRow, ...]


class RecordingFile(Answer, frozen=True):
    name: str
    role: FileRole
    mime_type: str
    start_ms: int
    duration_ms: int
    bytes: int
    source: str
    participant_name: str
    sha256: str = ""


class RecordingViewed(Answer, frozen=True):
    name: str
    username: str
    at: int
    downloaded: bool
    what: str = ""


class CaptionsRow(Answer, frozen=True):
    """``language``: BCP 47."""

    language: str


class RecordingDetail(Answer, frozen=True):
    """``views``: who watched or downloaded what; empty for those who may not manage. ``position_ms``: where
    the account left off."""

    recording: RecordingRow
    files: tuple[RecordingFile, ...]
    views: tuple[RecordingViewed, ...]
    captions: tuple[CaptionsRow, ...] = ()
    position_ms: int = 0


class ReplayPermission(Body, frozen=True):
    """POST /api/recordings/{id}/replay: may members of the class watch?"""

    allowed: bool


class Health(Answer, frozen=True):
    """GET /healthz."""

    status: str


class Readiness(Answer, frozen=True):
    """GET /readyz: what answers."""

    database: bool
    media: bool
    recorder: bool
