"""What the workshop is told and what it tells. Requests are idempotent by the job's id."""

from typing import Literal

from msgspec import Struct

from recorder.control import RecordedFile

JobKind = Literal["export", "thumbnails", "text"]
FailureCode = Literal["disk_full", "unreadable", "failed"]
"""``unreadable``: nothing in the recording can be read; ``failed``: whatever else, a crash included."""


class StartJob(Struct, frozen=True, tag="job.start"):
    """``details``: for an export its ``ExportDetails``, packed. Reply: RecorderDone, or RecorderFailed
    (``no_such_recording``; ``busy``: too many wait; ``unsupported``: no tesseract for ``text``)."""

    job: str
    kind: JobKind
    recording: str
    details: bytes = b""


class CancelJob(Struct, frozen=True, tag="job.cancel"):
    """Nothing of it is left once the reply (RecorderDone) is there."""

    job: str


class RemoveJobFile(Struct, frozen=True, tag="job.remove_file"):
    """A file that a job made (an export) is taken away. Reply: RecorderDone, also when it is not there."""

    recording: str
    name: str


class ListJobs(Struct, frozen=True, tag="job.list"):
    """Reply: JobsKnown."""


class JobProgress(Struct, frozen=True, tag="job.progress"):
    """``progress``: 0 to 1; it has begun."""

    job: str
    recording: str
    kind: JobKind
    progress: float


class JobDone(Struct, frozen=True, tag="job.done"):
    """``files``: all that it made, in the recording's directory."""

    job: str
    recording: str
    kind: JobKind
    files: tuple[RecordedFile, ...]


class JobFailed(Struct, frozen=True, tag="job.failed"):
    job: str
    recording: str
    kind: JobKind
    code: FailureCode
    detail: str = ""


class JobsKnown(Struct, frozen=True, tag="job.known"):
    """``waiting``: ids of what has not begun. ``ended``: the newest, oldest first."""

    waiting: tuple[str, ...]
    running: JobProgress | None
    ended: tuple[JobDone | JobFailed, ...]


JobRequest = StartJob | CancelJob | RemoveJobFile | ListJobs
JobNotice = JobProgress | JobDone | JobFailed
JobReply = JobsKnown
