"""What somebody wants to happen in a lesson. Ids inside commands are made by the caller."""

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
from classroom.lesson.events import SealedFile, Source
from classroom.people import Actor


class Schedule(Struct, frozen=True):
    actor: Actor
    lesson: LessonId
    class_id: ClassId
    class_name: str
    title: str
    starts_at: int
    ends_at: int


class Start(Struct, frozen=True):
    actor: Actor


class End(Struct, frozen=True):
    actor: Actor


class Knock(Struct, frozen=True):
    """Ask to enter. Who hosts the class is admitted by right; who was admitted just comes back."""

    actor: Actor
    connection: ConnectionId


class Withdraw(Struct, frozen=True):
    actor: Actor


class Admit(Struct, frozen=True):
    actor: Actor
    participant: ParticipantId


class AdmitClass(Struct, frozen=True):
    """Admit everyone waiting who is on this class's roster; others stay waiting."""

    actor: Actor


class Deny(Struct, frozen=True):
    actor: Actor
    participant: ParticipantId


class Remove(Struct, frozen=True):
    actor: Actor
    participant: ParticipantId


class Connect(Struct, frozen=True):
    """A socket of an account opened: resumes a place that is there, changes nothing otherwise.

    Also of who was denied: who is connected enters at once if a host admits them after all.
    """

    actor: Actor
    connection: ConnectionId


class Drop(Struct, frozen=True):
    """The system's: a connection is gone. Ignored when the participant has a newer one."""

    participant: ParticipantId
    connection: ConnectionId
    reason: str


class Leave(Struct, frozen=True):
    actor: Actor


class StartShare(Struct, frozen=True):
    actor: Actor
    share: ShareId
    source: Source


class PauseShare(Struct, frozen=True):
    actor: Actor
    share: ShareId


class ResumeShare(Struct, frozen=True):
    actor: Actor
    share: ShareId


class StopShare(Struct, frozen=True):
    actor: Actor
    share: ShareId


class LoseShare(Struct, frozen=True):
    """The system's: the media plane lost the share (a worker died and it did not come back)."""

    share: ShareId


class AllowSharing(Struct, frozen=True):
    actor: Actor
    participant: ParticipantId
    allowed: bool


class Mute(Struct, frozen=True):
    """Stop somebody's microphone share; they may turn it on again themselves."""

    actor: Actor
    participant: ParticipantId


class RaiseHand(Struct, frozen=True):
    actor: Actor


class LowerHand(Struct, frozen=True):
    """Own hand, or (hosts) anybody's."""

    actor: Actor
    participant: ParticipantId


class SendMessage(Struct, frozen=True):
    actor: Actor
    message: MessageId
    text: str


class StartRecording(Struct, frozen=True):
    actor: Actor
    recording: RecordingId


class StopRecording(Struct, frozen=True):
    actor: Actor


class CutRecording(Struct, frozen=True):
    """The system's: the recorder cannot go on. ``reason``: disk_full | disk_failed."""

    recording: RecordingId
    reason: str


class PauseRecording(Struct, frozen=True):
    actor: Actor


class ResumeRecording(Struct, frozen=True):
    actor: Actor


class AcknowledgeRecording(Struct, frozen=True):
    """The actor has read that the lesson is recorded."""

    actor: Actor


class MarkChapter(Struct, frozen=True):
    """A place in the recording to find again. ``title`` may be empty: the chapter is then known by its time.
    ``ago_ms``: it begins so long before now."""

    actor: Actor
    title: str
    ago_ms: int = 0


class SealRecording(Struct, frozen=True):
    """The system's: files of a recording are closed. Also after the lesson's end."""

    recording: RecordingId
    files: tuple[SealedFile, ...]


class EraseRecording(Struct, frozen=True):
    """The system's: a recording was erased, wherever it was kept; ``by`` had the right to ask for it."""

    recording: RecordingId
    by: ParticipantId
    reason: str
    files: int
    bytes: int


class AllowReplay(Struct, frozen=True):
    actor: Actor
    allowed: bool


class Tick(Struct, frozen=True):
    """The system's: time has passed (safe mode's grace, shares of those away); see ``next_deadline``."""


class Recover(Struct, frozen=True):
    """The system's: the process that held the connections is gone; nobody is connected now."""


Command = (
    Schedule
    | Start
    | End
    | Knock
    | Withdraw
    | Admit
    | AdmitClass
    | Deny
    | Remove
    | Connect
    | Drop
    | Leave
    | StartShare
    | PauseShare
    | ResumeShare
    | StopShare
    | LoseShare
    | AllowSharing
    | Mute
    | RaiseHand
    | LowerHand
    | SendMessage
    | StartRecording
    | StopRecording
    | CutRecording
    | PauseRecording
    | ResumeRecording
    | AcknowledgeRecording
    | MarkChapter
    | SealRecording
    | EraseRecording
    | AllowReplay
    | Tick
    | Recover
)
