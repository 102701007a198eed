"""Stories of screens, cameras and microphones, and what of them is on stage."""

import pytest

from classroom.ids import ShareId
from classroom.lesson import commands as cmd
from classroom.lesson import events as ev
from classroom.lesson.events import Source
from classroom.lesson.evolve import SAFE_MODE_GRACE_MS
from classroom.lesson.grants import grants
from classroom.lesson.refusal import RefusalCode
from classroom.lesson.stage import audible, effective_paused, on_stage
from classroom.lesson.state import Grant
from tests.classroom.people import AN, BINH, COLLEAGUE, TEACHER
from tests.classroom.story import Story, drop, kinds, knock, pid, share


def started(story: Story) -> list[str]:
    return list(story.state.shares)


@pytest.mark.parametrize("source", [Source.MICROPHONE, Source.CAMERA])
def test_the_admitted_speak_and_show_themselves(source: Source) -> None:
    story = Story().live().with_students(AN)
    assert story.tell(share(AN, source, "s")) == (ev.ShareStarted(ShareId("s"), pid(AN), source),)


@pytest.mark.parametrize("source", [Source.SCREEN, Source.SCREEN_AUDIO])
def test_screens_need_a_hosts_leave(source: Source) -> None:
    story = Story().live().with_students(AN)
    assert story.refused(share(AN, source)) is RefusalCode.NOT_ALLOWED
    story.tell(cmd.AllowSharing(TEACHER, pid(AN), True))
    assert Grant.SHARE_SCREEN in grants(story.state, pid(AN))
    story.tell(share(AN, source), share(TEACHER, source))
    events = story.tell(cmd.AllowSharing(TEACHER, pid(AN), False))
    assert kinds(events) == ["ShareStopped", "SharingForbidden"]
    assert len(started(story)) == 1
    assert story.tell(cmd.AllowSharing(TEACHER, pid(AN), False)) == ()


def test_leave_to_share_can_be_given_to_the_admitted_only() -> None:
    story = Story().live()
    story.tell(knock(AN))
    assert story.refused(cmd.AllowSharing(TEACHER, pid(AN), True)) is RefusalCode.NO_SUCH_PARTICIPANT
    assert story.tell(cmd.AllowSharing(TEACHER, pid(TEACHER), False)) == ()


def test_nothing_is_shared_outside_a_live_lesson() -> None:
    story = Story().scheduled()
    story.tell(knock(TEACHER))
    assert story.refused(share(TEACHER, Source.CAMERA)) is RefusalCode.LESSON_NOT_LIVE
    story.tell(cmd.Start(TEACHER), share(TEACHER, Source.CAMERA), cmd.End(TEACHER))
    assert started(story) == []
    assert story.refused(share(TEACHER, Source.CAMERA)) is RefusalCode.LESSON_ENDED


def test_the_newer_share_of_a_source_replaces() -> None:
    story = Story().live()
    story.tell(share(TEACHER, Source.SCREEN, "one"))
    stopped, _ = story.tell(share(TEACHER, Source.SCREEN, "two"))
    assert stopped == ev.ShareStopped(ShareId("one"), pid(TEACHER), "replaced")
    assert started(story) == ["two"]
    assert story.refused(share(TEACHER, Source.SCREEN, "two")) is RefusalCode.ALREADY


def test_a_share_belongs_to_its_owner() -> None:
    story = Story().live().with_students(AN, BINH)
    story.tell(share(AN, Source.CAMERA, "s"))
    s = ShareId("s")
    for stranger in (BINH, TEACHER):
        assert story.refused(cmd.PauseShare(stranger, s)) is RefusalCode.NOT_ALLOWED
        assert story.refused(cmd.ResumeShare(stranger, s)) is RefusalCode.NOT_ALLOWED
    assert story.refused(cmd.StopShare(BINH, s)) is RefusalCode.NOT_ALLOWED
    assert story.tell(cmd.PauseShare(AN, s)) == (ev.SharePaused(s, pid(AN)),)
    assert story.tell(cmd.PauseShare(AN, s)) == ()
    assert story.tell(cmd.ResumeShare(AN, s)) == (ev.ShareResumed(s, pid(AN)),)
    assert story.tell(cmd.ResumeShare(AN, s)) == ()
    assert story.tell(cmd.StopShare(TEACHER, s)) == (ev.ShareStopped(s, pid(TEACHER), "stopped"),)
    assert story.refused(cmd.StopShare(AN, s)) is RefusalCode.NO_SUCH_SHARE
    assert story.refused(cmd.PauseShare(AN, s)) is RefusalCode.NO_SUCH_SHARE


def test_the_sound_of_a_screen_stops_with_it() -> None:
    story = Story().live()
    story.tell(
        share(TEACHER, Source.SCREEN, "s"), share(TEACHER, Source.SCREEN_AUDIO), share(TEACHER, Source.CAMERA)
    )
    assert kinds(story.tell(cmd.StopShare(TEACHER, ShareId("s")))) == ["ShareStopped"] * 2
    assert len(started(story)) == 1


def test_muting_stops_the_microphone_alone() -> None:
    story = Story().live().with_students(AN)
    story.tell(share(AN, Source.MICROPHONE, "m"), share(AN, Source.CAMERA, "c"))
    assert story.tell(cmd.Mute(TEACHER, pid(AN))) == (ev.ShareStopped(ShareId("m"), pid(TEACHER), "muted"),)
    assert story.tell(cmd.Mute(TEACHER, pid(AN))) == ()
    story.tell(share(AN, Source.MICROPHONE, "again"))


def test_a_share_that_the_media_plane_lost() -> None:
    story = Story().live()
    story.tell(share(TEACHER, Source.CAMERA, "c"))
    assert kinds(story.tell(cmd.LoseShare(ShareId("c")))) == ["ShareStopped"]
    assert story.tell(cmd.LoseShare(ShareId("c"))) == ()


def test_removal_stops_shares_and_lowers_the_hand() -> None:
    story = Story().live().with_students(AN)
    story.tell(share(AN, Source.CAMERA), cmd.RaiseHand(AN))
    assert kinds(story.tell(cmd.Remove(TEACHER, pid(AN)))) == ["ShareStopped", "HandLowered", "Removed"]


def test_who_is_away_cannot_start_shares() -> None:
    story = Story().live().with_students(AN)
    story.tell(drop(AN))
    assert story.refused(share(AN, Source.CAMERA)) is RefusalCode.NOT_ADMITTED


def test_on_stage_is_the_newest_screen_else_a_hosts_camera() -> None:
    story = Story().live().with_students(AN)
    story.tell(knock(COLLEAGUE), cmd.AllowSharing(TEACHER, pid(AN), True))
    assert on_stage(story.state) is None
    story.tell(share(AN, Source.CAMERA, "an"))
    assert on_stage(story.state) is None
    story.tell(share(TEACHER, Source.CAMERA, "lan"), share(COLLEAGUE, Source.CAMERA, "minh"))
    assert on_stage(story.state) == "lan"
    story.tell(cmd.PauseShare(TEACHER, ShareId("lan")))
    assert on_stage(story.state) == "minh"
    story.tell(share(TEACHER, Source.SCREEN, "lan-screen"), share(AN, Source.SCREEN, "an-screen"))
    assert on_stage(story.state) == "an-screen"
    story.tell(cmd.PauseShare(AN, ShareId("an-screen")))
    assert on_stage(story.state) == "lan-screen"
    story.tell(cmd.ResumeShare(AN, ShareId("an-screen")), drop(TEACHER), drop(COLLEAGUE))
    story.wait(SAFE_MODE_GRACE_MS).tell(cmd.Tick())
    assert on_stage(story.state) == "lan-screen"


def test_safe_mode_silences_students_alone() -> None:
    story = Story().live().with_students(AN)
    story.tell(share(TEACHER, Source.MICROPHONE, "lan"), share(AN, Source.MICROPHONE, "an"))
    assert audible(story.state) == ("lan", "an")
    story.tell(drop(TEACHER))
    story.wait(SAFE_MODE_GRACE_MS).tell(cmd.Tick())
    assert audible(story.state) == ("lan",)
    an = story.state.shares[ShareId("an")]
    assert effective_paused(story.state, an)
    assert not an.paused
