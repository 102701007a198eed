"""What each socket of a lesson is told of a change: what an audience has in common is made and encoded once."""

import msgspec

from classroom.ids import AccountId
from classroom.lesson.project import Projection, Transition
from classroom.lesson.state import LessonState
from classroom.lesson.view import LessonView, Resync, ViewChange
from classroom.people import Actor
from signaling.wire.server import Change as ChangeMessage

_encoder = msgspec.json.Encoder()


class LessonViews:
    """Of one lesson. Follows its host's states, in order."""

    def __init__(self, state: LessonState) -> None:
        self._projection = Projection(state)
        self._transition = Transition(self._projection, self._projection)
        self._encoded: dict[tuple[int, int], tuple[ViewChange, bytes]] = {}

    def follow(self, state: LessonState) -> None:
        after = Projection(state, previous=self._projection)
        self._transition = Transition(self._projection, after)
        self._projection = after
        self._encoded.clear()

    def view(self, account: AccountId, actor: Actor) -> LessonView:
        return self._projection.view(account, actor)

    def change(self, account: AccountId, actor: Actor) -> ViewChange | Resync | None:
        """Of the newest step."""
        return self._transition.change(account, actor)

    def encode(self, seq: int, change: ViewChange) -> bytes:
        """The ``change`` message; once for all who get the very same change."""
        key = (seq, id(change))
        known = self._encoded.get(key)
        if known is None:
            # The change is kept with its bytes: while it lives, no other object has its id.
            known = self._encoded[key] = (change, _encoder.encode(ChangeMessage(seq, change)))
        return known[1]
