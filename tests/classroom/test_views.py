"""What each account sees of a lesson, and is told of its changes."""

import msgspec

from classroom.lesson import commands as cmd
from classroom.lesson.events import Source
from classroom.lesson.evolve import SAFE_MODE_GRACE_MS
from classroom.lesson.project import Projection, Transition, changes, view
from classroom.lesson.state import Admission, Grant, LessonState, Phase
from classroom.lesson.view import LessonView, Resync, ViewChange
from classroom.people import Actor
from tests.classroom.people import AN, BINH, CHI, PARENT, TEACHER
from tests.classroom.story import Story, drop, knock, pid, record, say, share


def seen(story: Story, actor: Actor) -> LessonView:
    return view(story.state, actor.account, actor)


def told(before: LessonState, story: Story, actor: Actor) -> ViewChange | Resync | None:
    return changes(before, story.state, actor.account, actor)


def busy() -> Story:
    """Everything that a view can show is there."""
    story = Story().live().with_students(AN)
    story.tell(knock(CHI), knock(BINH))
    story.tell(cmd.RaiseHand(AN), say(AN, "bí mật"), share(TEACHER, Source.SCREEN), record(TEACHER))
    return story


def test_who_is_not_admitted_learns_nothing() -> None:
    story = busy()
    before = msgspec.json.encode(seen(story, BINH)).decode()
    for secret in ("Lan", "An", "an", "bí mật", "Chi", "teacher", "screen"):
        assert f'"{secret}"' not in before
    assert seen(story, BINH).you.place == 2
    assert seen(story, BINH).you.admission is Admission.KNOCKING
    assert seen(story, PARENT).you.admission is Admission.NONE
    for stranger in (BINH, CHI, PARENT):
        mine = seen(story, stranger)
        assert mine == LessonView(you=mine.you, lesson=mine.lesson)
        assert mine.lesson.started_at is mine.lesson.recording_since is None


def test_hosts_see_the_waiting_room_and_accounts() -> None:
    story = busy()
    mine = seen(story, TEACHER)
    assert [(w.name, w.username, w.class_label, w.of_class) for w in mine.waiting] == [
        ("Lê Chi", "chi", "10A2", False),
        ("Trần Văn Bình", "binh", "10A1", True),
    ]
    assert [(p.name, p.username, p.hand) for p in mine.people] == [
        ("Cô Lan", "teacher", None),
        ("Nguyễn Thị An", "an", 1),
    ]
    assert mine.you.hosts
    assert Grant.MODERATE in mine.you.grants


def test_the_admitted_see_the_class_but_no_accounts() -> None:
    story = busy()
    mine = seen(story, AN)
    assert mine.waiting == ()
    assert [(p.name, p.username) for p in mine.people] == [("Cô Lan", ""), ("Nguyễn Thị An", "")]
    assert [m.text for m in mine.messages] == ["bí mật"]
    assert mine.lesson.recording_since == story.now
    assert mine.you.present


def test_others_are_not_even_told_that_something_happened() -> None:
    story = busy()
    before = story.state
    story.tell(cmd.LowerHand(TEACHER, pid(AN)), say(TEACHER, "x", "m2"), cmd.StopRecording(TEACHER))
    assert told(before, story, BINH) is None
    assert told(before, story, PARENT) is None
    assert isinstance(told(before, story, AN), ViewChange)


def test_admission_resyncs_and_moves_the_queue_up() -> None:
    story = busy()
    before = story.state
    story.tell(cmd.Admit(TEACHER, pid(CHI)))
    assert isinstance(told(before, story, CHI), Resync)
    moved = told(before, story, BINH)
    assert isinstance(moved, ViewChange)
    assert moved == ViewChange(you=moved.you)
    assert moved.you is not None
    assert moved.you.place == 1
    host = told(before, story, TEACHER)
    assert isinstance(host, ViewChange)
    assert host.waiting_gone == (pid(CHI),)
    assert [p.id for p in host.people] == [pid(CHI)]
    an = told(before, story, AN)
    assert isinstance(an, ViewChange)
    assert an.waiting_gone == ()


def test_removal_takes_the_view_away() -> None:
    story = busy()
    before = story.state
    story.tell(cmd.Remove(TEACHER, pid(AN)))
    assert isinstance(told(before, story, AN), Resync)
    assert seen(story, AN).people == ()
    assert seen(story, AN).you.admission is Admission.REMOVED


def test_one_audience_shares_one_change() -> None:
    story = Story().live().with_students(AN, BINH, CHI)
    before = Projection(story.state)
    story.tell(say(TEACHER, "chào cả lớp"))
    step = Transition(before, Projection(story.state, previous=before))
    assert step.change(AN.account, AN) is step.change(BINH.account, BINH)


def test_safe_mode_shows_as_paused_shares() -> None:
    story = Story().live().with_students(AN)
    story.tell(share(AN, Source.MICROPHONE), drop(TEACHER))
    before = story.state
    story.wait(SAFE_MODE_GRACE_MS).tell(cmd.Tick())
    change = told(before, story, AN)
    assert isinstance(change, ViewChange)
    assert [s.paused for s in change.shares] == [True]
    assert change.lesson is not None
    assert change.lesson.safe_mode
    assert change.you is None


def test_who_is_away_shows_as_offline() -> None:
    story = Story().live().with_students(AN)
    before = story.state
    story.tell(drop(AN))
    change = told(before, story, TEACHER)
    assert isinstance(change, ViewChange)
    assert [(p.id, p.online) for p in change.people] == [(pid(AN), False)]


def test_an_ended_lesson_has_no_people_but_its_chat() -> None:
    story = busy()
    story.tell(cmd.End(TEACHER))
    for actor in (TEACHER, AN):
        mine = seen(story, actor)
        assert mine.people == mine.waiting == mine.shares == ()
        assert [m.text for m in mine.messages] == ["bí mật"]
        assert mine.you.grants == ()
        assert mine.lesson.phase is Phase.ENDED
    assert seen(story, BINH).you.place is None


def test_entering_in_another_order_than_asking_needs_no_resync() -> None:
    story = Story().live()
    story.tell(knock(AN), knock(BINH), cmd.Admit(TEACHER, pid(BINH)))
    before = story.state
    story.tell(cmd.Admit(TEACHER, pid(AN)))
    assert isinstance(told(before, story, TEACHER), ViewChange)
    assert [p.id for p in seen(story, BINH).people] == [pid(TEACHER), pid(BINH), pid(AN)]
    story.tell(cmd.Leave(BINH))
    assert [p.id for p in seen(story, AN).people] == [pid(TEACHER), pid(AN)]
