"""A paused recording: what the plan asks for at every turn, and that it is done, through restarts."""

import pytest
from msgspec.structs import replace

from classroom.ids import ParticipantId, RecordingId
from classroom.lesson.events import LessonEnded, Recorded, RecordingPaused, RecordingResumed
from classroom.lesson.state import RecordingNow, RecordingPause
from media import control
from recorder import control as recorder
from recorder.time import Pause
from signaling.gateway.recording_plan import RecordingPlan, RecordingTable, Tap, pauses_in, plan
from signaling.wire import client as ask
from tests.signaling.gateway.fakes import FakeRecorder
from tests.signaling.gateway.room import Room
from tests.signaling.gateway.school import until
from tests.signaling.gateway.test_plans import SCREEN, STATE, VOICE, table
from tests.signaling.gateway.test_recording import tapped, tracks

R = RecordingId("r")
HELD, GONE_ON = RecordingPause(10), RecordingPause(10, 20)
TAPS = {SCREEN: Tap(1, "i", SCREEN), VOICE: Tap(2, "i", VOICE)}


def recorded(*pauses: RecordingPause):
    return replace(STATE, recording=RecordingNow(R, since=5, pauses=pauses))


def recorder_knows(*pauses: Pause, taps=None, opened=True):
    return RecordingTable(
        R if opened else None,
        "unix:/tap" if opened else None,
        dict(taps or {}),
        {SCREEN, VOICE} if opened else set(),
        stage=SCREEN if opened else None,
        pauses=pauses,
    )


TABLE = [
    # (what the log says, what the recorder knows and what is tapped, what is to be done)
    ((HELD,), recorder_knows(taps=TAPS), RecordingPlan(pauses=(Pause(10),), stop=(SCREEN, VOICE))),
    ((HELD,), recorder_knows(Pause(10)), RecordingPlan()),
    ((HELD,), recorder_knows(Pause(10), taps=TAPS), RecordingPlan(stop=(SCREEN, VOICE))),
    ((GONE_ON,), recorder_knows(Pause(10)), RecordingPlan(pauses=(Pause(10, 20),))),
    ((GONE_ON,), recorder_knows(Pause(10, 20)), RecordingPlan(tap=(SCREEN, VOICE))),
    ((GONE_ON,), recorder_knows(Pause(10, 20), taps=TAPS), RecordingPlan()),
    # Paused and gone on before the recorder was told of it: what is tapped is tapped anew.
    ((GONE_ON,), recorder_knows(taps=TAPS), RecordingPlan(pauses=(Pause(10, 20),), stop=(SCREEN, VOICE))),
    (
        (GONE_ON, RecordingPause(30)),
        recorder_knows(Pause(10)),
        RecordingPlan(pauses=(Pause(10, 20), Pause(30))),
    ),
    # The recorder was away: it is told of all pauses as it opens the recording.
    ((HELD,), recorder_knows(opened=False), RecordingPlan(open=R)),
    ((GONE_ON,), recorder_knows(opened=False), RecordingPlan(open=R)),
]


@pytest.mark.parametrize(("log", "known", "todo"), TABLE)
def test_the_plan(log, known, todo):
    assert plan(recorded(*log), known, table(), "i") == todo


def test_what_ends_or_comes_on_stage_in_a_pause_is_told_too():
    alone = replace(recorded(HELD), shares={VOICE: STATE.shares[VOICE]})
    assert plan(alone, recorder_knows(Pause(10)), table(), "i") == RecordingPlan(end=(SCREEN,), stage=(None,))


def test_taps_from_before_a_restart_of_the_gateway_are_stopped_in_a_pause():
    media = table()
    media.taps = {SCREEN: 7}
    assert plan(recorded(HELD), recorder_knows(opened=False), media, "i").stray == (SCREEN,)
    assert plan(recorded(HELD), recorder_knows(Pause(10)), media, "i").stray == (SCREEN,)
    assert plan(recorded(GONE_ON), recorder_knows(opened=False), media, "i").stray == ()


def test_the_end_closes_a_paused_recording():
    assert plan(STATE, recorder_knows(Pause(10)), table(), "i") == RecordingPlan(close=R)


def test_pauses_of_one_recording_are_read_from_the_log():
    teacher = ParticipantId("teacher")
    log = [
        Recorded(seq, at, event)
        for seq, (at, event) in enumerate(
            [
                (10, RecordingPaused(recording=R, by=teacher)),
                (20, RecordingResumed(recording=R, by=teacher)),
                (25, RecordingPaused(recording=RecordingId("other"), by=teacher)),
                (30, RecordingPaused(recording=R, by=teacher)),
                (40, LessonEnded(by=teacher)),
            ]
        )
    ]
    assert pauses_in(log, R) == (Pause(10, 20), Pause(30))
    assert pauses_in([], R) == ()


async def test_nothing_is_tapped_in_a_pause_through_restarts(room: Room) -> None:
    school, teacher = room.school, room.people["teacher"]
    screen = await teacher.share("screen")
    await teacher.socket.ask(ask.StartRecording)
    await until(lambda: tracks(school.recorder) == {screen} and school.recorder.stage == screen)
    await teacher.socket.ask(ask.PauseRecording)
    await until(lambda: not school.worker.taps)
    [told] = [m for m in school.recorder.asked if isinstance(m, recorder.SetPauses)]
    assert told.pauses[0].until is None
    # What is shared in the pause is not tapped; nor is anything when the recorder comes back in it.
    camera = await teacher.share("camera")
    fresh = FakeRecorder()
    await school.bus.down("recorder")
    await school.bus.up("recorder", fresh.handle, "recorder2")
    await until(lambda: any(isinstance(m, recorder.OpenRecording) for m in fresh.asked))
    [opened] = [m for m in fresh.asked if isinstance(m, recorder.OpenRecording)]
    assert opened.pauses == told.pauses
    assert not school.worker.taps
    school.worker.asked.clear()
    await teacher.socket.ask(ask.ResumeRecording)
    await until(lambda: tapped(school) == {screen, camera} and fresh.stage == screen)
    [gone_on] = [m for m in fresh.asked if isinstance(m, recorder.SetPauses)]
    assert gone_on.pauses[0].at == told.pauses[0].at
    assert gone_on.pauses[0].until is not None
    assert control.RequestKeyFrame(screen) in school.worker.asked
    await teacher.socket.ask(ask.StopRecording)
    await until(lambda: not fresh.open)
    [closing] = [m for m in fresh.asked if isinstance(m, recorder.CloseRecording)]
    assert closing.pauses == gone_on.pauses
