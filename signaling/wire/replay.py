"""Bodies of the HTTP API about replaying: the lesson's log on a recording's time, and what goes with it.

``…Ms`` are milliseconds of recording time: since its start, pauses taken out.
"""

from typing import Annotated, Literal

from msgspec import Meta

from classroom.lesson.events import Source
from signaling.wire.http import Answer, Body


class TimelineMessage(Answer, frozen=True):
    at_ms: int
    name: str
    text: str


class TimelineHand(Answer, frozen=True):
    """``until_ms``: when the hand went down."""

    at_ms: int
    until_ms: int
    name: str


class TimelineMove(Answer, frozen=True):
    """Somebody came into the lesson, or went."""

    at_ms: int
    name: str
    entered: bool


class TimelineShare(Answer, frozen=True):
    """One share, from its first to its last moment in the recording. ``files``: names of its files in order
    (several where it changed its codec); empty when nothing of it was recorded. ``hosts``: of a teacher.
    ``picture``: whether there is something to see."""

    share: str
    source: Source
    name: str
    hosts: bool
    picture: bool
    start_ms: int
    end_ms: int
    files: tuple[str, ...]


class TimelineChapter(Answer, frozen=True):
    """``title``: as the host wrote it; empty for a share (then ``share`` names it), or where none was written."""

    at_ms: int
    title: str
    share: str = ""


class TimelineStill(Answer, frozen=True):
    """What a shared screen showed at rest, without loss. ``text``: what could be read on it."""

    at_ms: int
    share: str
    file: str
    text: str


class Timeline(Answer, frozen=True):
    """GET /api/recordings/{id}/timeline. ``cuts_ms``: where the recording was paused."""

    duration_ms: int
    messages: tuple[TimelineMessage, ...]
    hands: tuple[TimelineHand, ...]
    moves: tuple[TimelineMove, ...]
    shares: tuple[TimelineShare, ...]
    chapters: tuple[TimelineChapter, ...]
    stills: tuple[TimelineStill, ...]
    cuts_ms: tuple[int, ...]


class Thumbnails(Answer, frozen=True):
    """GET /api/recordings/{id}/thumbnails: sheets of ``columns`` × ``rows`` pictures of ``width`` × ``height``
    pixels; picture *i* is of ``at_ms[i]``. Sheets are files of the recording."""

    width: int
    height: int
    columns: int
    rows: int
    at_ms: tuple[int, ...]
    sheets: tuple[str, ...]


class Position(Body, frozen=True):
    """PUT /api/recordings/{id}/position: where the account left off."""

    ms: Annotated[int, Meta(ge=0, le=7 * 24 * 3_600_000)]


class NewExport(Body, frozen=True):
    """POST /api/recordings/{id}/exports: a film (MP4) of the recording. ``camera``: the teacher's, as an inset."""

    chat: bool = False
    camera: bool = True


class Export(Answer, frozen=True):
    """``progress``: 0 to 1. ``reason``: why it failed: disk_full | unreadable | failed."""

    id: str
    state: Literal["waiting", "running", "ready", "failed", "cancelled"]
    chat: bool
    camera: bool
    progress: float
    bytes: int
    reason: str = ""


class ExportList(Answer, frozen=True):
    exports: tuple[Export, ...]


class RewindPart(Answer, frozen=True):
    """A part of the programme as it stands: ``bytes`` is the ``upto`` to ask for. ``start_ms``, ``duration_ms``:
    of the recording."""

    name: str
    mime_type: str
    start_ms: int
    duration_ms: int
    bytes: int


class Rewind(Answer, frozen=True):
    """GET /api/lessons/{id}/rewind: the running recording from its beginning to a moment ago. ``now_ms``:
    recording time now."""

    recording: str
    now_ms: int
    paused: bool
    parts: tuple[RewindPart, ...]


class ClassStorage(Answer, frozen=True):
    class_id: str
    class_name: str
    recordings: int
    bytes: int


class Storage(Answer, frozen=True):
    """GET /api/storage. ``free_bytes``, ``hours_left`` (of recording, at the rate of what was recorded last):
    null where the storage has no bound that can be asked for. ``last_day_bytes``: recorded in the last 24 h."""

    used_bytes: int
    free_bytes: int | None
    bytes_per_hour: int
    hours_left: float | None
    last_day_bytes: int
    classes: tuple[ClassStorage, ...]


Days = Annotated[int, Meta(ge=1, le=36_500)]


class ClassRetention(Body, frozen=True):
    """``days`` null: until somebody erases them."""

    class_id: Annotated[str, Meta(min_length=1, max_length=64)]
    days: Days | None


class Retention(Body, frozen=True):
    """GET and PUT /api/retention: for how many days recordings are kept; null: until somebody erases them.
    Classes that are not named follow the school."""

    school_days: Days | None
    classes: Annotated[tuple[ClassRetention, ...], Meta(max_length=5_000)] = ()
