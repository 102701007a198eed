"""Random commands over a small school, so that they meet often."""

from hypothesis import strategies as st

from classroom.ids import (
    ClassId,
    ConnectionId,
    LessonId,
    MessageId,
    ParticipantId,
    RecordingId,
    ShareId,
)
from classroom.lesson import commands as cmd
from classroom.lesson.events import Source
from classroom.lesson.state import (
    Admission,
    LessonState,
    Message,
    Participant,
    Phase,
    RecordingNow,
    Share,
)
from classroom.people import Role
from tests.classroom.people import ADMIN, AN, BINH, CHI, CLASS, EVERYBODY, TEACHER

# Most commands come from those who get somewhere with them.
actors = st.one_of(st.sampled_from([TEACHER, AN, BINH, CHI, ADMIN]), st.sampled_from(EVERYBODY))
hosts = st.one_of(st.sampled_from([TEACHER, ADMIN]), actors)
participants = st.one_of(
    st.sampled_from([ParticipantId(a.account) for a in (AN, BINH, CHI)]),
    st.sampled_from([ParticipantId(a.account) for a in (AN, BINH, CHI)]),
    st.sampled_from([ParticipantId(a.account) for a in EVERYBODY]),
    st.sampled_from([ParticipantId(""), ParticipantId("nobody")]),
)
shares = st.sampled_from([ShareId(f"share-{n}") for n in range(8)])
sharers = st.sampled_from([TEACHER, AN, BINH])
sources = st.sampled_from(list(Source))
texts = st.one_of(st.just("chào cả lớp"), st.text(max_size=30), st.text(min_size=1990, max_size=2010))
numbers = st.integers(0, 2)


def _connection(command: type, actor: object, number: int) -> object:
    return command(actor, ConnectionId(f"{actor.account}-{number}"))  # type: ignore[attr-defined]


def _shared(command: type, actor: object, source: Source) -> object:
    """The sharer's own share of the source: so that starting and stopping meet."""
    share = ShareId(f"{actor.account}-{source}")  # type: ignore[attr-defined]
    return command(actor, share, source) if command is cmd.StartShare else command(actor, share)


_coming = st.one_of(
    st.builds(_connection, st.just(cmd.Knock), actors, numbers),
    st.builds(_connection, st.just(cmd.Connect), actors, numbers),
)
_going = st.one_of(
    st.builds(
        lambda actor, number, reason: cmd.Drop(
            ParticipantId(actor.account), ConnectionId(f"{actor.account}-{number}"), reason
        ),
        actors,
        numbers,
        st.sampled_from(["lost", "restarted", ""]),
    ),
    st.builds(cmd.Withdraw, actors),
    st.builds(cmd.Leave, actors),
    st.builds(cmd.Recover),
)
_admission = st.one_of(
    st.builds(cmd.Admit, hosts, participants),
    st.builds(cmd.AdmitClass, hosts),
    st.builds(cmd.Deny, hosts, participants),
    st.builds(cmd.Remove, hosts, participants),
)
_starting = st.builds(_shared, st.just(cmd.StartShare), sharers, sources)
_sharing = st.one_of(
    st.builds(_shared, st.just(cmd.PauseShare), sharers, sources),
    st.builds(_shared, st.just(cmd.ResumeShare), sharers, sources),
    st.builds(_shared, st.just(cmd.StopShare), sharers, sources),
    st.builds(cmd.StartShare, actors, shares, sources),
    st.builds(cmd.PauseShare, actors, shares),
    st.builds(cmd.ResumeShare, actors, shares),
    st.builds(cmd.StopShare, actors, shares),
    st.builds(cmd.LoseShare, shares),
    st.builds(cmd.AllowSharing, hosts, participants, st.booleans()),
    st.builds(cmd.Mute, hosts, participants),
)
_talk = st.one_of(
    st.builds(cmd.RaiseHand, actors),
    st.builds(cmd.LowerHand, actors, participants),
    st.builds(cmd.SendMessage, actors, st.uuids().map(lambda u: MessageId(str(u))), texts),
    st.builds(cmd.SendMessage, actors, st.sampled_from([MessageId("m1"), MessageId("m2")]), texts),
)
_course = st.one_of(
    st.builds(cmd.Start, hosts),
    st.builds(cmd.StartRecording, hosts, st.just(RecordingId("r"))),
    st.builds(cmd.StopRecording, hosts),
    st.builds(cmd.PauseRecording, hosts),
    st.builds(cmd.ResumeRecording, hosts),
    st.builds(cmd.AcknowledgeRecording, actors),
    st.builds(cmd.MarkChapter, hosts, st.sampled_from(["", "Bài tập"])),
    st.builds(cmd.AllowReplay, hosts, st.booleans()),
)
_groups: list[st.SearchStrategy[cmd.Command]] = [
    _coming,
    _coming,
    _coming,
    _going,
    _admission,
    _admission,
    _starting,
    _starting,
    _sharing,
    _sharing,
    _talk,
    _course,
    st.builds(cmd.Tick),
]
commands: st.SearchStrategy[cmd.Command] = st.integers(0, len(_groups) - 1).flatmap(_groups.__getitem__)
ends = st.builds(cmd.End, hosts)
waits = st.sampled_from([0, 0, 1, 200, 1_500, 5_000, 15_000])
_step = st.tuples(waits, commands)
steps = st.one_of(st.lists(_step, max_size=10), st.lists(_step, min_size=30, max_size=90))

# States that no log leads to: decide must still answer.
_times = st.none() | st.integers(0, 30_000)
_participants = st.builds(
    Participant,
    id=participants,
    role=st.sampled_from(list(Role)),
    of_class=st.booleans(),
    hosts=st.booleans(),
    username=st.just("u"),
    name=st.just("n"),
    class_label=st.just(""),
    admission=st.sampled_from(list(Admission)),
    knocked_at=st.integers(0, 30_000),
    connection=st.none() | st.just(ConnectionId("an-1")),
    entered_at=_times,
    may_share=st.booleans(),
    gone=st.booleans(),
    away_since=_times,
)
_shares = st.builds(Share, shares, participants, sources, st.integers(0, 30_000), st.booleans())
states = st.builds(
    LessonState,
    lesson=st.just(LessonId("l")),
    class_id=st.sampled_from([CLASS, ClassId("else")]),
    class_name=st.just("10A1"),
    title=st.just("t"),
    starts_at=st.just(0),
    ends_at=st.just(1),
    phase=st.sampled_from(list(Phase)),
    started_at=_times,
    ended_at=_times,
    participants=st.lists(_participants, max_size=6).map(lambda ps: {p.id: p for p in ps}),
    shares=st.lists(_shares, max_size=6).map(lambda ss: {s.id: s for s in ss}),
    hands=st.lists(participants, unique=True, max_size=4).map(tuple),
    messages=st.lists(
        st.builds(Message, st.just(MessageId("m1")), participants, st.just("x"), st.just(1)), max_size=1
    ).map(tuple),
    recording=st.none() | st.just(RecordingNow(RecordingId("r"), 1)),
    replay_allowed=st.booleans(),
    safe_mode=st.booleans(),
    safe_mode_at=_times,
)
