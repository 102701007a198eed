"""The hash chain: what is sealed reads back, one changed byte shows, what is erased still verifies."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classroom.ids import LessonId
from classroom.lesson.events import AnyEvent, Event, Knocked, MessageSent, Recorded
from classroom.log import GENESIS, NO_PERSONAL, BrokenRow, SealedRow, erase, open_row, seal, verify
from tests.classroom.people import AN, TEACHER
from tests.classroom.story import LESSON, Story, knock, say, schedule

replace = msgspec.structs.replace


def chain(log: list[Recorded], lesson: LessonId = LESSON) -> list[SealedRow]:
    rows: list[SealedRow] = []
    for recorded in log:
        previous = rows[-1].hash if rows else GENESIS
        rows.append(seal(previous, lesson, recorded, bytes([recorded.seq]) * 16))
    return rows


def a_log() -> list[Recorded]:
    story = Story().live().with_students(AN)
    story.tell(say(AN, "Em chào cô"), say(TEACHER, "Chào em", "reply"))
    return story.log


LOG = a_log()
ROWS = chain(LOG)
WITH_PERSONAL = [i for i, row in enumerate(ROWS) if row.personal is not None]


def test_what_is_sealed_reads_back() -> None:
    assert [open_row(row) for row in ROWS] == LOG
    assert verify(ROWS) is None
    assert verify(ROWS, LESSON) is None
    assert verify([]) is None


def test_personal_data_stays_out_of_the_header() -> None:
    for row in ROWS:
        for secret in ("Nguyễn Thị An", "Em chào cô", '"an"', '10A1","conn'):
            if isinstance(open_row(row).event, Knocked | MessageSent):
                assert secret.encode() not in row.header.replace(b'"participant":"an"', b"")


def test_headers_are_canonical() -> None:
    for row in ROWS:
        assert msgspec.json.encode(msgspec.json.decode(row.header), order="sorted") == row.header


def test_events_without_personal_fields_have_no_salt() -> None:
    for row, recorded in zip(ROWS, LOG, strict=True):
        if not recorded.event.personal:
            assert (row.personal, row.salt, row.digest) == (None, None, NO_PERSONAL)


@given(st.sets(st.sampled_from(WITH_PERSONAL)))
def test_an_erased_chain_verifies_and_reads_as_blank(erased: set[int]) -> None:
    rows = [erase(row) if i in erased else row for i, row in enumerate(ROWS)]
    assert verify(rows, LESSON) is None
    for i in erased:
        event = open_row(rows[i]).event
        assert all(getattr(event, name) == "" for name in event.personal)
        assert replace(LOG[i].event, **dict.fromkeys(event.personal, "")) == event


@given(
    st.integers(0, len(ROWS) - 1),
    st.sampled_from(["header", "personal", "salt", "digest", "hash"]),
    st.integers(0, 10_000),
    st.integers(1, 255),
)
@settings(max_examples=300)
def test_one_changed_byte_shows(index: int, part: str, place: int, flip: int) -> None:
    was = getattr(ROWS[index], part)
    if was is None:
        return
    changed = bytearray(was)
    changed[place % len(changed)] ^= flip
    rows = [*ROWS]
    rows[index] = replace(ROWS[index], **{part: bytes(changed)})
    assert verify(rows) == index + 1


def test_a_row_sealed_anew_shows_at_the_next() -> None:
    forged = replace(LOG[2], at=LOG[2].at + 1)
    rows = [*ROWS]
    rows[2] = seal(ROWS[1].hash, LESSON, forged, b"x" * 16)
    assert verify(rows) == 4


@pytest.mark.parametrize("field", ["seq", "at"])
def test_columns_that_disagree_with_the_header_show(field: str) -> None:
    rows = [*ROWS]
    rows[1] = replace(ROWS[1], **{field: getattr(ROWS[1], field) + 1})
    assert verify(rows) == 2


def test_rows_missing_doubled_or_moved_show() -> None:
    assert verify(ROWS[1:]) == 1
    assert verify([*ROWS[:2], *ROWS[3:]]) == 3
    assert verify([*ROWS[:2], ROWS[1], *ROWS[2:]]) == 3
    assert verify([ROWS[0], ROWS[2], ROWS[1], *ROWS[3:]]) == 2


def test_the_log_of_another_lesson_shows() -> None:
    assert verify(ROWS, LessonId("another")) == 1
    other = chain(LOG, LessonId("another"))
    assert verify([*ROWS[:2], *other[2:]]) == 3


def test_personal_data_cannot_be_added_or_half_erased() -> None:
    plain = next(i for i, row in enumerate(ROWS) if row.personal is None)
    rows = [*ROWS]
    rows[plain] = replace(ROWS[plain], personal=b'{"by":"me"}', salt=b"x" * 16)
    assert verify(rows) == plain + 1
    with pytest.raises(BrokenRow):
        open_row(rows[plain])
    named = WITH_PERSONAL[0]
    for part in ("personal", "salt"):
        rows = [*ROWS]
        rows[named] = replace(ROWS[named], **{part: None})
        assert verify(rows) == named + 1


@pytest.mark.parametrize("part", ["header", "personal", "salt", "digest", "hash"])
@pytest.mark.parametrize("junk", ["a text", 7, 1.5])
def test_columns_of_another_type_show(part: str, junk: object) -> None:
    """A tamperer with SQLite's shell writes texts into columns of bytes."""
    named = WITH_PERSONAL[0]
    rows = [*ROWS]
    rows[named] = replace(ROWS[named], **{part: junk})
    assert verify(rows) == named + 1


@given(st.binary(max_size=60))
def test_a_broken_row_says_so(junk: bytes) -> None:
    row = ROWS[WITH_PERSONAL[0]]
    for broken in (replace(row, header=junk), replace(row, personal=junk)):
        with pytest.raises(BrokenRow):
            open_row(broken)


def test_every_event_can_be_sealed() -> None:
    """Personal fields are texts with a default, so that an erased row can be read."""
    for kind in AnyEvent.__args__:
        assert issubclass(kind, Event)
        fields = {field.name: field for field in msgspec.structs.fields(kind)}
        for name in kind.personal:
            assert fields[name].type is str
            assert fields[name].default == ""


def test_a_salt_hides_what_was_erased() -> None:
    recorded = Story()
    recorded.tell(schedule(), knock(AN))
    one = seal(GENESIS, LESSON, recorded.log[1], b"a" * 16)
    two = seal(GENESIS, LESSON, recorded.log[1], b"b" * 16)
    assert one.header == two.header
    assert one.digest != two.digest
