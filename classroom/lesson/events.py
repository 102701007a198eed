"""What has happened in a lesson: the only source of its state, attendance, chat and audit trail.

Fields named in ``personal`` (names, texts) are stored apart from the hash-chained header and can be
erased later; erased fields read as empty strings, and folding goes on to work.
``at`` is not part of an event: the log's envelope (``Recorded``) carries it.
"""

from enum import StrEnum
from typing import ClassVar

from msgspec import Struct

from classroom.ids import (
    ClassId,
    ConnectionId,
    LessonId,
    MessageId,
    ParticipantId,
    RecordingId,
    ShareId,
)
from classroom.people import Role


class Source(StrEnum):
    """What a share shows or sounds."""

    SCREEN = "screen"
    SCREEN_AUDIO = "screen_audio"
    CAMERA = "camera"
    MICROPHONE = "microphone"


class Event(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    """Base of all events. ``kind`` on the wire and in the log is the class name."""

    personal: ClassVar[frozenset[str]] = frozenset()


class LessonScheduled(Event, frozen=True, tag="LessonScheduled"):
    """Always the first event. Times are milliseconds since the epoch, UTC."""

    lesson: LessonId
    class_id: ClassId
    class_name: str
    title: str
    by: ParticipantId
    starts_at: int
    ends_at: int


class LessonStarted(Event, frozen=True, tag="LessonStarted"):
    by: ParticipantId


class LessonEnded(Event, frozen=True, tag="LessonEnded"):
    by: ParticipantId


class Knocked(Event, frozen=True, tag="Knocked"):
    """An account asked to enter (or, followed at once by Admitted by itself, came by right)."""

    personal: ClassVar[frozenset[str]] = frozenset({"username", "name", "class_label"})
    participant: ParticipantId
    connection: ConnectionId
    role: Role
    of_class: bool
    hosts: bool
    username: str = ""
    name: str = ""
    class_label: str = ""


class KnockWithdrawn(Event, frozen=True, tag="KnockWithdrawn"):
    participant: ParticipantId


class Admitted(Event, frozen=True, tag="Admitted"):
    participant: ParticipantId
    by: ParticipantId


class Denied(Event, frozen=True, tag="Denied"):
    participant: ParticipantId
    by: ParticipantId


class Removed(Event, frozen=True, tag="Removed"):
    participant: ParticipantId
    by: ParticipantId


class Entered(Event, frozen=True, tag="Entered"):
    """First presence after admission. Presence intervals open here and at ``CameBack``."""

    participant: ParticipantId
    connection: ConnectionId


class Dropped(Event, frozen=True, tag="Dropped"):
    """The connection is gone without a farewell; the place (in queue or lesson) is kept."""

    participant: ParticipantId
    connection: ConnectionId
    reason: str


class CameBack(Event, frozen=True, tag="CameBack"):
    participant: ParticipantId
    connection: ConnectionId


class DeviceReplaced(Event, frozen=True, tag="DeviceReplaced"):
    """The same account connected elsewhere; the newer connection took over."""

    participant: ParticipantId
    old: ConnectionId
    connection: ConnectionId


class Left(Event, frozen=True, tag="Left"):
    participant: ParticipantId


class ShareStarted(Event, frozen=True, tag="ShareStarted"):
    share: ShareId
    participant: ParticipantId
    source: Source


class SharePaused(Event, frozen=True, tag="SharePaused"):
    share: ShareId
    by: ParticipantId


class ShareResumed(Event, frozen=True, tag="ShareResumed"):
    share: ShareId
    by: ParticipantId


class ShareStopped(Event, frozen=True, tag="ShareStopped"):
    """``reason``: stopped | muted | forbidden | left | dropped | removed | replaced | ended."""

    share: ShareId
    by: ParticipantId
    reason: str


class SharingAllowed(Event, frozen=True, tag="SharingAllowed"):
    participant: ParticipantId
    by: ParticipantId


class SharingForbidden(Event, frozen=True, tag="SharingForbidden"):
    participant: ParticipantId
    by: ParticipantId


class HandRaised(Event, frozen=True, tag="HandRaised"):
    participant: ParticipantId


class HandLowered(Event, frozen=True, tag="HandLowered"):
    participant: ParticipantId
    by: ParticipantId


class MessageSent(Event, frozen=True, tag="MessageSent"):
    personal: ClassVar[frozenset[str]] = frozenset({"text"})
    message: MessageId
    participant: ParticipantId
    text: str = ""


class RecordingStarted(Event, frozen=True, tag="RecordingStarted"):
    recording: RecordingId
    by: ParticipantId


class RecordingStopped(Event, frozen=True, tag="RecordingStopped"):
    """``by``: SYSTEM when it could not go on; ``reason`` then says why: disk_full | disk_failed."""

    recording: RecordingId
    by: ParticipantId
    reason: str = ""


class RecordingPaused(Event, frozen=True, tag="RecordingPaused"):
    """From here to RecordingResumed nothing is recorded, and no time of the recording passes."""

    recording: RecordingId
    by: ParticipantId


class RecordingResumed(Event, frozen=True, tag="RecordingResumed"):
    recording: RecordingId
    by: ParticipantId


class RecordingAcknowledged(Event, frozen=True, tag="RecordingAcknowledged"):
    """The participant was told that the lesson is recorded, and has said so."""

    recording: RecordingId
    participant: ParticipantId


class ChapterMarked(Event, frozen=True, tag="ChapterMarked"):
    """A host named what begins here, for who watches the recording. ``ago_ms``: it began so long before the
    event, while the host wrote the title."""

    personal: ClassVar[frozenset[str]] = frozenset({"title"})
    recording: RecordingId
    participant: ParticipantId
    title: str = ""
    ago_ms: int = 0


class SealedFile(Struct, frozen=True, forbid_unknown_fields=True):
    """``sha256``: hexadecimal."""

    name: str
    bytes: int
    sha256: str


class RecordingSealed(Event, frozen=True, tag="RecordingSealed"):
    """These files of a recording are closed: what they hold shows from here on if it is changed."""

    recording: RecordingId
    files: tuple[SealedFile, ...]


class RecordingErased(Event, frozen=True, tag="RecordingErased"):
    """The receipt of an erasure: nothing of the recording is left. ``by``: SYSTEM when its time was over.

    ``reason``: asked | retention.
    """

    recording: RecordingId
    by: ParticipantId
    reason: str
    files: int
    bytes: int


class ReplayAllowed(Event, frozen=True, tag="ReplayAllowed"):
    """Members of the class may watch this lesson's recordings."""

    by: ParticipantId


class ReplayForbidden(Event, frozen=True, tag="ReplayForbidden"):
    by: ParticipantId


class SafeModeEntered(Event, frozen=True, tag="SafeModeEntered"):
    """No teacher is connected: student shares and chat pause."""


class SafeModeLeft(Event, frozen=True, tag="SafeModeLeft"):
    pass


class PersonalDataErased(Event, frozen=True, tag="PersonalDataErased"):
    """The receipt of an erasure: names and messages of the participant were blanked in this log."""

    participant: ParticipantId
    by: ParticipantId


AnyEvent = (
    LessonScheduled
    | LessonStarted
    | LessonEnded
    | Knocked
    | KnockWithdrawn
    | Admitted
    | Denied
    | Removed
    | Entered
    | Dropped
    | CameBack
    | DeviceReplaced
    | Left
    | ShareStarted
    | SharePaused
    | ShareResumed
    | ShareStopped
    | SharingAllowed
    | SharingForbidden
    | HandRaised
    | HandLowered
    | MessageSent
    | RecordingStarted
    | RecordingStopped
    | RecordingPaused
    | RecordingResumed
    | RecordingAcknowledged
    | ChapterMarked
    | RecordingSealed
    | RecordingErased
    | ReplayAllowed
    | ReplayForbidden
    | SafeModeEntered
    | SafeModeLeft
    | PersonalDataErased
)


class Recorded(Struct, frozen=True):
    """An event with its place in the log. ``at``: milliseconds since the epoch, UTC."""

    seq: int
    at: int
    event: AnyEvent
