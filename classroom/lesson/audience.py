"""Who sees the same of a lesson: hosts, the admitted, and the others."""

from enum import StrEnum

from classroom.ids import AccountId, ParticipantId
from classroom.lesson.state import Admission, LessonState
from classroom.people import Actor


class Audience(StrEnum):
    """``OTHERS``: not admitted, or left: they learn the title, the phase and their own place only."""

    HOSTS = "hosts"
    ADMITTED = "admitted"
    OTHERS = "others"


def audience(state: LessonState, account: AccountId, actor: Actor) -> Audience:
    p = state.participants.get(ParticipantId(account))
    if p is None or p.admission is not Admission.ADMITTED or p.gone:
        return Audience.OTHERS
    return Audience.HOSTS if p.hosts and actor.teaches(state.class_id) else Audience.ADMITTED
