"""The checks that commands have in common. Each answers None, or the refusal."""

import unicodedata

from classroom.ids import ParticipantId
from classroom.lesson.refusal import Refusal, RefusalCode
from classroom.lesson.state import LessonState, Participant, Phase
from classroom.people import Actor


def own_id(actor: Actor) -> ParticipantId:
    return ParticipantId(actor.account)


def refuse_unless_host(state: LessonState, actor: Actor) -> Refusal | None:
    if actor.teaches(state.class_id):
        return None
    return Refusal(RefusalCode.NOT_ALLOWED, "only who teaches the class may do this")


def refuse_unless_live(state: LessonState) -> Refusal | None:
    if state.phase is Phase.LIVE:
        return None
    if state.phase is Phase.ENDED:
        return Refusal(RefusalCode.LESSON_ENDED, "the lesson has ended")
    return Refusal(RefusalCode.LESSON_NOT_LIVE, "the lesson has not started")


def refuse_unless_hosting_live(state: LessonState, actor: Actor) -> Refusal | None:
    return refuse_unless_host(state, actor) or refuse_unless_live(state)


def refuse_in_safe_mode(state: LessonState, p: Participant) -> Refusal | None:
    if not state.safe_mode or p.hosts:
        return None
    return Refusal(RefusalCode.SAFE_MODE, "no teacher is connected")


def inside(state: LessonState, actor: Actor) -> Participant | Refusal:
    """The actor's participant, connected in a live lesson; else why not."""
    if state.phase is Phase.ENDED:
        return Refusal(RefusalCode.LESSON_ENDED, "the lesson has ended")
    p = state.participants.get(own_id(actor))
    if p is None or not p.inside:
        return Refusal(RefusalCode.NOT_ADMITTED, "not in the lesson")
    return refuse_unless_live(state) or p


def no_such_participant() -> Refusal:
    return Refusal(RefusalCode.NO_SUCH_PARTICIPANT, "no such participant in the lesson")


def invalid(detail: str) -> Refusal:
    return Refusal(RefusalCode.INVALID, detail)


def printable(text: str, allowed: str = "") -> bool:
    """No control characters but the allowed ones, and no lone surrogates (they cannot be stored)."""
    return all(c in allowed or unicodedata.category(c) not in {"Cc", "Cs"} for c in text)
