"""Stories of the waiting room."""

import pytest

from classroom.lesson import commands as cmd
from classroom.lesson import events as ev
from classroom.lesson.admission import MAX_PARTICIPANTS
from classroom.lesson.parts import queue
from classroom.lesson.refusal import RefusalCode
from classroom.lesson.state import Admission
from classroom.people import Actor, Role
from tests.classroom.people import (
    ADMIN,
    AN,
    BINH,
    CHI,
    COLLEAGUE,
    OTHER_TEACHER,
    PARENT,
    STAFF,
    SUPPORT,
    TEACHER,
    student,
)
from tests.classroom.story import Story, connect, connection, drop, kinds, knock, pid


def test_a_student_asks_and_is_let_in() -> None:
    story = Story().live()
    assert story.tell(knock(AN)) == (
        ev.Knocked(
            participant=pid(AN),
            connection=connection(AN),
            role=Role.STUDENT,
            of_class=True,
            hosts=False,
            username="an",
            name="Nguyễn Thị An",
            class_label="10A1",
        ),
    )
    assert story.tell(cmd.Admit(TEACHER, pid(AN))) == (
        ev.Admitted(participant=pid(AN), by=pid(TEACHER)),
        ev.Entered(participant=pid(AN), connection=connection(AN)),
    )
    assert story.of(AN).inside


@pytest.mark.parametrize("host", [TEACHER, COLLEAGUE, ADMIN], ids=lambda a: a.username)
def test_who_teaches_the_class_is_admitted_by_right(host: Actor) -> None:
    story = Story().scheduled()
    assert kinds(story.tell(knock(host))) == ["Knocked", "Admitted", "Entered"]
    assert story.of(host).hosts


@pytest.mark.parametrize("guest", [OTHER_TEACHER, STAFF, CHI], ids=lambda a: a.username)
def test_others_wait_like_guests(guest: Actor) -> None:
    story = Story().live()
    story.tell(knock(guest))
    assert story.admission(guest) is Admission.KNOCKING
    assert not story.of(guest).of_class


def test_parents_and_support_never_ask() -> None:
    story = Story().live()
    assert story.refused(knock(PARENT)) is RefusalCode.NOT_ALLOWED
    assert story.refused(knock(SUPPORT)) is RefusalCode.NOT_ALLOWED


def test_asking_before_the_start_keeps_the_place() -> None:
    story = Story().scheduled()
    story.tell(knock(BINH), knock(AN))
    assert story.refused(cmd.Admit(TEACHER, pid(AN))) is RefusalCode.LESSON_NOT_LIVE
    story.tell(knock(TEACHER), cmd.Start(TEACHER))
    assert queue(story.state) == {pid(BINH): 1, pid(AN): 2}


def test_admit_all_in_class_leaves_others_waiting() -> None:
    story = Story().live()
    story.tell(knock(BINH), knock(CHI), knock(AN), knock(STAFF))
    events = story.tell(cmd.AdmitClass(TEACHER))
    assert [e.participant for e in events if isinstance(e, ev.Admitted)] == [pid(BINH), pid(AN)]
    assert queue(story.state) == {pid(CHI): 1, pid(STAFF): 2}
    assert story.tell(cmd.AdmitClass(TEACHER)) == ()


def test_a_reload_keeps_the_place_in_the_queue() -> None:
    story = Story().live()
    story.tell(knock(AN), knock(BINH), drop(AN))
    assert queue(story.state) == {pid(AN): 1, pid(BINH): 2}
    assert kinds(story.tell(connect(AN, 2))) == ["CameBack"]
    assert queue(story.state) == {pid(AN): 1, pid(BINH): 2}
    assert story.of(AN).connection == connection(AN, 2)


def test_knocking_again_is_no_second_knock() -> None:
    story = Story().live()
    story.tell(knock(AN))
    assert story.tell(knock(AN)) == ()
    assert kinds(story.tell(knock(AN, 2))) == ["DeviceReplaced"]
    assert story.tell(drop(AN, 1)) == ()
    assert story.of(AN).connection == connection(AN, 2)


def test_who_was_admitted_while_away_enters_on_return() -> None:
    story = Story().live()
    story.tell(knock(AN), drop(AN))
    assert kinds(story.tell(cmd.Admit(TEACHER, pid(AN)))) == ["Admitted"]
    assert not story.of(AN).listed
    assert kinds(story.tell(connect(AN, 2))) == ["Entered"]


def test_who_left_comes_back_without_asking() -> None:
    story = Story().live().with_students(AN)
    story.tell(cmd.Leave(AN))
    assert story.tell(connect(AN, 2)) == ()
    assert kinds(story.tell(knock(AN, 2))) == ["CameBack"]
    assert story.of(AN).inside


def test_the_denied_may_ask_again_at_the_end_of_the_queue() -> None:
    story = Story().live()
    story.tell(knock(AN), knock(BINH), cmd.Deny(TEACHER, pid(AN)))
    assert kinds(story.tell(knock(AN, 2))) == ["Knocked"]
    assert queue(story.state) == {pid(BINH): 1, pid(AN): 2}


def test_denying_is_possible_before_the_start() -> None:
    story = Story().scheduled()
    story.tell(knock(CHI), cmd.Deny(TEACHER, pid(CHI)))
    assert story.admission(CHI) is Admission.DENIED
    assert story.tell(cmd.Deny(TEACHER, pid(CHI))) == ()


def test_a_denial_can_be_undone() -> None:
    story = Story().live()
    story.tell(knock(AN), cmd.Deny(TEACHER, pid(AN)))
    assert kinds(story.tell(cmd.Admit(TEACHER, pid(AN)))) == ["Admitted", "Entered"]


def test_the_denied_who_came_back_enter_at_once_when_admitted_after_all() -> None:
    story = Story().live()
    story.tell(knock(AN), cmd.Deny(TEACHER, pid(AN)), drop(AN))
    assert kinds(story.tell(connect(AN, 2))) == ["CameBack"]
    assert story.admission(AN) is Admission.DENIED
    assert not story.of(AN).listed
    assert kinds(story.tell(cmd.Admit(TEACHER, pid(AN)))) == ["Admitted", "Entered"]
    assert story.of(AN).inside


def test_the_removed_stay_out_until_a_host_undoes_it() -> None:
    story = Story().live().with_students(AN)
    assert kinds(story.tell(cmd.Remove(TEACHER, pid(AN)))) == ["Removed"]
    assert story.refused(knock(AN, 2)) is RefusalCode.REMOVED
    assert story.tell(connect(AN, 2)) == ()
    assert story.tell(drop(AN)) == ()
    assert kinds(story.tell(cmd.Admit(TEACHER, pid(AN)))) == ["Admitted"]
    assert kinds(story.tell(connect(AN, 2))) == ["Entered"]


def test_hosts_cannot_be_removed() -> None:
    story = Story().live()
    story.tell(knock(COLLEAGUE))
    assert story.refused(cmd.Remove(TEACHER, pid(COLLEAGUE))) is RefusalCode.NOT_ALLOWED
    assert story.refused(cmd.Remove(TEACHER, pid(TEACHER))) is RefusalCode.NOT_ALLOWED


def test_only_who_is_in_the_lesson_can_be_removed() -> None:
    story = Story().live()
    story.tell(knock(AN))
    assert story.refused(cmd.Remove(TEACHER, pid(AN))) is RefusalCode.NO_SUCH_PARTICIPANT
    assert story.refused(cmd.Remove(TEACHER, pid(BINH))) is RefusalCode.NO_SUCH_PARTICIPANT


def test_withdrawing_gives_the_place_up() -> None:
    story = Story().live()
    story.tell(knock(AN), knock(BINH), cmd.Withdraw(AN))
    assert story.admission(AN) is Admission.NONE
    assert queue(story.state) == {pid(BINH): 1}
    assert story.tell(cmd.Withdraw(AN)) == ()
    story.tell(cmd.Leave(BINH))
    assert queue(story.state) == {}


def test_a_full_lesson_takes_no_more_but_hosts() -> None:
    story = Story().live()
    story.tell(*(knock(student(n)) for n in range(MAX_PARTICIPANTS - 1)))
    assert story.refused(knock(AN)) is RefusalCode.LESSON_FULL
    story.tell(knock(COLLEAGUE))
    story.tell(cmd.Withdraw(student(0)), cmd.Withdraw(student(1)))
    story.tell(knock(AN))


def test_admitting_twice_or_nobody() -> None:
    story = Story().live().with_students(AN)
    assert story.refused(cmd.Admit(TEACHER, pid(AN))) is RefusalCode.ALREADY
    assert story.refused(cmd.Admit(TEACHER, pid(BINH))) is RefusalCode.NO_SUCH_PARTICIPANT
    assert story.refused(cmd.Deny(TEACHER, pid(AN))) is RefusalCode.ALREADY
    assert story.refused(cmd.Withdraw(AN)) is RefusalCode.ALREADY


def test_nobody_enters_a_lesson_that_has_ended() -> None:
    story = Story().live().with_students(AN)
    story.tell(knock(BINH), cmd.End(TEACHER))
    assert story.refused(knock(CHI)) is RefusalCode.LESSON_ENDED
    assert story.refused(knock(AN, 2)) is RefusalCode.LESSON_ENDED
    assert story.refused(cmd.Admit(TEACHER, pid(BINH))) is RefusalCode.LESSON_ENDED
    assert story.tell(connect(AN, 2)) == ()
    assert story.tell(drop(AN)) == ()
