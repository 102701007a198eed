"""Names: equal in every spelling, in the order of a Vietnamese class register."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from classroom.stores.name_key import in_class_order, in_name_order, name_key, storable

anything = st.text(alphabet=st.characters())


@given(anything)
def test_a_name_is_one_in_every_composition_and_case(name: str) -> None:
    decomposed = unicodedata.normalize("NFD", name)
    assert name_key(decomposed) == name_key(name)
    assert name_key(name_key(name)) == name_key(name)
    assert name_key(f" {name} ") == name_key(name)


@given(anything)
def test_storable_text_is_storable_and_else_unchanged(text: str) -> None:
    kept = storable(text)
    assert "\0" not in kept
    kept.encode()
    assert len(kept) == len(text)
    if "\0" not in text and text.isprintable():
        assert kept == text


@given(st.lists(anything))
def test_any_names_can_be_put_in_order(names: list[str]) -> None:
    for order in (in_name_order, in_class_order):
        once = sorted(names, key=order)
        assert sorted(once, key=order) == once


def test_given_names_first_letters_before_tones() -> None:
    ordered = ["Tạ An", "Lê Minh Ánh", "Lê Ăn", "Lê Ân", "Lê Dung", "Lê Đan", "Lê Ê", "Lê Ma", "Lê Mà", "Lê Mả",
               "Lê Mã", "Lê Má", "Lê Mạ", "Lê Oanh", "Lê Ô", "Lê Ơ", "Lê Uy", "Lê Ư"]  # fmt: skip
    assert sorted(set(ordered), key=in_name_order) == ordered


def test_classes_count_their_numbers() -> None:
    ordered = ["6A", "9B", "10A1", "10A2", "10A10", "11 Toán", "Lớp chồi"]
    assert sorted(set(ordered), key=in_class_order) == ordered
