"""Attendance of told lessons, and its sheets."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classroom.attendance import (
    AttendanceRow,
    AttendanceStatus,
    Presence,
    attendance,
    attendance_csv,
    attendance_table,
)
from classroom.lesson import commands as cmd
from classroom.people import Actor, Role
from tests.classroom.people import AN, BINH, CHI, COLLEAGUE, TEACHER, actor, student
from tests.classroom.story import (
    BEGIN,
    MINUTE,
    Story,
    connect,
    drop,
    knock,
    pid,
    schedule,
)
from tests.classroom.strategies import ends, steps
from tests.classroom.test_properties import Steps, play

ROSTER = (AN, BINH)


def row_of(story: Story, who: Actor, roster: tuple[Actor, ...] = ROSTER) -> AttendanceRow:
    (row,) = [r for r in attendance(story.log, roster) if r.account == who.account]
    return row


def lesson() -> Story:
    """Starts on time, planned for 45 minutes."""
    return Story().live()


def enter(story: Story, who: Actor) -> None:
    story.tell(knock(who), cmd.Admit(TEACHER, pid(who)))


def end(story: Story, minutes: int = 45) -> Story:
    story.now = BEGIN + minutes * MINUTE
    story.tell(cmd.End(TEACHER))
    return story


def test_present_from_start_to_end() -> None:
    story = lesson().with_students(AN)
    row = row_of(end(story), AN)
    assert row.status is AttendanceStatus.PRESENT
    assert row.intervals == (Presence(BEGIN, BEGIN + 45 * MINUTE),)
    assert row.seconds_present == 45 * 60
    assert (row.name, row.class_label, row.on_roster) == ("Nguyễn Thị An", "10A1", True)


@pytest.mark.parametrize(
    ("enters", "leaves", "status"),
    [
        (5, 40, AttendanceStatus.PRESENT),
        (6, 45, AttendanceStatus.LATE),
        (0, 39, AttendanceStatus.LEFT_EARLY),
        (6, 39, AttendanceStatus.LATE_LEFT_EARLY),
    ],
)
def test_late_and_early(enters: int, leaves: int, status: AttendanceStatus) -> None:
    story = lesson()
    story.wait(enters * MINUTE)
    enter(story, AN)
    story.now = BEGIN + leaves * MINUTE
    story.tell(cmd.Leave(AN))
    assert row_of(end(story), AN).status is status


def test_absent() -> None:
    story = lesson()
    story.tell(knock(AN), knock(BINH), cmd.Deny(TEACHER, pid(BINH)))
    end(story)
    for who in (AN, BINH):
        row = row_of(story, who)
        assert row.status is AttendanceStatus.ABSENT
        assert row.intervals == ()
        assert row.seconds_present == 0


def test_waiting_is_no_presence() -> None:
    story = lesson()
    story.tell(knock(AN))
    story.wait(MINUTE).tell(drop(AN), connect(AN, 2))
    story.wait(MINUTE).tell(cmd.Admit(TEACHER, pid(AN)))
    assert row_of(end(story), AN).intervals[0].start == BEGIN + 2 * MINUTE


def test_reconnects_close_up_and_longer_losses_show() -> None:
    story = lesson().with_students(AN)
    story.wait(10 * MINUTE).tell(drop(AN))
    story.wait(9_999).tell(connect(AN, 2))
    story.wait(10 * MINUTE).tell(connect(AN, 3), drop(AN, 3))
    story.wait(10_000).tell(connect(AN, 4))
    row = row_of(end(story), AN)
    gap = BEGIN + 20 * MINUTE + 9_999
    assert row.intervals == (Presence(BEGIN, gap), Presence(gap + 10_000, BEGIN + 45 * MINUTE))
    assert row.seconds_present == 45 * 60 - 10


def test_before_the_start_does_not_count() -> None:
    story = Story()
    story.tell(schedule(), knock(COLLEAGUE))
    story.wait(3 * MINUTE).tell(cmd.Start(TEACHER))
    (row,) = [r for r in attendance(end(story).log, (COLLEAGUE,)) if r.account == COLLEAGUE.account]
    assert row.intervals == (Presence(BEGIN + 3 * MINUTE, BEGIN + 45 * MINUTE),)


def test_a_teacher_who_starts_early_makes_nobody_late() -> None:
    story = Story()
    story.now = BEGIN - 20 * MINUTE
    story.tell(schedule(), cmd.Start(TEACHER), knock(TEACHER))
    story.now = BEGIN + 2 * MINUTE
    enter(story, AN)
    assert row_of(end(story), AN).status is AttendanceStatus.PRESENT


def test_a_teacher_who_ends_late_lets_nobody_leave_early() -> None:
    story = lesson().with_students(AN)
    story.now = BEGIN + 44 * MINUTE
    story.tell(cmd.Leave(AN))
    assert row_of(end(story, 90), AN).status is AttendanceStatus.PRESENT


def test_a_running_lesson() -> None:
    story = lesson().with_students(AN, BINH)
    story.wait(10 * MINUTE).tell(cmd.Leave(BINH))
    story.wait(10 * MINUTE)
    an, binh = attendance(story.log, ROSTER, now=story.now)
    assert an.intervals == (Presence(BEGIN, None),)
    assert an.seconds_present == 20 * 60
    assert binh.seconds_present == 10 * 60
    assert binh.status is AttendanceStatus.PRESENT


def test_guests_follow_and_hosts_are_not_listed() -> None:
    story = lesson().with_students(CHI, AN)
    story.tell(knock(COLLEAGUE), knock(student(7)))
    rows = attendance(end(story).log, ROSTER)
    assert [(r.account, r.on_roster) for r in rows] == [("an", True), ("binh", True), ("chi", False)]


def test_a_lesson_that_never_started_or_is_not_there() -> None:
    story = Story().scheduled()
    for log in ([], story.log):
        assert [r.status for r in attendance(log, ROSTER)] == [AttendanceStatus.ABSENT] * 2


@given(steps, st.none() | ends)
@settings(max_examples=60, deadline=None)
def test_intervals_of_any_lesson(told: Steps, end: cmd.End | None) -> None:
    story = play([*told, *([] if end is None else [(0, end)])], True)
    started, ended = story.state.started_at, story.state.ended_at
    assert started is not None
    for row in attendance(story.log, ROSTER, now=story.now):
        assert (row.status is AttendanceStatus.ABSENT) == (not row.intervals)
        last = started
        for i, interval in enumerate(row.intervals):
            assert last <= interval.start
            if interval.end is None:
                assert ended is None
                assert i == len(row.intervals) - 1
            else:
                assert interval.start < interval.end <= story.now
                last = interval.end
        assert 0 <= row.seconds_present * 1000 <= story.now - started


def sheet(data: bytes) -> list[list[str]]:
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_the_sheet_in_both_languages() -> None:
    story = end(lesson().with_students(AN))
    rows = attendance(story.log, ROSTER)
    vietnamese, english = sheet(attendance_csv(rows)), sheet(attendance_csv(rows, "en"))
    assert vietnamese[0][1:3] == ["Họ và tên", "Tài khoản"]
    assert vietnamese[1][1:6] == ["Nguyễn Thị An", "an", "10A1", "Có", "Có mặt"]
    assert vietnamese[2][5] == "Vắng"
    # 1,700,000,000 s since the epoch is 05:13:20 of the next day in Viet Nam.
    assert vietnamese[1][6:] == ["05:13:20", "05:58:20", "45", "05:13:20–05:58:20"]
    assert english[1][4:6] == ["Yes", "Present"]
    assert english[2][5:] == ["Absent", "", "", "0", ""]
    header, table = attendance_table(rows, "en", "UTC")
    assert len(header) == len(table[0])
    assert table[0][0] == 1
    assert table[0][6] == "22:13:20"


EVIL = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", '=HYPERLINK("http://x","y")', "＝1"]


@pytest.mark.parametrize("evil", EVIL)
def test_no_cell_of_the_csv_is_a_formula(evil: str) -> None:
    guest = actor("mallory", Role.STUDENT, (), evil, evil)
    rows = attendance(Story().scheduled().log, (guest,))
    for line in sheet(attendance_csv(rows))[1:]:
        for cell in line:
            assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "＝"))
        assert line[1] == "'" + evil


def test_a_csv_of_any_text() -> None:
    rows = attendance(Story().scheduled().log, (actor("a", Role.STUDENT, (), 'x\ud800,"\n;', "ổ"),))
    assert sheet(attendance_csv(rows))[1][1] == 'x?,"\n;'
