"""Tell a lesson as a story: commands at times, and the log that follows."""

from classroom.ids import ConnectionId, LessonId, MessageId, ParticipantId, RecordingId, ShareId
from classroom.lesson import commands as cmd
from classroom.lesson.decide import decide
from classroom.lesson.events import AnyEvent, Recorded, Source
from classroom.lesson.evolve import evolve
from classroom.lesson.refusal import Decision, Refusal, RefusalCode
from classroom.lesson.state import Admission, LessonState, Participant
from classroom.people import Actor
from tests.classroom.people import CLASS, TEACHER

BEGIN = 1_700_000_000_000
MINUTE = 60_000
LESSON = LessonId("lesson-1")


class Story:
    """``tell`` expects events, ``refused`` a refusal; the clock stands still unless told."""

    def __init__(self) -> None:
        self.log: list[Recorded] = []
        self.now = BEGIN
        self._state: LessonState | None = None

    @property
    def state(self) -> LessonState:
        assert self._state is not None
        return self._state

    def send(self, command: cmd.Command) -> Decision:
        answer = decide(self._state, command, self.now)
        if not isinstance(answer, Refusal):
            for event in answer:
                self.record(event)
        return answer

    def record(self, event: AnyEvent) -> None:
        recorded = Recorded(len(self.log) + 1, self.now, event)
        self.log.append(recorded)
        self._state = evolve(self._state, recorded)

    def tell(self, *commands: cmd.Command) -> tuple[AnyEvent, ...]:
        """The events of the last command."""
        answer: Decision = ()
        for command in commands:
            answer = self.send(command)
            assert not isinstance(answer, Refusal), (command, answer)
        assert not isinstance(answer, Refusal)
        return answer

    def refused(self, command: cmd.Command) -> RefusalCode:
        before = self._state
        answer = self.send(command)
        assert isinstance(answer, Refusal), (command, answer)
        assert self._state is before
        return answer.code

    def wait(self, milliseconds: int) -> "Story":
        self.now += milliseconds
        return self

    def of(self, actor: Actor) -> Participant:
        return self.state.participants[pid(actor)]

    def admission(self, actor: Actor) -> Admission:
        p = self.state.participants.get(pid(actor))
        return Admission.NONE if p is None else p.admission

    # Shorthand for what many stories begin with.

    def scheduled(self) -> "Story":
        self.tell(schedule())
        return self

    def live(self) -> "Story":
        """A live lesson with its teacher in it."""
        self.tell(schedule(), cmd.Start(TEACHER), knock(TEACHER))
        return self

    def with_students(self, *students: Actor) -> "Story":
        for student in students:
            self.tell(knock(student), cmd.Admit(TEACHER, pid(student)))
        return self


def pid(actor: Actor) -> ParticipantId:
    return ParticipantId(actor.account)


def connection(actor: Actor, number: int = 1) -> ConnectionId:
    return ConnectionId(f"{actor.account}-{number}")


def schedule(actor: Actor = TEACHER, title: str = "Toán", minutes: int = 45) -> cmd.Schedule:
    return cmd.Schedule(actor, LESSON, CLASS, "10A1", title, BEGIN, BEGIN + minutes * MINUTE)


def knock(actor: Actor, number: int = 1) -> cmd.Knock:
    return cmd.Knock(actor, connection(actor, number))


def connect(actor: Actor, number: int = 1) -> cmd.Connect:
    return cmd.Connect(actor, connection(actor, number))


def drop(actor: Actor, number: int = 1, reason: str = "lost") -> cmd.Drop:
    return cmd.Drop(pid(actor), connection(actor, number), reason)


def share(actor: Actor, source: Source, name: str = "") -> cmd.StartShare:
    return cmd.StartShare(actor, ShareId(name or f"{actor.account}-{source}"), source)


def say(actor: Actor, text: str, name: str = "message") -> cmd.SendMessage:
    return cmd.SendMessage(actor, MessageId(name), text)


def record(actor: Actor, name: str = "recording") -> cmd.StartRecording:
    return cmd.StartRecording(actor, RecordingId(name))


def kinds(events: tuple[AnyEvent, ...]) -> list[str]:
    return [type(event).__name__ for event in events]
