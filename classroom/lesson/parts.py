"""The parts of a view, made from the parts of a state."""

from classroom.ids import AccountId, ParticipantId
from classroom.lesson.audience import Audience
from classroom.lesson.grants import grants
from classroom.lesson.recording import must_acknowledge
from classroom.lesson.stage import effective_paused
from classroom.lesson.state import (
    Admission,
    Grant,
    LessonState,
    Message,
    Participant,
    Phase,
    Share,
)
from classroom.lesson.view import ChatMessage, LessonInfo, Person, ShareInfo, WaitingPerson, You
from classroom.people import Actor

_GRANT_ORDER = tuple(Grant)


def queue(state: LessonState) -> dict[ParticipantId, int]:
    """The 1-based places of those knocking, first first. Nobody waits for a lesson that has ended."""
    if state.phase is Phase.ENDED:
        return {}
    knocking = (p.id for p in state.participants.values() if p.admission is Admission.KNOCKING)
    return {participant: place for place, participant in enumerate(knocking, 1)}


def you(state: LessonState, account: AccountId, actor: Actor, places: dict[ParticipantId, int]) -> You:
    me = ParticipantId(account)
    p = state.participants.get(me)
    mine = grants(state, me)
    return You(
        id=me,
        name=actor.name,
        role=actor.role,
        admission=Admission.NONE if p is None else p.admission,
        place=places.get(me),
        hosts=actor.teaches(state.class_id),
        grants=tuple(grant for grant in _GRANT_ORDER if grant in mine),
        present=p is not None and p.inside,
        must_acknowledge=p is not None and p.inside and must_acknowledge(state, p),
    )


def lesson_info(state: LessonState, audience: Audience) -> LessonInfo:
    if audience is Audience.OTHERS:
        return LessonInfo(
            id=state.lesson,
            title=state.title,
            class_name=state.class_name,
            phase=state.phase,
            starts_at=state.starts_at,
        )
    running = state.recording
    return LessonInfo(
        id=state.lesson,
        title=state.title,
        class_name=state.class_name,
        phase=state.phase,
        starts_at=state.starts_at,
        started_at=state.started_at,
        safe_mode=state.safe_mode,
        recording=None if running is None else running.id,
        recording_since=None if running is None else running.since,
        recording_paused=running is not None and running.paused,
        recording_paused_at=None if running is None or not running.paused else running.pauses[-1].at,
        recording_held_ms=0 if running is None else running.held_ms,
        replay_allowed=state.replay_allowed,
    )


def is_person(state: LessonState, p: Participant) -> bool:
    """Whether the participant stands in the list of people."""
    return p.listed and state.phase is not Phase.ENDED


def person(p: Participant, audience: Audience, hand: int | None) -> Person:
    return Person(
        id=p.id,
        name=p.name,
        role=p.role,
        class_label=p.class_label,
        hosts=p.hosts,
        online=p.connection is not None,
        may_share=p.may_share,
        hand=hand,
        username=p.username if audience is Audience.HOSTS else "",
        informed_of=p.informed_of if audience is Audience.HOSTS else None,
    )


def hands(state: LessonState) -> dict[ParticipantId, int]:
    return {participant: place for place, participant in enumerate(state.hands, 1)}


def waiting_person(p: Participant) -> WaitingPerson:
    return WaitingPerson(
        id=p.id,
        name=p.name,
        username=p.username,
        class_label=p.class_label,
        role=p.role,
        of_class=p.of_class,
        online=p.connection is not None,
        since=p.knocked_at,
    )


def share_info(state: LessonState, share: Share) -> ShareInfo:
    return ShareInfo(
        id=share.id,
        participant=share.participant,
        source=share.source,
        paused=effective_paused(state, share),
    )


def chat_message(m: Message) -> ChatMessage:
    return ChatMessage(id=m.id, participant=m.participant, name=m.name, text=m.text, at=m.at)
