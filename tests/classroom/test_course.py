"""Stories of a lesson's course: planned, started, recorded, ended; hands and chat in between."""

import pytest

from classroom.lesson import commands as cmd
from classroom.lesson import events as ev
from classroom.lesson.events import Source
from classroom.lesson.evolve import MESSAGES_KEPT
from classroom.lesson.refusal import RefusalCode
from classroom.lesson.state import Phase
from tests.classroom.people import ADMIN, AN, BINH, CLASS, OTHER_TEACHER, TEACHER
from tests.classroom.story import (
    BEGIN,
    LESSON,
    MINUTE,
    Story,
    kinds,
    knock,
    pid,
    record,
    say,
    schedule,
    share,
)


def test_scheduling_is_the_first_event() -> None:
    story = Story()
    assert story.tell(schedule(title="  Phương trình bậc hai ")) == (
        ev.LessonScheduled(
            lesson=LESSON,
            class_id=CLASS,
            class_name="10A1",
            title="Phương trình bậc hai",
            by=pid(TEACHER),
            starts_at=BEGIN,
            ends_at=BEGIN + 45 * MINUTE,
        ),
    )
    assert story.refused(schedule()) is RefusalCode.ALREADY


@pytest.mark.parametrize("title", ["", "   ", "x" * 201, "two\nlines", "\x07", "\ud800"])
def test_bad_titles(title: str) -> None:
    assert Story().refused(schedule(title=title)) is RefusalCode.INVALID


def test_only_who_teaches_the_class_schedules() -> None:
    for stranger in (OTHER_TEACHER, AN):
        assert Story().refused(schedule(stranger)) is RefusalCode.NOT_ALLOWED
    Story().tell(schedule(ADMIN))
    assert Story().refused(schedule(minutes=0)) is RefusalCode.INVALID


@pytest.mark.parametrize("command", [cmd.Start(TEACHER), knock(TEACHER), cmd.Tick(), cmd.Recover()])
def test_a_lesson_that_is_not_there(command: cmd.Command) -> None:
    assert Story().refused(command) is RefusalCode.LESSON_NOT_FOUND


def test_start_and_end_each_once() -> None:
    story = Story().scheduled()
    assert story.refused(cmd.End(TEACHER)) is RefusalCode.LESSON_NOT_LIVE
    story.tell(cmd.Start(TEACHER))
    assert story.state.phase is Phase.LIVE
    assert story.refused(cmd.Start(TEACHER)) is RefusalCode.ALREADY
    story.tell(cmd.End(TEACHER))
    assert story.refused(cmd.End(TEACHER)) is RefusalCode.LESSON_ENDED
    assert story.refused(cmd.Start(TEACHER)) is RefusalCode.LESSON_ENDED


def test_the_end_stops_recording_and_shares() -> None:
    story = Story().live().with_students(AN)
    story.tell(record(TEACHER), share(AN, Source.CAMERA), cmd.RaiseHand(AN))
    assert kinds(story.tell(cmd.End(TEACHER))) == ["RecordingStopped", "ShareStopped", "LessonEnded"]
    assert story.state.shares == {}
    assert story.state.hands == ()
    assert story.tell(cmd.Tick(), cmd.Recover()) == ()


def test_recording() -> None:
    story = Story().live()
    story.tell(record(TEACHER))
    assert story.refused(record(TEACHER)) is RefusalCode.ALREADY
    assert kinds(story.tell(cmd.StopRecording(TEACHER))) == ["RecordingStopped"]
    assert story.tell(cmd.StopRecording(TEACHER)) == ()
    assert Story().scheduled().refused(record(TEACHER)) is RefusalCode.LESSON_NOT_LIVE


def test_replay_is_allowed_also_after_the_end() -> None:
    story = Story().live()
    story.tell(cmd.End(TEACHER))
    assert kinds(story.tell(cmd.AllowReplay(TEACHER, True))) == ["ReplayAllowed"]
    assert story.tell(cmd.AllowReplay(TEACHER, True)) == ()
    assert kinds(story.tell(cmd.AllowReplay(TEACHER, False))) == ["ReplayForbidden"]


def test_hands_stand_in_order() -> None:
    story = Story().live().with_students(AN, BINH)
    story.tell(cmd.RaiseHand(BINH), cmd.RaiseHand(AN), cmd.RaiseHand(BINH))
    assert story.state.hands == (pid(BINH), pid(AN))
    assert story.refused(cmd.LowerHand(AN, pid(BINH))) is RefusalCode.NOT_ALLOWED
    assert story.tell(cmd.LowerHand(TEACHER, pid(BINH))) == (ev.HandLowered(pid(BINH), pid(TEACHER)),)
    story.tell(cmd.LowerHand(AN, pid(AN)))
    assert story.tell(cmd.LowerHand(AN, pid(AN))) == ()
    assert story.state.hands == ()


def test_chat() -> None:
    story = Story().live().with_students(AN)
    (sent,) = story.tell(say(AN, "  Em chào cô\r\n\tạ \n"))
    assert isinstance(sent, ev.MessageSent)
    assert sent.text == "Em chào cô\n\tạ"
    assert story.state.messages[0].name == "Nguyễn Thị An"
    assert story.tell(say(AN, "Em chào cô ạ")) == ()
    assert story.refused(say(BINH, "xin chào")) is RefusalCode.NOT_ADMITTED


@pytest.mark.parametrize("text", ["", " \n ", "x" * 2001, "a\x00b", "a\x1b[0m", "\ud800"])
def test_bad_messages(text: str) -> None:
    story = Story().live().with_students(AN)
    assert story.refused(say(AN, text)) is RefusalCode.INVALID


def test_the_longest_message() -> None:
    story = Story().live().with_students(AN)
    story.tell(say(AN, " " + "ổ" * 2000))


def test_only_the_newest_messages_are_kept() -> None:
    story = Story().live()
    story.tell(*(say(TEACHER, str(n), f"m{n}") for n in range(MESSAGES_KEPT + 5)))
    assert [m.text for m in story.state.messages] == [str(n) for n in range(5, MESSAGES_KEPT + 5)]


def test_no_chat_before_the_start() -> None:
    story = Story().scheduled()
    story.tell(knock(TEACHER))
    assert story.refused(say(TEACHER, "x")) is RefusalCode.LESSON_NOT_LIVE
    assert story.refused(cmd.RaiseHand(TEACHER)) is RefusalCode.LESSON_NOT_LIVE


def test_erasing_a_person_blanks_names_and_messages() -> None:
    story = Story().live().with_students(AN)
    story.tell(say(AN, "Em chào cô"), say(TEACHER, "Chào em", "reply"))
    story.record(ev.PersonalDataErased(participant=pid(AN), by=pid(ADMIN)))
    assert (story.of(AN).name, story.of(AN).username) == ("", "")
    assert [m.text for m in story.state.messages] == ["", "Chào em"]
    assert [m.name for m in story.state.messages] == ["", "Cô Lan"]


def test_unchanged_parts_keep_their_identity() -> None:
    story = Story().live().with_students(AN, BINH)
    before = story.state
    story.tell(cmd.RaiseHand(AN))
    assert story.state.participants is before.participants
    assert story.state.shares is before.shares
    story.tell(share(AN, Source.CAMERA))
    assert story.state.participants is before.participants
    story.tell(knock(BINH, 2))
    assert story.of(AN) is before.participants[pid(AN)]
