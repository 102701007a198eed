"""Changes of a view: finding them, and applying them. Every client mirrors ``apply_change``."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

from classroom.lesson.evolve import MESSAGES_KEPT
from classroom.lesson.view import LessonView, ViewChange

Id = TypeVar("Id", bound=str)


class _HasId(Protocol):
    @property
    def id(self) -> str: ...


Part = TypeVar("Part", bound=_HasId)


class OutOfOrder(Exception):
    """Replacing in place, appending and removing do not lead to the new order."""


def part_difference(
    before: dict[Id, Part], after: dict[Id, Part], keep: int | None = None
) -> tuple[tuple[Part, ...], tuple[Id, ...]]:
    """(present, gone) that lead from before to after; ``keep``: only so many of the newest are kept,
    and what falls out is not named. Raises OutOfOrder."""
    if before is after:
        return (), ()
    present = tuple(
        part for id_, part in after.items() if (was := before.get(id_)) is not part and was != part
    )
    gone = tuple(id_ for id_ in before if id_ not in after)
    order = [id_ for id_ in before if keep is not None or id_ in after]
    order += [id_ for id_ in after if id_ not in before]
    if (order if keep is None else order[-keep:]) != list(after):
        raise OutOfOrder
    return present, gone if keep is None else ()


def apply_change(view: LessonView, change: ViewChange) -> LessonView:
    """The view after a change."""
    return LessonView(
        you=change.you or view.you,
        lesson=change.lesson or view.lesson,
        people=_apply(view.people, change.people, change.people_gone),
        waiting=_apply(view.waiting, change.waiting, change.waiting_gone),
        shares=_apply(view.shares, change.shares, change.shares_gone),
        messages=_apply(view.messages, change.messages, ())[-MESSAGES_KEPT:],
    )


def _apply(parts: tuple[Part, ...], present: Iterable[Part], gone: Iterable[str]) -> tuple[Part, ...]:
    by_id = {part.id: part for part in parts}
    for id_ in gone:
        by_id.pop(id_, None)
    for part in present:
        by_id[part.id] = part
    return tuple(by_id.values())
