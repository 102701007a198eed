"""Properties of any lesson: random commands at random times."""

from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from classroom.ids import AccountId
from classroom.lesson import commands as cmd
from classroom.lesson import events as ev
from classroom.lesson.decide import decide, next_deadline
from classroom.lesson.evolve import evolve, fold
from classroom.lesson.project import Projection, Transition, apply_change, view
from classroom.lesson.refusal import Refusal
from classroom.lesson.state import Admission, LessonState
from classroom.lesson.view import LessonInfo, LessonView, Resync
from classroom.log import GENESIS, SealedRow, erase, open_row, seal, verify
from tests.classroom.invariants import check_log, check_state
from tests.classroom.people import AN, BINH, CLASS, EVERYBODY, TEACHER
from tests.classroom.story import LESSON, Story, knock, schedule
from tests.classroom.strategies import commands, ends, states, steps

TEACHING = {a.account for a in EVERYBODY if a.teaches(CLASS)}
Steps = list[tuple[int, cmd.Command]]


def play(told: Iterable[tuple[int, cmd.Command]], live: bool) -> Story:
    story = Story()
    story.tell(schedule())
    if live:
        story.tell(cmd.Start(TEACHER), knock(TEACHER), knock(AN), knock(BINH), cmd.AdmitClass(TEACHER))
    for wait, command in told:
        story.wait(wait).send(command)
    return story


@given(steps, st.booleans(), st.none() | ends, steps)
@settings(max_examples=60, deadline=None)
def test_every_lesson_keeps_its_invariants(
    told: Steps, live: bool, end: cmd.End | None, later: Steps
) -> None:
    story = play((), live)
    for wait, command in [*told, *([] if end is None else [(0, end), *later])]:
        before = story.state
        story.wait(wait).send(command)
        check_state(story.state)
        if isinstance(command, cmd.Tick):
            due = next_deadline(story.state)
            assert due is None or due > story.now
        for p in before.participants.values():
            if p.admission is Admission.REMOVED and p.id not in TEACHING:
                readmitted = isinstance(command, cmd.Admit) and command.actor.account in TEACHING
                assert readmitted or story.state.participants[p.id].admission is Admission.REMOVED
    check_log(story.log, TEACHING)


@given(steps, st.booleans())
@settings(max_examples=40, deadline=None)
def test_the_log_folds_to_the_live_state(told: Steps, live: bool) -> None:
    story = play(told, live)
    assert fold(story.log) == story.state
    rows = sealed(story.log)
    assert verify(rows, LESSON) is None
    assert [open_row(row) for row in rows] == story.log
    assert fold(map(open_row, rows)) == story.state


@given(steps, st.sets(st.integers(0, 80)))
@settings(max_examples=30, deadline=None)
def test_an_erased_log_verifies_and_folds(told: Steps, erased: set[int]) -> None:
    story = play(told, True)
    rows = [erase(row) if i in erased else row for i, row in enumerate(sealed(story.log))]
    assert verify(rows, LESSON) is None
    state = fold(map(open_row, rows))
    assert state is not None
    assert list(state.participants) == list(story.state.participants)
    receipt = ev.PersonalDataErased(participant=next(iter(state.participants)), by=TEACHER.account)  # type: ignore[arg-type]
    evolve(state, ev.Recorded(len(rows) + 1, story.now, receipt))


def sealed(log: list[ev.Recorded]) -> list[SealedRow]:
    rows: list[SealedRow] = []
    for recorded in log:
        previous = rows[-1].hash if rows else GENESIS
        rows.append(seal(previous, LESSON, recorded, recorded.seq.to_bytes(16, "big")))
    return rows


@given(steps, commands)
@settings(max_examples=60, deadline=None)
def test_a_command_repeated_at_once_changes_nothing(told: Steps, command: cmd.Command) -> None:
    story = play(told, True)
    for again in [command, *(c for _, c in told[-3:])]:
        story.send(again)
        answer = story.send(again)
        assert isinstance(answer, Refusal) or answer == ()


@given(states, st.lists(st.one_of(commands, ends), min_size=1, max_size=5), st.integers(0, 60_000))
@settings(max_examples=100, deadline=None)
def test_decide_and_evolve_answer_in_any_state(
    state: LessonState, asked: list[cmd.Command], now: int
) -> None:
    for command in asked:
        answer = decide(state, command, now)
        if not isinstance(answer, Refusal):
            for seq, event in enumerate(answer, 1):
                state = evolve(state, ev.Recorded(seq, now, event))
        view(state, AccountId("an"), AN)


@given(steps, st.none() | ends)
@settings(max_examples=50, deadline=None)
def test_changes_lead_from_view_to_view(told: Steps, end: cmd.End | None) -> None:
    """Along a whole lesson, with projections made one from the other, for every account."""
    story = play((), True)
    projection = Projection(story.state)
    views = {a.account: projection.view(a.account, a) for a in EVERYBODY}
    for wait, command in [*told, *([] if end is None else [(0, end)])]:
        story.wait(wait).send(command)
        after = Projection(story.state, previous=projection)
        step = Transition(projection, after)
        for a in EVERYBODY:
            expected = view(story.state, a.account, a)
            assert after.view(a.account, a) == expected
            change = step.change(a.account, a)
            if isinstance(change, Resync):
                views[a.account] = expected
            elif change is not None:
                views[a.account] = apply_change(views[a.account], change)
            assert views[a.account] == expected
            check_view(story.state, expected)
        projection = after


def check_view(state: LessonState, seen: LessonView) -> None:
    p = state.participants.get(seen.you.id)
    if p is None or p.admission is not Admission.ADMITTED or p.gone:
        assert seen == LessonView(you=seen.you, lesson=minimal(state))
        assert seen.you.grants == ()
    if not (p is not None and p.hosts):
        assert seen.waiting == ()
        assert not any(person.username for person in seen.people)
    for person in seen.people:
        assert state.participants[person.id].listed
    for waiting in seen.waiting:
        assert state.participants[waiting.id].admission is Admission.KNOCKING


def minimal(state: LessonState) -> LessonInfo:
    return LessonInfo(state.lesson, state.title, state.class_name, state.phase, state.starts_at)
