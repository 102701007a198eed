"""What of the shares is seen and heard: the one rule for the page, the switch and the recorder."""

from classroom.ids import ShareId
from classroom.lesson.events import Source
from classroom.lesson.state import LessonState, Share

_SOUNDS = frozenset({Source.MICROPHONE, Source.SCREEN_AUDIO})


def effective_paused(state: LessonState, share: Share) -> bool:
    """Paused by its owner, or by safe mode (hosts' shares go on)."""
    if share.paused:
        return True
    return state.safe_mode and not _of_host(state, share)


def on_stage(state: LessonState) -> ShareId | None:
    """The newest screen that is not paused, else the first host's camera that is not, else nothing."""
    shown = [s for s in state.shares.values() if not effective_paused(state, s)]
    for share in reversed(shown):
        if share.source is Source.SCREEN:
            return share.id
    for share in shown:
        if share.source is Source.CAMERA and _of_host(state, share):
            return share.id
    return None


def audible(state: LessonState) -> tuple[ShareId, ...]:
    """Every share whose sound belongs in the lesson now, first started first."""
    return tuple(
        s.id for s in state.shares.values() if s.source in _SOUNDS and not effective_paused(state, s)
    )


def _of_host(state: LessonState, share: Share) -> bool:
    p = state.participants.get(share.participant)
    return p is not None and p.hosts
