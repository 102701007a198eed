"""Stories of connections: drops, returns, second devices, safe mode, recovery."""

from classroom.lesson import commands as cmd
from classroom.lesson import events as ev
from classroom.lesson.decide import next_deadline
from classroom.lesson.events import Source
from classroom.lesson.evolve import RECOVERY_GRACE_MS, SAFE_MODE_GRACE_MS
from classroom.lesson.presence import SHARE_GRACE_MS
from classroom.lesson.refusal import RefusalCode
from tests.classroom.people import ADMIN, AN, BINH, COLLEAGUE, TEACHER
from tests.classroom.story import Story, connect, connection, drop, kinds, knock, pid, say, share


def test_a_short_loss_stops_nothing() -> None:
    story = Story().live().with_students(AN)
    story.tell(share(AN, Source.MICROPHONE), cmd.RaiseHand(AN), drop(AN))
    assert next_deadline(story.state) == story.now + SHARE_GRACE_MS
    assert story.wait(SHARE_GRACE_MS - 1).tell(cmd.Tick()) == ()
    assert kinds(story.tell(connect(AN, 2))) == ["CameBack"]
    assert story.wait(SHARE_GRACE_MS).tell(cmd.Tick()) == ()
    assert len(story.state.shares) == 1
    assert story.state.hands == (pid(AN),)
    assert next_deadline(story.state) is None


def test_shares_of_who_stays_away_stop() -> None:
    story = Story().live().with_students(AN)
    story.tell(share(AN, Source.MICROPHONE), share(AN, Source.CAMERA), cmd.RaiseHand(AN), drop(AN))
    events = story.wait(SHARE_GRACE_MS).tell(cmd.Tick())
    assert [e.reason for e in events if isinstance(e, ev.ShareStopped)] == ["dropped", "dropped"]
    assert story.state.hands == (pid(AN),)
    assert next_deadline(story.state) is None


def test_a_second_device_takes_over_at_once() -> None:
    story = Story().live().with_students(AN)
    story.tell(share(AN, Source.CAMERA))
    stopped, replaced = story.tell(connect(AN, 2))
    assert isinstance(stopped, ev.ShareStopped)
    assert stopped.reason == "replaced"
    assert replaced == ev.DeviceReplaced(pid(AN), connection(AN, 1), connection(AN, 2))
    assert story.tell(drop(AN, 1)) == ()
    assert story.of(AN).inside


def test_leaving_takes_everything_along() -> None:
    story = Story().live().with_students(AN)
    story.tell(share(AN, Source.MICROPHONE), cmd.RaiseHand(AN))
    assert kinds(story.tell(cmd.Leave(AN))) == ["ShareStopped", "HandLowered", "Left"]
    assert story.tell(cmd.Leave(AN)) == ()
    assert story.refused(share(AN, Source.MICROPHONE)) is RefusalCode.NOT_ADMITTED
    assert story.refused(cmd.Leave(BINH)) is RefusalCode.NOT_ADMITTED


def test_connecting_without_a_place_changes_nothing() -> None:
    story = Story().live()
    assert story.tell(connect(AN)) == ()
    assert story.tell(connect(ADMIN)) == ()


def test_a_class_without_its_teacher_goes_into_safe_mode() -> None:
    story = Story().live().with_students(AN)
    story.tell(share(AN, Source.MICROPHONE), drop(TEACHER))
    assert next_deadline(story.state) == story.now + SAFE_MODE_GRACE_MS
    assert story.wait(SAFE_MODE_GRACE_MS - 1).tell(cmd.Tick()) == ()
    assert story.wait(1).tell(cmd.Tick()) == (ev.SafeModeEntered(),)
    assert story.refused(say(AN, "có ai không?")) is RefusalCode.SAFE_MODE
    assert story.refused(share(AN, Source.CAMERA)) is RefusalCode.SAFE_MODE
    story.tell(cmd.PauseShare(AN, next(iter(story.state.shares))))
    assert story.refused(cmd.ResumeShare(AN, next(iter(story.state.shares)))) is RefusalCode.SAFE_MODE
    assert kinds(story.tell(connect(TEACHER, 2))) == ["CameBack", "SafeModeLeft"]
    story.tell(say(AN, "chào cô"))


def test_a_teacher_who_reconnects_quickly_is_not_missed() -> None:
    story = Story().live().with_students(AN)
    story.tell(drop(TEACHER))
    assert kinds(story.wait(1_000).tell(connect(TEACHER, 2))) == ["CameBack"]
    assert next_deadline(story.state) is None


def test_another_host_keeps_the_class_going() -> None:
    story = Story().live().with_students(AN)
    story.tell(knock(COLLEAGUE), drop(TEACHER))
    assert next_deadline(story.state) is None
    story.tell(cmd.Leave(COLLEAGUE))
    assert next_deadline(story.state) == story.now + SAFE_MODE_GRACE_MS


def test_a_host_who_comes_by_right_ends_safe_mode() -> None:
    story = Story().live().with_students(AN)
    story.tell(drop(TEACHER))
    story.wait(SAFE_MODE_GRACE_MS).tell(cmd.Tick())
    events = story.tell(knock(ADMIN))
    assert kinds(events) == ["Knocked", "Admitted", "Entered", "SafeModeLeft"]


def test_students_let_in_by_an_absent_host_are_not_left_alone() -> None:
    story = Story()
    story.scheduled().tell(cmd.Start(TEACHER), knock(AN), cmd.Admit(TEACHER, pid(AN)))
    assert next_deadline(story.state) == story.now + SAFE_MODE_GRACE_MS


def test_no_safe_mode_before_the_start() -> None:
    story = Story().scheduled()
    story.tell(knock(TEACHER), drop(TEACHER))
    assert next_deadline(story.state) is None


def test_recovery_drops_everybody_and_gives_time_to_reconnect() -> None:
    story = Story().live().with_students(AN)
    story.tell(share(AN, Source.MICROPHONE), knock(BINH))
    events = story.tell(cmd.Recover())
    assert events == tuple(
        ev.Dropped(participant=pid(a), connection=connection(a), reason="restarted")
        for a in (TEACHER, AN, BINH)
    )
    assert next_deadline(story.state) == story.now + RECOVERY_GRACE_MS
    assert story.wait(3_000).tell(cmd.Tick()) == ()
    assert kinds(story.tell(connect(AN, 2))) == ["CameBack"]
    assert next_deadline(story.state) == story.now - 3_000 + RECOVERY_GRACE_MS
    assert kinds(story.tell(connect(TEACHER, 2))) == ["CameBack"]
    assert kinds(story.tell(connect(BINH, 2))) == ["CameBack"]
    assert next_deadline(story.state) is None
    assert len(story.state.shares) == 1
    assert story.tell(cmd.Recover(), cmd.Recover()) == ()


def test_recovery_gives_time_also_to_a_teacher_who_had_just_dropped() -> None:
    story = Story().live().with_students(AN)
    story.tell(drop(TEACHER))
    story.wait(1_000).tell(cmd.Recover())
    assert story.state.safe_mode_at == story.now + RECOVERY_GRACE_MS
