"""The lesson's recording: pauses, who knows of it, chapters, what is left in the log."""

import pytest

from classroom.ids import SYSTEM, RecordingId, ShareId
from classroom.lesson import commands as cmd
from classroom.lesson.events import RecordingStopped, SealedFile, Source
from classroom.lesson.project import changes, view
from classroom.lesson.refusal import RefusalCode
from classroom.lesson.state import RecordingPause
from classroom.lesson.view import ViewChange
from tests.classroom.people import AN, BINH, TEACHER
from tests.classroom.story import BEGIN, Story, connection, knock, pid, record, share

RECORDING = RecordingId("recording")
FILE = SealedFile("programme.webm", 10, "ab" * 32)


def live(*inside: object) -> Story:
    story = Story().live()
    for actor in inside:
        story.tell(knock(actor), cmd.Admit(TEACHER, pid(actor)))  # type: ignore[arg-type]
    return story


def test_pauses_are_kept_in_order_and_repeating_one_changes_nothing() -> None:
    story = live()
    assert story.refused(cmd.PauseRecording(TEACHER)) is RefusalCode.NOT_RECORDING
    story.tell(record(TEACHER))
    story.wait(1_000).tell(cmd.PauseRecording(TEACHER))
    assert story.wait(500).tell(cmd.PauseRecording(TEACHER)) == ()
    assert story.state.recording is not None
    assert story.state.recording.paused
    story.wait(500).tell(cmd.ResumeRecording(TEACHER))
    assert story.tell(cmd.ResumeRecording(TEACHER)) == ()
    story.wait(1_000).tell(cmd.PauseRecording(TEACHER))
    pauses = (RecordingPause(BEGIN + 1_000, BEGIN + 2_000), RecordingPause(BEGIN + 3_000))
    assert story.state.recording.pauses == pauses
    lesson = view(story.state, TEACHER.account, TEACHER).lesson
    assert (lesson.recording_paused_at, lesson.recording_held_ms) == (BEGIN + 3_000, 1_000)
    story.tell(cmd.StopRecording(TEACHER), record(TEACHER, "another"))
    assert story.state.recording.pauses == ()


def test_who_comes_while_a_recording_runs_acknowledges_before_sharing_anything() -> None:
    story = live(AN)
    story.tell(record(TEACHER))
    assert not view(story.state, AN.account, AN).you.must_acknowledge
    story.tell(share(AN, Source.MICROPHONE, "an"))
    story.tell(knock(BINH), cmd.Admit(TEACHER, pid(BINH)))
    assert view(story.state, BINH.account, BINH).you.must_acknowledge
    assert story.refused(share(BINH, Source.CAMERA, "binh")) is RefusalCode.NOT_ACKNOWLEDGED
    before = story.state
    [told] = story.tell(cmd.AcknowledgeRecording(BINH))
    assert type(told).__name__ == "RecordingAcknowledged"
    assert story.tell(cmd.AcknowledgeRecording(BINH)) == ()
    assert not view(story.state, BINH.account, BINH).you.must_acknowledge
    seen = changes(before, story.state, TEACHER.account, TEACHER)
    assert isinstance(seen, ViewChange)
    assert [(p.id, p.informed_of) for p in seen.people] == [(pid(BINH), RECORDING)]
    story.tell(share(BINH, Source.CAMERA, "binh"))
    assert ShareId("binh") in story.state.shares
    others = view(story.state, AN.account, AN).people
    assert all(p.informed_of is None for p in others), "who knows of it is the teacher's to see"


def test_who_was_away_when_it_began_acknowledges_and_the_next_recording_asks_anew() -> None:
    story = live(AN, BINH)
    story.tell(cmd.Drop(pid(BINH), connection(BINH), "lost"), record(TEACHER))
    story.tell(cmd.Connect(BINH, connection(BINH, 2)))
    assert view(story.state, BINH.account, BINH).you.must_acknowledge
    story.tell(cmd.StopRecording(TEACHER))
    assert not view(story.state, BINH.account, BINH).you.must_acknowledge
    story.tell(record(TEACHER, "second"))
    assert not view(story.state, BINH.account, BINH).you.must_acknowledge, "was there to see it begin"


@pytest.mark.parametrize("title", ["x" * 201, "bad\x07"])
def test_a_chapter_needs_a_title_that_can_be_shown(title: str) -> None:
    story = live()
    story.tell(record(TEACHER))
    assert story.refused(cmd.MarkChapter(TEACHER, title)) is RefusalCode.INVALID


def test_a_chapter_is_in_the_log_and_may_be_without_title() -> None:
    story = live()
    story.tell(record(TEACHER), cmd.MarkChapter(TEACHER, "  Định lý  "))
    [chapter] = story.tell(cmd.MarkChapter(TEACHER, ""))
    assert [e.title for e in (r.event for r in story.log) if hasattr(e, "title")][1:] == ["Định lý", ""]
    assert chapter.recording == RECORDING  # type: ignore[union-attr]
    [chapter] = story.tell(cmd.MarkChapter(TEACHER, "", ago_ms=9_000))
    assert chapter.ago_ms == 9_000  # type: ignore[union-attr]
    assert story.refused(cmd.MarkChapter(TEACHER, "", ago_ms=-1)) is RefusalCode.INVALID


def test_a_recording_that_cannot_go_on_is_stopped_by_the_system_with_its_reason() -> None:
    story = live()
    cut = cmd.CutRecording(RECORDING, "disk_full")
    assert story.tell(cut) == ()
    story.tell(record(TEACHER))
    assert story.tell(cmd.CutRecording(RecordingId("another"), "disk_full")) == ()
    [stopped] = story.tell(cut)
    assert stopped == RecordingStopped(RECORDING, SYSTEM, "disk_full")
    assert story.state.recording is None
    assert story.tell(cut) == ()


def test_files_are_sealed_once_also_after_the_lesson_and_an_erasure_leaves_its_receipt() -> None:
    story = live()
    story.tell(record(TEACHER))
    erase = cmd.EraseRecording(RECORDING, pid(TEACHER), "asked", 2, 20)
    assert story.refused(erase) is RefusalCode.ALREADY
    story.tell(cmd.End(TEACHER), cmd.SealRecording(RECORDING, (FILE,)))
    assert story.tell(cmd.SealRecording(RECORDING, (FILE,))) == ()
    later = SealedFile("export.mp4", 5, "cd" * 32)
    [event] = story.tell(cmd.SealRecording(RECORDING, (FILE, later)))
    assert event.files == (later,)  # type: ignore[union-attr]
    assert story.state.sealed[RECORDING].keys() == {"programme.webm", "export.mp4"}
    story.tell(erase)
    assert RECORDING in story.state.erased
    assert RECORDING not in story.state.sealed
    assert story.tell(erase) == ()
    assert story.tell(cmd.SealRecording(RECORDING, (FILE,))) == ()
