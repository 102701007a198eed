"""Finding and applying changes of lists."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from classroom.lesson.viewchange import OutOfOrder, _apply, part_difference


class Part(Struct, frozen=True):
    id: str
    value: int


def by_id(*parts: tuple[str, int]) -> dict[str, Part]:
    return {id_: Part(id_, value) for id_, value in parts}


def test_present_and_gone() -> None:
    before, after = by_id(("a", 1), ("b", 1), ("c", 1)), by_id(("a", 1), ("c", 2), ("d", 1))
    assert part_difference(before, after) == ((Part("c", 2), Part("d", 1)), ("b",))


def test_the_same_is_no_difference() -> None:
    before = by_id(("a", 1))
    assert part_difference(before, before) == part_difference(before, by_id(("a", 1))) == ((), ())


def test_another_order_cannot_be_told() -> None:
    with pytest.raises(OutOfOrder):
        part_difference(by_id(("a", 1), ("b", 1)), by_id(("b", 1), ("a", 1)))
    with pytest.raises(OutOfOrder):
        part_difference(by_id(("a", 1)), by_id(("b", 1), ("a", 1)))


def test_of_a_bounded_list_the_oldest_fall_out_unnamed() -> None:
    before, after = by_id(("a", 1), ("b", 1)), by_id(("b", 1), ("c", 1))
    assert part_difference(before, after, keep=2) == ((Part("c", 1),), ())


lists = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 2)).map(lambda d: by_id(*d.items()))


@given(lists, lists)
def test_whatever_is_found_leads_there(before: dict[str, Part], after: dict[str, Part]) -> None:
    try:
        present, gone = part_difference(before, after)
    except OutOfOrder:
        kept = [k for k in before if k in after]
        assert kept + [k for k in after if k not in before] != list(after)
        return
    assert _apply(tuple(before.values()), present, gone) == tuple(after.values())
