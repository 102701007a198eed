"""Commands in, events or a refusal out. Every permission check of the product is reached from here."""

from typing import assert_never

from classroom.lesson import admission, presence, recording, shares, talk
from classroom.lesson import commands as cmd
from classroom.lesson import events as ev
from classroom.lesson.checks import (
    invalid,
    own_id,
    printable,
    refuse_unless_host,
    refuse_unless_hosting_live,
)
from classroom.lesson.presence import next_deadline
from classroom.lesson.refusal import Decision, Refusal, RefusalCode
from classroom.lesson.state import LessonState, Phase

__all__ = ["decide", "next_deadline"]

MAX_TITLE_CHARACTERS = 200


def decide(state: LessonState | None, command: cmd.Command, now: int) -> Decision:
    """What follows when this command comes at ``now`` (ms since the epoch, UTC).

    An empty tuple: nothing changes (a repeated command, a late system message). Never raises.
    """
    if isinstance(command, cmd.Schedule):
        return _schedule(state, command)
    if state is None:
        return Refusal(RefusalCode.LESSON_NOT_FOUND, "no such lesson")
    return _decide(state, command, now)


def _decide(state: LessonState, command: cmd.Command, now: int) -> Decision:
    match command:
        case cmd.Schedule():
            return _schedule(state, command)
        case cmd.Start():
            return _start(state, command)
        case cmd.End():
            return _end(state, command)
        case cmd.Knock():
            return admission.knock(state, command)
        case cmd.Withdraw():
            return admission.withdraw(state, command)
        case cmd.Admit():
            return admission.admit(state, command)
        case cmd.AdmitClass():
            return admission.admit_class(state, command)
        case cmd.Deny():
            return admission.deny(state, command)
        case cmd.Remove():
            return admission.remove(state, command)
        case cmd.Connect():
            return presence.connect(state, command)
        case cmd.Drop():
            return presence.drop(state, command)
        case cmd.Leave():
            return presence.leave(state, command)
        case cmd.Tick():
            return presence.tick(state, now)
        case cmd.Recover():
            return presence.recover(state)
        case cmd.StartShare():
            return shares.start_share(state, command)
        case cmd.PauseShare():
            return shares.pause_share(state, command)
        case cmd.ResumeShare():
            return shares.resume_share(state, command)
        case cmd.StopShare():
            return shares.stop_share(state, command)
        case cmd.LoseShare():
            return shares.lose_share(state, command)
        case cmd.AllowSharing():
            return shares.allow_sharing(state, command)
        case cmd.Mute():
            return shares.mute(state, command)
        case cmd.RaiseHand():
            return talk.raise_hand(state, command)
        case cmd.LowerHand():
            return talk.lower_hand(state, command)
        case cmd.SendMessage():
            return talk.send_message(state, command)
        case cmd.StartRecording():
            return recording.start(state, command)
        case cmd.StopRecording():
            return recording.stop(state, command)
        case cmd.CutRecording():
            return recording.cut(state, command)
        case cmd.PauseRecording():
            return recording.pause(state, command)
        case cmd.ResumeRecording():
            return recording.resume(state, command)
        case cmd.AcknowledgeRecording():
            return recording.acknowledge(state, command)
        case cmd.MarkChapter():
            return recording.mark_chapter(state, command)
        case cmd.SealRecording():
            return recording.seal(state, command)
        case cmd.EraseRecording():
            return recording.erase(state, command)
        case cmd.AllowReplay():
            return recording.allow_replay(state, command)
        case _:
            assert_never(command)


def _schedule(state: LessonState | None, c: cmd.Schedule) -> Decision:
    if not c.actor.teaches(c.class_id):
        return Refusal(RefusalCode.NOT_ALLOWED, "only who teaches the class may schedule its lessons")
    if state is not None:
        return Refusal(RefusalCode.ALREADY, "the lesson exists")
    title = c.title.strip()
    if not 1 <= len(title) <= MAX_TITLE_CHARACTERS or not printable(title):
        return invalid(f"a title has 1 to {MAX_TITLE_CHARACTERS} printable characters")
    if c.ends_at <= c.starts_at:
        return invalid("the lesson ends before it starts")
    return (
        ev.LessonScheduled(
            lesson=c.lesson,
            class_id=c.class_id,
            class_name=c.class_name,
            title=title,
            by=own_id(c.actor),
            starts_at=c.starts_at,
            ends_at=c.ends_at,
        ),
    )


def _start(state: LessonState, c: cmd.Start) -> Decision:
    if refusal := refuse_unless_host(state, c.actor):
        return refusal
    if state.phase is Phase.LIVE:
        return Refusal(RefusalCode.ALREADY, "the lesson has started")
    if state.phase is Phase.ENDED:
        return Refusal(RefusalCode.LESSON_ENDED, "the lesson has ended")
    return (ev.LessonStarted(by=own_id(c.actor)),)


def _end(state: LessonState, c: cmd.End) -> Decision:
    if refusal := refuse_unless_hosting_live(state, c.actor):
        return refusal
    by = own_id(c.actor)
    running = state.recording
    return (
        *(() if running is None else (ev.RecordingStopped(recording=running.id, by=by),)),
        *(ev.ShareStopped(share=share, by=by, reason="ended") for share in state.shares),
        ev.LessonEnded(by=by),
    )
