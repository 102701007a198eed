"""From state to views: the whole view of an account, and what changed of it from one state to the next.

What an audience has in common is made once; per account only ``you`` is. Whoever serves a lesson
keeps the newest ``Projection`` and makes the next from it:

    after = Projection(state, previous=before)
    step = Transition(before, after)
    for account, actor in connected:
        change = step.change(account, actor)   # ViewChange, Resync or None

Accounts of one audience whose ``you`` did not change get the very same ViewChange object: encode it once.
"""

from functools import cached_property

from msgspec.structs import replace

from classroom.ids import AccountId, MessageId, ParticipantId, ShareId
from classroom.lesson import parts
from classroom.lesson.audience import Audience, audience
from classroom.lesson.evolve import MESSAGES_KEPT
from classroom.lesson.state import Admission, LessonState, Message, Participant, Phase
from classroom.lesson.view import (
    RESYNC,
    ChatMessage,
    LessonInfo,
    LessonView,
    Person,
    Resync,
    ShareInfo,
    ViewChange,
    WaitingPerson,
    You,
)
from classroom.lesson.viewchange import OutOfOrder, apply_change, part_difference
from classroom.people import Actor

__all__ = ["Projection", "Transition", "apply_change", "changes", "view"]


def view(state: LessonState, account: AccountId, actor: Actor) -> LessonView:
    """Everything the account may see now."""
    return Projection(state).view(account, actor)


def changes(
    before: LessonState, after: LessonState, account: AccountId, actor: Actor
) -> ViewChange | Resync | None:
    """What to send to one account; None when nothing it may see changed."""
    return Transition(Projection(before), Projection(after)).change(account, actor)


class Common:
    """What one audience sees of a state, by id and in order. Parts are reused from the previous one."""

    def __init__(self, state: LessonState, seen_by: Audience, previous: "Common | None") -> None:
        self.state = state
        self.seen_by = seen_by
        self.lesson: LessonInfo = parts.lesson_info(state, seen_by)
        self.people: dict[ParticipantId, Person] = {}
        self.waiting: dict[ParticipantId, WaitingPerson] = {}
        self.shares: dict[ShareId, ShareInfo] = {}
        self.messages: dict[MessageId, ChatMessage] = {}
        if seen_by is not Audience.OTHERS:
            self._fill(previous)

    def _fill(self, previous: "Common | None") -> None:
        state = self.state
        was = None if previous is None or previous.state.phase is not state.phase else previous
        same_people = was is not None and was.state.participants is state.participants
        if was is not None and same_people and was.state.hands is state.hands:
            self.people = was.people
        else:
            self._fill_people(was)
        if was is not None and same_people:
            self.waiting = was.waiting
        elif self.seen_by is Audience.HOSTS and state.phase is not Phase.ENDED:
            self._fill_waiting(was)
        if (
            was is not None
            and same_people
            and was.state.shares is state.shares
            and was.state.safe_mode is state.safe_mode
        ):
            self.shares = was.shares
        else:
            self.shares = {share.id: parts.share_info(state, share) for share in state.shares.values()}
        if was is not None and was.state.messages is state.messages:
            self.messages = was.messages
        else:
            self._fill_messages(was)

    def _fill_people(self, was: "Common | None") -> None:
        places = parts.hands(self.state)
        for p in self.state.participants.values():
            if not parts.is_person(self.state, p):
                continue
            hand = places.get(p.id)
            known = None if was is None or not was.holds(p) else was.people.get(p.id)
            if known is None or known.hand != hand:
                known = parts.person(p, self.seen_by, hand)
            self.people[p.id] = known

    def _fill_waiting(self, was: "Common | None") -> None:
        for p in self.state.participants.values():
            if p.admission is Admission.KNOCKING:
                known = None if was is None or not was.holds(p) else was.waiting.get(p.id)
                self.waiting[p.id] = known or parts.waiting_person(p)

    def _fill_messages(self, was: "Common | None") -> None:
        known: dict[MessageId, Message] = {} if was is None else {m.id: m for m in was.state.messages}
        for m in self.state.messages:
            if was is not None and known.get(m.id) is m:
                self.messages[m.id] = was.messages[m.id]
            else:
                self.messages[m.id] = parts.chat_message(m)

    def holds(self, p: Participant) -> bool:
        """Whether the participant is the very same in this one's state."""
        return self.state.participants.get(p.id) is p


class Projection:
    """A state with what its audiences have in common, made when first asked for."""

    def __init__(self, state: LessonState, previous: "Projection | None" = None) -> None:
        self.state = state
        self._common: dict[Audience, Common] = {}
        self._you: dict[AccountId, tuple[Actor, You]] = {}
        self._previous = {} if previous is None else previous._common

    def common(self, seen_by: Audience) -> Common:
        made = self._common.get(seen_by)
        if made is None:
            made = Common(self.state, seen_by, self._previous.get(seen_by))
            self._common[seen_by] = made
        return made

    @cached_property
    def places(self) -> dict[ParticipantId, int]:
        return parts.queue(self.state)

    def you(self, account: AccountId, actor: Actor) -> You:
        actor_then, made = self._you.get(account, (None, None))
        if made is None or actor_then is not actor:
            made = parts.you(self.state, account, actor, self.places)
            self._you[account] = (actor, made)
        return made

    def view(self, account: AccountId, actor: Actor) -> LessonView:
        """Everything the account may see."""
        common = self.common(audience(self.state, account, actor))
        return LessonView(
            you=self.you(account, actor),
            lesson=common.lesson,
            people=tuple(common.people.values()),
            waiting=tuple(common.waiting.values()),
            shares=tuple(common.shares.values()),
            messages=tuple(common.messages.values()),
        )


class Transition:
    """The step from one projection to a later one of the same lesson."""

    def __init__(self, before: Projection, after: Projection) -> None:
        self.before = before
        self.after = after
        self._differences: dict[Audience, ViewChange | Resync | None] = {}

    def change(self, account: AccountId, actor: Actor) -> ViewChange | Resync | None:
        """What to send to one account. Resync: send the whole view, what it may see is another now."""
        seen_by = audience(self.after.state, account, actor)
        if audience(self.before.state, account, actor) is not seen_by:
            return RESYNC
        common = self._difference(seen_by)
        if isinstance(common, Resync):
            return common
        mine = self.after.you(account, actor)
        if mine == self.before.you(account, actor):
            return common
        return ViewChange(you=mine) if common is None else replace(common, you=mine)

    def _difference(self, seen_by: Audience) -> ViewChange | Resync | None:
        if seen_by not in self._differences:
            self._differences[seen_by] = _difference(self.before.common(seen_by), self.after.common(seen_by))
        return self._differences[seen_by]


def _difference(before: Common, after: Common) -> ViewChange | Resync | None:
    try:
        people, people_gone = part_difference(before.people, after.people)
        waiting, waiting_gone = part_difference(before.waiting, after.waiting)
        shares, shares_gone = part_difference(before.shares, after.shares)
        messages, _ = part_difference(before.messages, after.messages, keep=MESSAGES_KEPT)
    except OutOfOrder:
        return RESYNC
    change = ViewChange(
        lesson=None if before.lesson == after.lesson else after.lesson,
        people=people,
        people_gone=people_gone,
        waiting=waiting,
        waiting_gone=waiting_gone,
        shares=shares,
        shares_gone=shares_gone,
        messages=messages,
    )
    return None if change == _NOTHING else change


_NOTHING = ViewChange()
