"""The day's lessons: listed, made, started, ended."""

from collections.abc import Mapping, Sequence

from classroom.ids import ClassId, LessonId, ParticipantId
from classroom.lesson import commands
from classroom.lesson.admission import NEVER_ENTER
from classroom.lesson.refusal import Refusal
from classroom.lesson.state import Admission, Phase
from classroom.people import Actor
from classroom.stores.port import LessonEntry
from signaling.gateway.call import Call
from signaling.gateway.errors import ApiError
from signaling.gateway.routing import Query, Route, integer
from signaling.gateway.who import hosts_lesson, is_id, known_classes, knows_lesson, signed_in, watches
from signaling.wire.http import LessonList, LessonRow, NewLesson

_HOUR = 3_600_000
_FAR = 253_402_300_799_000
"""The end of the year 9999, in ms."""
_LONGEST = 62 * 24 * _HOUR


async def list_lessons(call: Call) -> LessonList:
    actor = call.actor
    start = integer(call, "from", 0, _FAR)
    end = integer(call, "to", 0, _FAR)
    start = call.now - 12 * _HOUR if start is None else start
    end = call.now + 24 * _HOUR if end is None else end
    if end < start or end - start > _LONGEST:
        raise ApiError("bad_request", "from and to: at most 62 days, in order")
    known = await known_classes(call.gateway, actor)
    entries = [
        entry
        for entry in await call.gateway.stores.lessons.between(start, end)
        if known is None or entry.class_id in known
    ]
    recordings = await _recordings(call, entries)
    rows = [await _row(call, entry, known, recordings) for entry in entries]
    rows.sort(key=lambda row: (not row.own_class, row.starts_at, row.title))
    return LessonList(tuple(rows))


async def one_lesson(call: Call) -> LessonRow:
    return await _one_row(call, call.lesson)


async def create(call: Call) -> LessonRow:
    gateway = call.gateway
    wanted = call.take(NewLesson)
    class_id = wanted.class_id
    school_class = await gateway.stores.classes.get(ClassId(class_id)) if is_id(class_id) else None
    if school_class is None:
        raise ApiError("invalid", "no such class")
    starts_at = call.now if wanted.starts_at is None else wanted.starts_at
    if not 0 <= starts_at <= _FAR - 600 * 60_000:
        raise ApiError("invalid", "startsAt is out of range")
    command = commands.Schedule(
        actor=call.actor,
        lesson=LessonId(gateway.make_id()),
        class_id=school_class.id,
        class_name=school_class.name,
        title=wanted.title,
        starts_at=starts_at,
        ends_at=starts_at + wanted.minutes * 60_000,
    )
    refusal = await gateway.hosts.schedule(command)
    if refusal is not None:
        raise ApiError.of(refusal)
    return await _fresh_row(call, command.lesson)


async def start(call: Call) -> LessonRow:
    return await _command(call, commands.Start(call.actor))


async def end(call: Call) -> LessonRow:
    return await _command(call, commands.End(call.actor))


async def _command(call: Call, command: commands.Start | commands.End) -> LessonRow:
    host = await call.gateway.hosts.get(call.lesson.id)
    if host is None:
        raise ApiError("lesson_not_found", "no such lesson")
    answer = await host.execute(command)
    if isinstance(answer, Refusal):
        raise ApiError.of(answer)
    return await _fresh_row(call, call.lesson.id)


async def _fresh_row(call: Call, lesson: LessonId) -> LessonRow:
    entry = await call.gateway.stores.lessons.get(lesson)
    if entry is None:
        raise ApiError("lesson_not_found", "no such lesson")
    return await _one_row(call, entry)


async def _one_row(call: Call, entry: LessonEntry) -> LessonRow:
    known = await known_classes(call.gateway, call.actor)
    return await _row(call, entry, known, await _recordings(call, (entry,)))


async def _row(
    call: Call, entry: LessonEntry, known: frozenset[ClassId] | None, recordings: Mapping[LessonId, int]
) -> LessonRow:
    actor = call.actor
    hosts = actor.teaches(entry.class_id)
    return LessonRow(
        id=entry.id,
        title=entry.title,
        class_id=entry.class_id,
        class_name=entry.class_name,
        teacher_name=entry.teacher_name,
        starts_at=entry.starts_at,
        ends_at=entry.ends_at,
        phase=entry.phase,
        started_at=entry.started_at,
        ended_at=entry.ended_at,
        hosts=hosts,
        own_class=entry.class_id in (actor.classes if known is None else known)
        or entry.teacher == actor.account,
        may_enter=actor.role not in NEVER_ENTER,
        admission=await _admission(call, entry, actor),
        recordings=recordings.get(entry.id, 0),
    )


async def _admission(call: Call, entry: LessonEntry, actor: Actor) -> Admission:
    """Of a lesson that is over nobody asks any more: its log is not folded for a list."""
    if entry.phase is Phase.ENDED or actor.role in NEVER_ENTER:
        return Admission.NONE
    host = await call.gateway.hosts.get(entry.id)
    if host is None or host.state is None:
        return Admission.NONE
    participant = host.state.participants.get(ParticipantId(actor.account))
    return Admission.NONE if participant is None else participant.admission


async def _recordings(call: Call, entries: Sequence[LessonEntry]) -> dict[LessonId, int]:
    """How many the account may watch, of the lessons that have any."""
    wanted = [
        entry.id for entry in entries if entry.phase is not Phase.SCHEDULED and watches(call.actor, entry)
    ]
    return await call.gateway.stores.recordings.counts(wanted) if wanted else {}


_LESSON = ("lesson_not_found",)

ROUTES = (
    Route(
        "GET",
        "/api/lessons",
        list_lessons,
        "Lessons of a time, by default from 12 h ago to 24 h ahead; live ones always; own classes first",
        response=LessonList,
        query=(Query("from", "Milliseconds since the epoch"), Query("to", "Milliseconds since the epoch")),
    ),
    Route(
        "POST",
        "/api/lessons",
        create,
        "Schedule a lesson of a class that the account teaches",
        who=signed_in,
        request=NewLesson,
        response=LessonRow,
        status=201,
        errors=("invalid", "not_allowed"),
    ),
    Route(
        "GET",
        "/api/lessons/{lesson}",
        one_lesson,
        "One lesson",
        who=knows_lesson,
        response=LessonRow,
        errors=_LESSON,
    ),
    Route(
        "POST",
        "/api/lessons/{lesson}/start",
        start,
        "Start the lesson",
        who=hosts_lesson,
        response=LessonRow,
        errors=(*_LESSON, "not_allowed", "already", "lesson_ended"),
    ),
    Route(
        "POST",
        "/api/lessons/{lesson}/end",
        end,
        "End the lesson for all",
        who=hosts_lesson,
        response=LessonRow,
        errors=(*_LESSON, "not_allowed", "lesson_not_live", "lesson_ended"),
    ),
)
