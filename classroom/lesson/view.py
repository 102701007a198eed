"""What one account may see of a lesson, and what changed of it. Field names go on the wire in camelCase.

Nobody who is not admitted sees people, shares, messages, counts or hands: only the lesson's title,
phase and the own admission with the place in the queue. Only hosts see the waiting room.
"""

from msgspec import Struct

from classroom.ids import LessonId, MessageId, ParticipantId, RecordingId, ShareId
from classroom.lesson.events import Source
from classroom.lesson.state import Admission, Grant, Phase
from classroom.people import Role


class You(Struct, frozen=True, rename="camel"):
    """``place``: 1-based place in the queue while knocking. ``present``: in the lesson; false while
    waiting, after leaving, and while an admission has not been followed by entering.
    ``must_acknowledge``: the lesson is recorded, and nothing can be shared before that is acknowledged."""

    id: ParticipantId
    name: str
    role: Role
    admission: Admission
    place: int | None
    hosts: bool
    grants: tuple[Grant, ...]
    present: bool = False
    must_acknowledge: bool = False


class LessonInfo(Struct, frozen=True, rename="camel"):
    """To those not admitted only ``id``, ``title``, ``class_name``, ``phase``, ``starts_at`` carry anything.
    ``recording_held_ms``: for how long it was paused, without the pause that began at ``recording_paused_at``."""

    id: LessonId
    title: str
    class_name: str
    phase: Phase
    starts_at: int
    started_at: int | None = None
    safe_mode: bool = False
    recording: RecordingId | None = None
    recording_since: int | None = None
    recording_paused: bool = False
    recording_paused_at: int | None = None
    recording_held_ms: int = 0
    replay_allowed: bool = False


class Person(Struct, frozen=True, rename="camel"):
    """A participant in the lesson: connected, or away for a moment (``online`` false).

    ``hand``: 1-based place among raised hands. To hosts only: ``username``, and ``informed_of``, the
    recording that the participant knows of.
    """

    id: ParticipantId
    name: str
    role: Role
    class_label: str
    hosts: bool
    online: bool
    may_share: bool
    hand: int | None = None
    username: str = ""
    informed_of: RecordingId | None = None


class WaitingPerson(Struct, frozen=True, rename="camel"):
    id: ParticipantId
    name: str
    username: str
    class_label: str
    role: Role
    of_class: bool
    online: bool
    since: int


class ShareInfo(Struct, frozen=True, rename="camel"):
    """``paused``: by its owner, or by safe mode."""

    id: ShareId
    participant: ParticipantId
    source: Source
    paused: bool


class ChatMessage(Struct, frozen=True, rename="camel"):
    id: MessageId
    participant: ParticipantId
    name: str
    text: str
    at: int


class LessonView(Struct, frozen=True, rename="camel"):
    """Everything one account may see now. ``messages``: the newest 200, oldest first."""

    you: You
    lesson: LessonInfo
    people: tuple[Person, ...] = ()
    waiting: tuple[WaitingPerson, ...] = ()
    shares: tuple[ShareInfo, ...] = ()
    messages: tuple[ChatMessage, ...] = ()


class Resync(Struct, frozen=True):
    """Not sent: says that this account must be sent the whole view again (what it may see has changed)."""


RESYNC = Resync()


class ViewChange(Struct, frozen=True, rename="camel", omit_defaults=True):
    """What to apply to a LessonView: present parts replace by id in place, or append at the end; ``gone``
    lists remove. Of the messages only the newest 200 are kept."""

    you: You | None = None
    lesson: LessonInfo | None = None
    people: tuple[Person, ...] = ()
    people_gone: tuple[ParticipantId, ...] = ()
    waiting: tuple[WaitingPerson, ...] = ()
    waiting_gone: tuple[ParticipantId, ...] = ()
    shares: tuple[ShareInfo, ...] = ()
    shares_gone: tuple[ShareId, ...] = ()
    messages: tuple[ChatMessage, ...] = ()
