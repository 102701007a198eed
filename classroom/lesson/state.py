"""A lesson's live state: the fold of its log. Immutable; every change makes a new value.

Unchanged parts keep their identity (``is``) from one state to the next: views rely on it to find
what changed without comparing.
"""

from enum import StrEnum

from msgspec import Struct

from classroom.ids import ClassId, ConnectionId, LessonId, MessageId, ParticipantId, RecordingId, ShareId
from classroom.lesson.events import SealedFile, Source
from classroom.people import Role


class Phase(StrEnum):
    SCHEDULED = "scheduled"
    LIVE = "live"
    ENDED = "ended"


class Admission(StrEnum):
    NONE = "none"
    KNOCKING = "knocking"
    ADMITTED = "admitted"
    DENIED = "denied"
    REMOVED = "removed"


class Grant(StrEnum):
    """What a participant may do now."""

    MODERATE = "moderate"
    SPEAK = "speak"
    SHOW_CAMERA = "show_camera"
    SHARE_SCREEN = "share_screen"
    CHAT = "chat"
    RAISE_HAND = "raise_hand"


class Participant(Struct, frozen=True):
    """``hosts``: admitted by right (teacher of the class, admin). ``connection``: None when away.

    ``entered_at``: None until the first presence after an admission. ``away_since``: when the
    connection was lost; None while connected, and where none is expected back.
    """

    id: ParticipantId
    role: Role
    of_class: bool
    hosts: bool
    username: str
    name: str
    class_label: str
    admission: Admission
    knocked_at: int
    connection: ConnectionId | None = None
    entered_at: int | None = None
    may_share: bool = False
    gone: bool = False
    """Left by choice (``Left``); may come back without asking."""
    away_since: int | None = None
    informed_of: RecordingId | None = None
    """The recording that the participant was there to see begin, or has acknowledged."""

    @property
    def listed(self) -> bool:
        """In the lesson, connected or only away for a moment."""
        return self.admission is Admission.ADMITTED and self.entered_at is not None and not self.gone

    @property
    def inside(self) -> bool:
        """In the lesson and connected."""
        return self.connection is not None and self.listed


class Share(Struct, frozen=True):
    id: ShareId
    participant: ParticipantId
    source: Source
    started_at: int
    paused: bool = False


class Message(Struct, frozen=True):
    """``name``: the sender's, as it was when sent."""

    id: MessageId
    participant: ParticipantId
    text: str
    at: int
    name: str = ""


class RecordingPause(Struct, frozen=True):
    """``until`` None: it is paused now. Milliseconds since the epoch."""

    at: int
    until: int | None = None


class RecordingNow(Struct, frozen=True):
    id: RecordingId
    since: int
    pauses: tuple[RecordingPause, ...] = ()

    @property
    def paused(self) -> bool:
        return bool(self.pauses) and self.pauses[-1].until is None

    @property
    def held_ms(self) -> int:
        """Of the pauses that have ended."""
        return sum(pause.until - pause.at for pause in self.pauses if pause.until is not None)


class LessonState(Struct, frozen=True):
    """``participants`` are in order of arrival: who knocks, or comes in, goes to the end; so those
    knocking stand in the order of the queue. ``shares``: first started first. ``hands``: raised hands,
    first raised first. ``messages``: the newest 200. ``safe_mode_at``: when no host is connected, the
    time at which safe mode begins.
    """

    lesson: LessonId
    class_id: ClassId
    class_name: str
    title: str
    starts_at: int
    ends_at: int
    phase: Phase = Phase.SCHEDULED
    started_at: int | None = None
    ended_at: int | None = None
    participants: dict[ParticipantId, Participant] = {}
    shares: dict[ShareId, Share] = {}
    hands: tuple[ParticipantId, ...] = ()
    messages: tuple[Message, ...] = ()
    recording: RecordingNow | None = None
    sealed: dict[RecordingId, dict[str, SealedFile]] = {}
    erased: frozenset[RecordingId] = frozenset()
    replay_allowed: bool = False
    safe_mode: bool = False
    safe_mode_at: int | None = None

    @property
    def attended(self) -> bool:
        """Whether a host is connected."""
        return any(p.hosts and p.inside for p in self.participants.values())
