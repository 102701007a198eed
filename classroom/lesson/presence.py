"""Connections come and go: resuming a place, dropping, leaving, the passing of time, recovery."""

from classroom.ids import SYSTEM, ConnectionId, ParticipantId
from classroom.lesson import commands as cmd
from classroom.lesson import events as ev
from classroom.lesson.checks import own_id
from classroom.lesson.evolve import RESTARTED
from classroom.lesson.refusal import Decision, Refusal, RefusalCode
from classroom.lesson.shares import stop_shares_of
from classroom.lesson.state import Admission, LessonState, Participant, Phase

SHARE_GRACE_MS = 15_000
"""How long the shares of somebody who dropped are kept: a short loss must not stop media."""


def resume(state: LessonState, p: Participant, connection: ConnectionId) -> tuple[ev.AnyEvent, ...]:
    """A place in the queue or in the lesson gets this connection."""
    if p.connection == connection:
        return ()
    if p.connection is not None:
        return (
            *stop_shares_of(state, p.id, p.id, "replaced"),
            ev.DeviceReplaced(participant=p.id, old=p.connection, connection=connection),
        )
    back: ev.AnyEvent
    if p.admission is Admission.ADMITTED and p.entered_at is None:
        back = ev.Entered(participant=p.id, connection=connection)
    else:
        back = ev.CameBack(participant=p.id, connection=connection)
    return (back, *leave_safe_mode(state, p))


def leave_safe_mode(state: LessonState, p: Participant) -> tuple[ev.AnyEvent, ...]:
    """What follows when this participant is connected in the lesson."""
    return (ev.SafeModeLeft(),) if state.safe_mode and p.hosts else ()


def connect(state: LessonState, c: cmd.Connect) -> Decision:
    p = state.participants.get(own_id(c.actor))
    if state.phase is Phase.ENDED or p is None or p.gone:
        return ()
    if p.admission is Admission.REMOVED:
        return ()
    return resume(state, p, c.connection)


def drop(state: LessonState, c: cmd.Drop) -> Decision:
    p = state.participants.get(c.participant)
    if p is None or p.connection != c.connection:
        return ()
    return (ev.Dropped(participant=p.id, connection=c.connection, reason=c.reason),)


def leave(state: LessonState, c: cmd.Leave) -> Decision:
    p = state.participants.get(own_id(c.actor))
    if state.phase is Phase.ENDED:
        return ()
    if p is not None and p.admission is Admission.KNOCKING:
        return (ev.KnockWithdrawn(participant=p.id),)
    if p is None or p.admission is not Admission.ADMITTED:
        return Refusal(RefusalCode.NOT_ADMITTED, "not in the lesson")
    if p.gone:
        return ()
    return (
        *stop_shares_of(state, p.id, p.id, "left"),
        *hand_down(state, p.id, p.id),
        ev.Left(participant=p.id),
    )


def hand_down(state: LessonState, participant: ParticipantId, by: ParticipantId) -> tuple[ev.AnyEvent, ...]:
    return (ev.HandLowered(participant=participant, by=by),) if participant in state.hands else ()


def tick(state: LessonState, now: int) -> Decision:
    """Safe mode once its time has come; shares of those away for too long stop."""
    events: list[ev.AnyEvent] = []
    if state.safe_mode_at is not None and now >= state.safe_mode_at:
        events.append(ev.SafeModeEntered())
    for share in state.shares.values():
        p = state.participants.get(share.participant)
        if p is None or (p.away_since is not None and now >= p.away_since + SHARE_GRACE_MS):
            events.append(ev.ShareStopped(share=share.id, by=SYSTEM, reason="dropped"))
    return tuple(events)


def next_deadline(state: LessonState) -> int | None:
    """When ``Tick`` next has something to do, in ms since the epoch; None when nothing is due."""
    due = [] if state.safe_mode_at is None else [state.safe_mode_at]
    for share in state.shares.values():
        p = state.participants.get(share.participant)
        if p is not None and p.away_since is not None:
            due.append(p.away_since + SHARE_GRACE_MS)
    return min(due, default=None)


def recover(state: LessonState) -> Decision:
    return tuple(
        ev.Dropped(participant=p.id, connection=p.connection, reason=RESTARTED)
        for p in state.participants.values()
        if p.connection is not None
    )
