"""What a participant may do in a lesson as it stands.

Safe mode takes no grants away: it pauses, and ``LessonInfo.safe_mode`` says so.
"""

from classroom.ids import ParticipantId
from classroom.lesson.events import Source
from classroom.lesson.state import Grant, LessonState, Participant, Phase

_NONE: frozenset[Grant] = frozenset()
_HOST = frozenset(Grant)
_GUEST = frozenset({Grant.SPEAK, Grant.SHOW_CAMERA, Grant.CHAT, Grant.RAISE_HAND})
_GUEST_SHARING = _GUEST | {Grant.SHARE_SCREEN}

NEEDED_TO_SHARE: dict[Source, Grant] = {
    Source.MICROPHONE: Grant.SPEAK,
    Source.CAMERA: Grant.SHOW_CAMERA,
    Source.SCREEN: Grant.SHARE_SCREEN,
    Source.SCREEN_AUDIO: Grant.SHARE_SCREEN,
}


def grants(state: LessonState, participant: ParticipantId) -> frozenset[Grant]:
    """Empty unless the participant is in the lesson (connected or away for a moment) and it has not ended."""
    p = state.participants.get(participant)
    if p is None or not p.listed or state.phase is Phase.ENDED:
        return _NONE
    return grants_inside(p)


def grants_inside(p: Participant) -> frozenset[Grant]:
    """Grants of a participant who is in a lesson that has not ended."""
    if p.hosts:
        return _HOST
    return _GUEST_SHARING if p.may_share else _GUEST
