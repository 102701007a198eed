"""The lesson's log on a recording's time."""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from classroom.ids import RecordingId
from classroom.lesson import commands as cmd
from classroom.lesson.events import Source
from classroom.stores.port import RecordingEntry, RecordingFileEntry
from signaling.gateway.timeline import timeline
from signaling.wire.replay import (
    Timeline,
    TimelineChapter,
    TimelineHand,
    TimelineMessage,
    TimelineMove,
    TimelineStill,
)
from tests.classroom.people import AN, BINH, TEACHER
from tests.classroom.story import LESSON, Story, knock, pid, record, say, share

RECORDING = RecordingId("recording")


def entry_of(story: Story, duration: int, *files: RecordingFileEntry) -> RecordingEntry:
    started = next(r.at for r in story.log if type(r.event).__name__ == "RecordingStarted")
    return RecordingEntry(RECORDING, LESSON, started, "ready", duration, files)


def test_a_lesson_with_a_pause() -> None:
    story = Story().live()
    story.tell(knock(AN), cmd.Admit(TEACHER, pid(AN)), cmd.RaiseHand(AN), say(AN, "before", "m0"))
    story.wait(1_000).tell(share(TEACHER, Source.CAMERA, "camera"))
    story.wait(1_000).tell(record(TEACHER))
    story.wait(500).tell(say(AN, "Chào cô", "m1"))
    story.wait(500).tell(cmd.LowerHand(TEACHER, pid(AN)), share(TEACHER, Source.SCREEN, "screen"))
    story.wait(1_000).tell(cmd.PauseRecording(TEACHER), say(AN, "in the pause", "m2"))
    story.wait(4_000).tell(knock(BINH), cmd.Admit(TEACHER, pid(BINH)))
    story.wait(1_000).tell(cmd.ResumeRecording(TEACHER))
    story.wait(1_000).tell(cmd.MarkChapter(TEACHER, "Bài tập", ago_ms=600), cmd.Leave(AN))
    story.wait(500).tell(cmd.StopRecording(TEACHER))
    story.wait(500).tell(say(TEACHER, "after", "m3"), cmd.StopShare(TEACHER, "screen"))  # type: ignore[arg-type]
    files = (
        RecordingFileEntry("s.webm", "share", "video/webm", 1_000, 2_400, 1, "screen", "t", "screen"),
        RecordingFileEntry("still-2000-screen.webp", "still", "image/webp", 2_000, 0, 1, "screen"),
    )
    made = timeline(entry_of(story, 3_450, *files), story.log, {"still-2000-screen.webp": "Định lý"})
    assert made.messages == (TimelineMessage(500, AN.name, "Chào cô"),)
    assert made.hands == (TimelineHand(0, 1_000, AN.name),)
    assert made.moves == (TimelineMove(3_000, AN.name, False),)
    assert [(s.share, s.start_ms, s.end_ms, s.hosts, s.files) for s in made.shares] == [
        ("camera", 0, 3_450, True, ()),
        ("screen", 1_000, 3_450, True, ("s.webm",)),
    ]
    assert made.chapters == (TimelineChapter(1_000, "", "screen"), TimelineChapter(2_400, "Bài tập"))
    assert made.stills == (TimelineStill(2_000, "screen", "still-2000-screen.webp", "Định lý"),)
    assert made.cuts_ms == (2_000,)


def test_who_was_erased_has_no_name_and_said_nothing() -> None:
    story = Story().live()
    story.tell(record(TEACHER), knock(AN), cmd.Admit(TEACHER, pid(AN)))
    story.wait(100).tell(say(AN, "secret", "m"))
    blanked = [
        replace(r, event=replace(r.event, **dict.fromkeys(r.event.personal, "")))
        if getattr(r.event, "participant", None) == pid(AN)
        else r
        for r in story.log
    ]
    made = timeline(entry_of(story, 1_000), blanked)
    assert made.messages == ()
    assert AN.name not in {move.name for move in made.moves}
    assert "" in {move.name for move in made.moves}


STEPS = st.sampled_from(
    [
        record(TEACHER),
        cmd.StopRecording(TEACHER),
        cmd.PauseRecording(TEACHER),
        cmd.ResumeRecording(TEACHER),
        cmd.MarkChapter(TEACHER, "x"),
        cmd.RaiseHand(AN),
        cmd.LowerHand(AN, pid(AN)),
        say(AN, "x", "m"),
        share(TEACHER, Source.SCREEN, "screen"),
        cmd.Leave(AN),
        knock(AN, 2),
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3_000), STEPS), max_size=30), st.integers(1, 20_000))
def test_all_of_it_is_inside_the_recording_and_in_order(
    steps: list[tuple[int, cmd.Command]], duration: int
) -> None:
    story = Story().live()
    story.tell(knock(AN), cmd.Admit(TEACHER, pid(AN)), record(TEACHER))
    for wait, step in steps:
        story.wait(wait).send(step)
    made = timeline(entry_of(story, duration), story.log)
    for moments in moments_of(made):
        assert all(0 <= ms <= made.duration_ms for ms in moments)
    for each in (made.messages, made.moves, made.chapters):
        assert [m.at_ms for m in each] == sorted(m.at_ms for m in each)
    assert all(s.start_ms < s.end_ms for s in made.shares)


def moments_of(made: Timeline) -> list[list[int]]:
    return [
        [m.at_ms for m in (*made.messages, *made.moves, *made.chapters, *made.stills)],
        [ms for s in made.shares for ms in (s.start_ms, s.end_ms)],
        [ms for h in made.hands for ms in (h.at_ms, h.until_ms)],
        list(made.cuts_ms),
    ]
