"""What the recorder is told and what it tells. Requests are idempotent by the ids the caller gives."""

from typing import Literal

from msgspec import Struct

from media.parameters import Kind, RtpCodecParameters
from recorder.time import Pause


class RecorderDone(Struct, frozen=True, tag="recorder.done"):
    pass


class RecorderFailed(Struct, frozen=True, tag="recorder.failed"):
    """``code``: no_such_recording | closed | open | unsupported | disk_full | disk | storage."""

    code: str
    detail: str


class OpenRecording(Struct, frozen=True, tag="recorder.open"):
    """Begin, or take up again after a crash, a recording. ``started_at``: ms since the epoch.

    Reply: RecordingOpened.
    """

    recording: str
    lesson: str
    started_at: int
    pauses: tuple[Pause, ...] = ()


class SetPauses(Struct, frozen=True, tag="recorder.set_pauses"):
    """All of the recording's pauses so far: nothing is written while it is paused. Reply: RecorderDone."""

    recording: str
    pauses: tuple[Pause, ...]


class RecordingOpened(Struct, frozen=True, tag="recorder.opened"):
    """``tap_address``: where media workers send RTP to."""

    tap_address: str


class AddTrack(Struct, frozen=True, tag="recorder.add_track"):
    """Packets that arrive as ``tap`` belong to this share. Reply: RecorderDone."""

    recording: str
    tap: int
    share: str
    participant: str
    source: Literal["screen", "screen_audio", "camera", "microphone"]
    kind: Kind
    codecs: tuple[RtpCodecParameters, ...]


class EndTrack(Struct, frozen=True, tag="recorder.end_track"):
    recording: str
    share: str


class SetStage(Struct, frozen=True, tag="recorder.set_stage"):
    """Which share's picture is the programme's from its next key frame on; None: keep the last picture."""

    recording: str
    share: str | None


class AddStill(Struct, frozen=True, tag="recorder.add_still"):
    """A picture of a shared screen at rest, to be kept with the recording. ``at_ms``: of recording time.

    One that does not fit into a message of the bus comes in ``parts``, one after the other. Reply: RecorderDone,
    also where there is no room for it.
    """

    recording: str
    share: str
    participant: str
    at_ms: int
    mime_type: str
    data: bytes
    part: int = 0
    parts: int = 1


class CloseRecording(Struct, frozen=True, tag="recorder.close"):
    """Finish the files; also finishes a recording that a crash left open. Reply: RecordingClosed.

    ``pauses``: all of the recording's; None: those it was told of.
    """

    recording: str
    pauses: tuple[Pause, ...] | None = None


class EraseRecording(Struct, frozen=True, tag="recorder.erase"):
    """Remove everything there is of a recording that is not open. Reply: RecordingErasedReply; of what is
    not there, or no longer, with nothing counted."""

    recording: str


class RecordingErasedReply(Struct, frozen=True, tag="recorder.erased"):
    files: int
    bytes: int


class TakeSpace(Struct, frozen=True, tag="recorder.take_space"):
    """Reply: Space."""


class Space(Struct, frozen=True, tag="recorder.space"):
    """Bytes free where recordings are kept, and how many must be for a recording to begin."""

    free: int
    needed: int


class HashRecording(Struct, frozen=True, tag="recorder.hash"):
    """The SHA-256 of these files of a closed recording are wanted. Reply: RecorderDone; they come as
    RecordingHashed, later."""

    recording: str
    names: tuple[str, ...]


FileRole = Literal["programme", "share", "still", "thumbnails", "text", "export"]


class RecordedFile(Struct, frozen=True):
    """``name``: file name inside the recording's directory. ``start``/``duration``: ms of recording time."""

    name: str
    role: FileRole
    mime_type: str
    start: int
    duration: int
    bytes: int
    share: str = ""
    participant: str = ""
    source: str = ""
    sha256: str = ""
    """Hexadecimal; empty until it is known."""


class HashedFile(Struct, frozen=True):
    name: str
    bytes: int
    sha256: str


class RecordingClosed(Struct, frozen=True, tag="recorder.closed"):
    recording: str
    duration: int
    files: tuple[RecordedFile, ...]
    pauses: tuple[Pause, ...] = ()
    lesson: str = ""
    """Empty where not even that was left."""
    started_at: int = 0


class ListRecordings(Struct, frozen=True, tag="recorder.list"):
    """Reply: RecordingsOpen — the ids of recordings on disk that are not closed."""


class RecordingsOpen(Struct, frozen=True, tag="recorder.list_open"):
    recordings: tuple[str, ...]


class TakeRecorderStats(Struct, frozen=True, tag="recorder.take_stats"):
    pass


class RecorderStats(Struct, frozen=True, tag="recorder.stats"):
    values: dict[str, float]


RecorderRequest = (
    OpenRecording
    | SetPauses
    | AddTrack
    | EndTrack
    | SetStage
    | AddStill
    | CloseRecording
    | HashRecording
    | EraseRecording
    | ListRecordings
    | TakeSpace
    | TakeRecorderStats
)
RecorderReply = (
    RecorderDone
    | RecorderFailed
    | RecordingOpened
    | RecordingClosed
    | RecordingErasedReply
    | RecordingsOpen
    | Space
    | RecorderStats
)


class KeyFrameWanted(Struct, frozen=True, tag="recorder.key_frame_wanted"):
    """The recorder cannot go on with this share's video before a key frame."""

    recording: str
    share: str


class RecordingTrouble(Struct, frozen=True, tag="recorder.trouble"):
    """``code``: disk_full | disk_failed (both: stopped, what is on disk stays) | slow_disk (pictures are
    dropped from here on) | disk_well (no longer)."""

    recording: str
    code: str


class RecordingHashed(Struct, frozen=True, tag="recorder.hashed"):
    """Those of the wanted files that could be read."""

    recording: str
    files: tuple[HashedFile, ...]


RecorderNotice = KeyFrameWanted | RecordingTrouble | RecordingHashed
