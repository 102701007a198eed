"""Asking to enter, and the hosts' answer."""

from classroom.lesson import commands as cmd
from classroom.lesson import events as ev
from classroom.lesson.checks import (
    no_such_participant,
    own_id,
    refuse_unless_host,
    refuse_unless_hosting_live,
)
from classroom.lesson.presence import hand_down, leave_safe_mode, resume
from classroom.lesson.refusal import Decision, Refusal, RefusalCode
from classroom.lesson.shares import stop_shares_of
from classroom.lesson.state import Admission, LessonState, Participant, Phase
from classroom.people import Role

MAX_PARTICIPANTS = 500
"""Admitted and knocking together. Hosts always fit in."""
NEVER_ENTER = frozenset({Role.PARENT, Role.SUPPORT})


def knock(state: LessonState, c: cmd.Knock) -> Decision:
    """Who was denied may ask again, at the end of the queue; who was removed may not."""
    if c.actor.role in NEVER_ENTER:
        return Refusal(RefusalCode.NOT_ALLOWED, f"a {c.actor.role} account cannot enter a lesson")
    if state.phase is Phase.ENDED:
        return Refusal(RefusalCode.LESSON_ENDED, "the lesson has ended")
    p = state.participants.get(own_id(c.actor))
    hosts = c.actor.teaches(state.class_id)
    if p is not None:
        if p.admission is Admission.ADMITTED or (p.admission is Admission.KNOCKING and not hosts):
            return resume(state, p, c.connection)
        if p.admission is Admission.REMOVED and not hosts:
            return Refusal(RefusalCode.REMOVED, "removed from this lesson")
    if not hosts and _places_taken(state) >= MAX_PARTICIPANTS:
        return Refusal(RefusalCode.LESSON_FULL, f"at most {MAX_PARTICIPANTS} participants")
    return _knocked(state, c, hosts)


def _knocked(state: LessonState, c: cmd.Knock, hosts: bool) -> Decision:
    me = own_id(c.actor)
    knocked = ev.Knocked(
        participant=me,
        connection=c.connection,
        role=c.actor.role,
        of_class=c.actor.on_roster(state.class_id),
        hosts=hosts,
        username=c.actor.username,
        name=c.actor.name,
        class_label=c.actor.class_label,
    )
    if not hosts:
        return (knocked,)
    return (
        knocked,
        ev.Admitted(participant=me, by=me),
        ev.Entered(participant=me, connection=c.connection),
        *((ev.SafeModeLeft(),) if state.safe_mode else ()),
    )


def _places_taken(state: LessonState) -> int:
    return sum(
        p.admission is Admission.KNOCKING or (p.admission is Admission.ADMITTED and not p.gone)
        for p in state.participants.values()
    )


def withdraw(state: LessonState, c: cmd.Withdraw) -> Decision:
    p = state.participants.get(own_id(c.actor))
    if state.phase is Phase.ENDED or p is None:
        return ()
    if p.admission in {Admission.DENIED, Admission.REMOVED}:
        return ()
    if p.admission is Admission.ADMITTED:
        return Refusal(RefusalCode.ALREADY, "already admitted: leave instead")
    return (ev.KnockWithdrawn(participant=p.id),)


def admit(state: LessonState, c: cmd.Admit) -> Decision:
    """Also undoes a denial or a removal. Who is connected enters at once."""
    if refusal := refuse_unless_hosting_live(state, c.actor):
        return refusal
    p = state.participants.get(c.participant)
    if p is None:
        return no_such_participant()
    if p.admission is Admission.ADMITTED:
        return Refusal(RefusalCode.ALREADY, "already admitted")
    return _admitted(state, p, c)


def admit_class(state: LessonState, c: cmd.AdmitClass) -> Decision:
    if refusal := refuse_unless_hosting_live(state, c.actor):
        return refusal
    return tuple(
        event
        for p in state.participants.values()
        if p.admission is Admission.KNOCKING and p.of_class
        for event in _admitted(state, p, c)
    )


def _admitted(state: LessonState, p: Participant, c: cmd.Admit | cmd.AdmitClass) -> tuple[ev.AnyEvent, ...]:
    admitted = ev.Admitted(participant=p.id, by=own_id(c.actor))
    if p.connection is None:
        return (admitted,)
    entered = ev.Entered(participant=p.id, connection=p.connection)
    return (admitted, entered, *leave_safe_mode(state, p))


def deny(state: LessonState, c: cmd.Deny) -> Decision:
    """May come before the lesson has started."""
    if refusal := refuse_unless_host(state, c.actor):
        return refusal
    if state.phase is Phase.ENDED:
        return Refusal(RefusalCode.LESSON_ENDED, "the lesson has ended")
    p = state.participants.get(c.participant)
    if p is None:
        return no_such_participant()
    if p.admission is Admission.DENIED:
        return ()
    if p.admission is not Admission.KNOCKING:
        return Refusal(RefusalCode.ALREADY, "not waiting")
    return (ev.Denied(participant=p.id, by=own_id(c.actor)),)


def remove(state: LessonState, c: cmd.Remove) -> Decision:
    """Whoever was admitted, also when away or gone; not oneself, not another host."""
    if refusal := refuse_unless_hosting_live(state, c.actor):
        return refusal
    by = own_id(c.actor)
    p = state.participants.get(c.participant)
    if p is None or p.admission in {Admission.KNOCKING, Admission.DENIED}:
        return no_such_participant()
    if p.id == by or p.hosts:
        return Refusal(RefusalCode.NOT_ALLOWED, "hosts cannot be removed")
    if p.admission is Admission.REMOVED:
        return ()
    return (
        *stop_shares_of(state, p.id, by, "removed"),
        *hand_down(state, p.id, by),
        ev.Removed(participant=p.id, by=by),
    )
