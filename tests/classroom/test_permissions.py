"""Who may do what: every command, for every kind of account in every relation to a live lesson.

A cell is the refusal, ``ok`` (events), or ``-`` (accepted, changes nothing).
"""

from collections.abc import Callable

import pytest

from classroom.ids import MessageId, RecordingId, ShareId
from classroom.lesson import commands as cmd
from classroom.lesson.events import Source
from classroom.lesson.evolve import SAFE_MODE_GRACE_MS
from classroom.lesson.refusal import Refusal
from classroom.people import Actor
from tests.classroom.people import (
    ADMIN,
    AN,
    CHI,
    COLLEAGUE,
    OTHER_TEACHER,
    PARENT,
    STAFF,
    SUPPORT,
    TEACHER,
    student,
)
from tests.classroom.story import Story, connect, connection, drop, knock, pid, say, schedule, share

WAITING, INSIDE = student(1), student(2)
Place = Callable[[Story, Actor], None]


def _none(story: Story, actor: Actor) -> None:
    pass


def _knocking(story: Story, actor: Actor) -> None:
    story.tell(knock(actor))


def _admitted(story: Story, actor: Actor) -> None:
    story.tell(knock(actor), cmd.Admit(TEACHER, pid(actor)))


def _entered_by_right(story: Story, actor: Actor) -> None:
    story.tell(knock(actor))


def _gone(story: Story, actor: Actor) -> None:
    _admitted(story, actor)
    story.tell(cmd.Leave(actor))


def _denied(story: Story, actor: Actor) -> None:
    story.tell(knock(actor), cmd.Deny(TEACHER, pid(actor)))


def _removed(story: Story, actor: Actor) -> None:
    _admitted(story, actor)
    story.tell(cmd.Remove(TEACHER, pid(actor)))


def _may_share(story: Story, actor: Actor) -> None:
    _admitted(story, actor)
    story.tell(cmd.AllowSharing(TEACHER, pid(actor), True))


def _in_safe_mode(story: Story, actor: Actor) -> None:
    _may_share(story, actor)
    story.tell(drop(TEACHER))
    story.wait(SAFE_MODE_GRACE_MS).tell(cmd.Tick())


WHO: dict[str, tuple[Actor, Place]] = {
    "host": (COLLEAGUE, _entered_by_right),
    "admin": (ADMIN, _entered_by_right),
    "host outside": (COLLEAGUE, _none),
    "student": (AN, _admitted),
    "student may share": (AN, _may_share),
    "student in safe mode": (AN, _in_safe_mode),
    "staff guest": (STAFF, _admitted),
    "teacher guest": (OTHER_TEACHER, _admitted),
    "knocking": (AN, _knocking),
    "denied": (AN, _denied),
    "removed": (AN, _removed),
    "gone": (AN, _gone),
    "stranger": (CHI, _none),
    "support": (SUPPORT, _none),
    "parent": (PARENT, _none),
}

ASKED: dict[str, Callable[[Actor], cmd.Command]] = {
    "schedule": schedule,
    "start": cmd.Start,
    "end": cmd.End,
    "knock": lambda a: knock(a, 2),
    "connect": lambda a: connect(a, 2),
    "withdraw": cmd.Withdraw,
    "leave": cmd.Leave,
    "admit": lambda a: cmd.Admit(a, pid(WAITING)),
    "admit class": cmd.AdmitClass,
    "deny": lambda a: cmd.Deny(a, pid(WAITING)),
    "remove": lambda a: cmd.Remove(a, pid(INSIDE)),
    "allow sharing": lambda a: cmd.AllowSharing(a, pid(INSIDE), True),
    "mute": lambda a: cmd.Mute(a, pid(INSIDE)),
    "microphone": lambda a: share(a, Source.MICROPHONE),
    "camera": lambda a: share(a, Source.CAMERA),
    "screen": lambda a: share(a, Source.SCREEN),
    "pause other's": lambda a: cmd.PauseShare(a, ShareId("inside")),
    "resume other's": lambda a: cmd.ResumeShare(a, ShareId("inside")),
    "stop other's": lambda a: cmd.StopShare(a, ShareId("inside")),
    "raise hand": cmd.RaiseHand,
    "lower other's": lambda a: cmd.LowerHand(a, pid(INSIDE)),
    "message": lambda a: say(a, "x", MessageId("new")),
    "record": lambda a: cmd.StartRecording(a, RecordingId("r")),
    "stop recording": cmd.StopRecording,
    "pause recording": cmd.PauseRecording,
    "resume recording": cmd.ResumeRecording,
    "acknowledge recording": cmd.AcknowledgeRecording,
    "mark chapter": lambda a: cmd.MarkChapter(a, "x"),
    "allow replay": lambda a: cmd.AllowReplay(a, True),
}

HOSTS = ("host", "admin")
GUESTS = ("student", "staff guest", "teacher guest")
OUTSIDE = ("knocking", "denied", "removed", "gone", "stranger", "support", "parent")
ALL_HOSTS = (*HOSTS, "host outside")
NOT_HOSTS = (*GUESTS, "student may share", "student in safe mode", *OUTSIDE)


def row(default: str, **cells: str) -> dict[str, str]:
    """A row of the table: first the default, then by name (blanks written as underscores)."""
    groups = {"hosts": HOSTS, "all_hosts": ALL_HOSTS, "guests": GUESTS, "outside": OUTSIDE}
    made = dict.fromkeys(WHO, default)
    for name, cell in cells.items():
        for who in groups.get(name, (name.replace("_", " "),)):
            made[who] = cell
    return made


HOSTS_ONLY = row("not_allowed", all_hosts="ok")
INSIDE_ONLY = row("ok", outside="not_admitted", host_outside="not_admitted", student_in_safe_mode="safe_mode")
TABLE: dict[str, dict[str, str]] = {
    "schedule": row("not_allowed", all_hosts="already"),
    "start": row("not_allowed", all_hosts="already"),
    "end": HOSTS_ONLY,
    "knock": row("ok", removed="removed", support="not_allowed", parent="not_allowed"),
    "connect": row("ok", host_outside="-", outside="-", knocking="ok", denied="ok"),
    "withdraw": row("already", host_outside="-", outside="-", knocking="ok", gone="already"),
    "leave": row("ok", host_outside="not_admitted", outside="not_admitted", knocking="ok", gone="-"),
    "admit": HOSTS_ONLY,
    "admit class": HOSTS_ONLY,
    "deny": HOSTS_ONLY,
    "remove": HOSTS_ONLY,
    "allow sharing": HOSTS_ONLY,
    "mute": HOSTS_ONLY,
    "microphone": INSIDE_ONLY,
    "camera": INSIDE_ONLY,
    "screen": {**INSIDE_ONLY, **dict.fromkeys(GUESTS, "not_allowed")},
    "pause other's": row("not_allowed", outside="not_admitted", host_outside="not_admitted"),
    "resume other's": row("not_allowed", outside="not_admitted", host_outside="not_admitted"),
    "stop other's": row("not_allowed", hosts="ok", outside="not_admitted", host_outside="not_admitted"),
    "raise hand": row("ok", outside="not_admitted", host_outside="not_admitted"),
    "lower other's": row("not_allowed", hosts="ok", outside="not_admitted", host_outside="not_admitted"),
    "message": INSIDE_ONLY,
    "record": HOSTS_ONLY,
    "stop recording": row("not_allowed", all_hosts="-"),
    "pause recording": row("not_allowed", all_hosts="not_recording"),
    "resume recording": row("not_allowed", all_hosts="not_recording"),
    "acknowledge recording": row("-", outside="not_admitted", host_outside="not_admitted"),
    "mark chapter": row("not_allowed", all_hosts="not_recording"),
    "allow replay": HOSTS_ONLY,
}


def lesson() -> Story:
    """Live, with somebody waiting and somebody inside whose microphone is on and hand raised."""
    story = Story().live()
    story.tell(knock(WAITING), knock(INSIDE), cmd.Admit(TEACHER, pid(INSIDE)))
    story.tell(share(INSIDE, Source.MICROPHONE, "inside"), cmd.RaiseHand(INSIDE))
    return story


def cell(story: Story, command: cmd.Command) -> str:
    answer = story.send(command)
    if isinstance(answer, Refusal):
        return str(answer.code)
    return "ok" if answer else "-"


def test_the_table_is_whole() -> None:
    assert TABLE.keys() == ASKED.keys()
    asked = {type(make(AN)) for make in ASKED.values()}
    systems = {
        cmd.Drop,
        cmd.LoseShare,
        cmd.Tick,
        cmd.Recover,
        cmd.CutRecording,
        cmd.SealRecording,
        cmd.EraseRecording,
    }
    assert asked | systems == set(cmd.Command.__args__)


@pytest.mark.parametrize("what", ASKED)
def test_who_may_do_what(what: str) -> None:
    answers = {}
    for who, (actor, take_place) in WHO.items():
        story = lesson()
        take_place(story, actor)
        answers[who] = cell(story, ASKED[what](actor))
    assert answers == TABLE[what]


@pytest.mark.parametrize("what", ASKED)
def test_nothing_happens_in_a_lesson_that_has_ended(what: str) -> None:
    happened = set()
    for who, (actor, take_place) in WHO.items():
        story = lesson()
        take_place(story, actor)
        story.tell(cmd.End(TEACHER))
        before = story.state
        if cell(story, ASKED[what](actor)) == "ok":
            happened.add(who)
        else:
            assert story.state is before
    assert happened == (set(ALL_HOSTS) if what == "allow replay" else set())


def test_an_account_is_never_taken_for_another() -> None:
    """Commands speak for their actor's own place only."""
    story = lesson()
    story.tell(knock(AN))
    story.tell(cmd.Withdraw(AN), cmd.Leave(INSIDE))
    assert pid(WAITING) in story.state.participants
    assert story.of(WAITING).connection == connection(WAITING)
