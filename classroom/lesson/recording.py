"""The lesson's recording: begun, held, gone on with, stopped; who knows of it; what is left of it later."""

from classroom.ids import SYSTEM
from classroom.lesson import commands as cmd
from classroom.lesson import events as ev
from classroom.lesson.checks import (
    inside,
    invalid,
    own_id,
    printable,
    refuse_unless_host,
    refuse_unless_hosting_live,
)
from classroom.lesson.refusal import Decision, Refusal, RefusalCode
from classroom.lesson.state import LessonState, Participant, RecordingNow
from classroom.people import Actor

MAX_CHAPTER_CHARACTERS = 200
MAX_CHAPTER_AGO_MS = 300_000


def must_acknowledge(state: LessonState, p: Participant) -> bool:
    """Whether the participant came while a recording runs and has not yet said to know of it."""
    return state.recording is not None and p.informed_of != state.recording.id


def refuse_unless_informed(state: LessonState, p: Participant) -> Refusal | None:
    if not must_acknowledge(state, p):
        return None
    return Refusal(RefusalCode.NOT_ACKNOWLEDGED, "the lesson is recorded: acknowledge that first")


def start(state: LessonState, c: cmd.StartRecording) -> Decision:
    if refusal := refuse_unless_hosting_live(state, c.actor):
        return refusal
    if state.recording is not None:
        return Refusal(RefusalCode.ALREADY, "a recording is running")
    return (ev.RecordingStarted(recording=c.recording, by=own_id(c.actor)),)


def stop(state: LessonState, c: cmd.StopRecording) -> Decision:
    if refusal := refuse_unless_hosting_live(state, c.actor):
        return refusal
    if state.recording is None:
        return ()
    return (ev.RecordingStopped(recording=state.recording.id, by=own_id(c.actor)),)


def cut(state: LessonState, c: cmd.CutRecording) -> Decision:
    if state.recording is None or state.recording.id != c.recording:
        return ()
    return (ev.RecordingStopped(recording=c.recording, by=SYSTEM, reason=c.reason),)


def pause(state: LessonState, c: cmd.PauseRecording) -> Decision:
    running = _running(state, c.actor)
    if isinstance(running, Refusal):
        return running
    if running.paused:
        return ()
    return (ev.RecordingPaused(recording=running.id, by=own_id(c.actor)),)


def resume(state: LessonState, c: cmd.ResumeRecording) -> Decision:
    running = _running(state, c.actor)
    if isinstance(running, Refusal):
        return running
    if not running.paused:
        return ()
    return (ev.RecordingResumed(recording=running.id, by=own_id(c.actor)),)


def acknowledge(state: LessonState, c: cmd.AcknowledgeRecording) -> Decision:
    p = inside(state, c.actor)
    if isinstance(p, Refusal):
        return p
    if state.recording is None or not must_acknowledge(state, p):
        return ()
    return (ev.RecordingAcknowledged(recording=state.recording.id, participant=p.id),)


def mark_chapter(state: LessonState, c: cmd.MarkChapter) -> Decision:
    running = _running(state, c.actor)
    if isinstance(running, Refusal):
        return running
    title = c.title.strip()
    if len(title) > MAX_CHAPTER_CHARACTERS or not printable(title):
        return invalid(f"a chapter's title has up to {MAX_CHAPTER_CHARACTERS} printable characters")
    if not 0 <= c.ago_ms <= MAX_CHAPTER_AGO_MS:
        return invalid(f"a chapter begins up to {MAX_CHAPTER_AGO_MS} ms before it is marked")
    by = own_id(c.actor)
    return (ev.ChapterMarked(recording=running.id, participant=by, title=title, ago_ms=c.ago_ms),)


def seal(state: LessonState, c: cmd.SealRecording) -> Decision:
    """Only what is not in the log as it is: a file that was added, or made whole, after an earlier sealing."""
    if c.recording in state.erased:
        return ()
    known = state.sealed.get(c.recording, {})
    fresh = tuple(file for file in c.files if known.get(file.name) != file)
    return (ev.RecordingSealed(recording=c.recording, files=fresh),) if fresh else ()


def erase(state: LessonState, c: cmd.EraseRecording) -> Decision:
    if state.recording is not None and state.recording.id == c.recording:
        return Refusal(RefusalCode.ALREADY, "the recording is running")
    if c.recording in state.erased:
        return ()
    return (
        ev.RecordingErased(recording=c.recording, by=c.by, reason=c.reason, files=c.files, bytes=c.bytes),
    )


def allow_replay(state: LessonState, c: cmd.AllowReplay) -> Decision:
    """Also after the end."""
    if refusal := refuse_unless_host(state, c.actor):
        return refusal
    if state.replay_allowed is c.allowed:
        return ()
    by = own_id(c.actor)
    return (ev.ReplayAllowed(by=by) if c.allowed else ev.ReplayForbidden(by=by),)


def _running(state: LessonState, actor: Actor) -> RecordingNow | Refusal:
    if refusal := refuse_unless_hosting_live(state, actor):
        return refusal
    if state.recording is None:
        return Refusal(RefusalCode.NOT_RECORDING, "no recording is running")
    return state.recording
