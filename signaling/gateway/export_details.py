"""What a film of a recording needs to know of its lesson, out of the lesson's log: pure."""

from collections.abc import Sequence

from classroom.ids import ParticipantId, RecordingId
from classroom.lesson import events as ev
from classroom.lesson.events import Recorded, Source
from classroom.lesson.evolve import evolve
from classroom.lesson.stage import on_stage
from classroom.lesson.state import LessonState
from recorder.jobs.request import ChatLine, ExportDetails, Stage, pack
from recorder.time import Pause, paused, recording_time
from signaling.gateway.recording_plan import pauses_in

MAX_PACKED = 900_000
"""Bytes: what fits into a message of the bus."""


class _Course:
    """The log as far as it was read."""

    def __init__(self, recording: RecordingId, pauses: Sequence[Pause]) -> None:
        self.state: LessonState | None = None
        self.started_at: int | None = None
        self.pauses = pauses
        self.running = False
        self.chat: list[ChatLine] = []
        self.stages: list[Stage] = []
        self._recording = recording

    def read(self, recorded: Recorded) -> None:
        event, at = recorded.event, recorded.at
        self.state = evolve(self.state, recorded)
        if isinstance(event, ev.RecordingStarted) and event.recording == self._recording:
            self.started_at, self.running = at, True
        if self.running and self.started_at is not None:
            ms = max(0, round(recording_time(at, self.started_at, self.pauses)))
            if isinstance(event, ev.MessageSent) and event.text and not paused(at, self.pauses):
                self.chat.append(ChatLine(ms, self._name(event.participant), event.text))
            self._stage(ms)
        if self.state.recording is None or self.state.recording.id != self._recording:
            self.running = False

    def _name(self, participant: ParticipantId) -> str:
        found = None if self.state is None else self.state.participants.get(participant)
        return "" if found is None else found.name

    def _stage(self, ms: int) -> None:
        assert self.state is not None
        shown = on_stage(self.state)
        share = None if shown is None else self.state.shares.get(shown)
        screen = share is not None and share.source is Source.SCREEN
        if not self.stages or self.stages[-1].screen != screen:
            self.stages.append(Stage(ms, screen))


def export_details(
    log: Sequence[Recorded], recording: RecordingId, *, chat: bool, camera: str
) -> ExportDetails:
    """``camera``: whose, as a participant; empty: nobody's."""
    course = _Course(recording, pauses_in(log, recording))
    for recorded in log:
        course.read(recorded)
    return ExportDetails(camera, tuple(course.stages), tuple(course.chat) if chat else None)


def packed(details: ExportDetails, most: int = MAX_PACKED) -> bytes:
    """Where a chat is too long for it, its end is left out."""
    data = pack(details)
    chat = details.chat or ()
    while len(data) > most and chat:
        chat = chat[: len(chat) * 3 // 4]
        data = pack(ExportDetails(details.camera, details.stages, chat))
    return data


def camera_of(log: Sequence[Recorded], teacher: str, recorded: frozenset[str]) -> str:
    """The teacher's camera, else that of another host, if it is among the ``recorded`` ones (participants)."""
    if teacher in recorded:
        return teacher
    state: LessonState | None = None
    for each in log:
        state = evolve(state, each)
    hosts = () if state is None else (p.id for p in state.participants.values() if p.hosts)
    return next((str(host) for host in hosts if host in recorded), "")
