"""Who may: what each route asks before its handler runs. Asked in order; the first refusal counts.

A lesson or recording that an account may not know of is answered as one that does not exist.
"""

from collections.abc import Awaitable, Callable

from classroom.ids import ClassId, LessonId, RecordingId
from classroom.people import Actor, Role
from classroom.stores.port import LessonEntry
from signaling.gateway.call import Call
from signaling.gateway.context import Gateway
from signaling.gateway.errors import ApiError

Who = Callable[[Call], Awaitable[None]]
"""Raises ApiError. May put what it looked up into the call."""


def is_id(text: str) -> bool:
    """Whether it can be an id of ours: what cannot is not worth asking a database (PostgreSQL takes no NUL)."""
    return 0 < len(text) <= 64 and text.isascii() and text.replace("-", "").replace("_", "").isalnum()


async def anyone(call: Call) -> None:
    """Anybody, signed in or not."""


async def signed_in(call: Call) -> None:
    """Any account."""
    _ = call.actor


async def known_classes(gateway: Gateway, actor: Actor) -> frozenset[ClassId] | None:
    """Classes whose lessons the account may know of; None: all of the school."""
    if actor.role is not Role.PARENT:
        return None
    children = await gateway.stores.accounts.children(actor.account)
    return frozenset(class_id for child in children for class_id in child.classes)


async def knows_lesson(call: Call) -> None:
    """Any account of the school; parents: lessons of their children's classes."""
    actor = call.actor
    wanted = call.request.match_info["lesson"]
    entry = await call.gateway.stores.lessons.get(LessonId(wanted)) if is_id(wanted) else None
    if entry is None:
        raise ApiError("lesson_not_found", "no such lesson")
    known = await known_classes(call.gateway, actor)
    if known is not None and entry.class_id not in known:
        raise ApiError("lesson_not_found", "no such lesson")
    call.lesson_entry = entry


async def hosts_lesson(call: Call) -> None:
    """Teachers of the lesson's class, and admins."""
    await knows_lesson(call)
    if not call.actor.teaches(call.lesson.class_id):
        raise ApiError("not_allowed", "only who teaches the class may do this")


async def reads_attendance(call: Call) -> None:
    """Teachers of the lesson's class, staff, admins."""
    await knows_lesson(call)
    if not manages(call.actor, call.lesson):
        raise ApiError("not_allowed", "only who teaches the class, staff and admins may see this")


def manages(actor: Actor, lesson: LessonEntry) -> bool:
    """Who sees a lesson's record, recordings included, without being allowed by anybody."""
    return actor.teaches(lesson.class_id) or actor.role is Role.STAFF


def watches(actor: Actor, lesson: LessonEntry) -> bool:
    """Who may watch a lesson's recordings."""
    return manages(actor, lesson) or (lesson.replay_allowed and actor.on_roster(lesson.class_id))


async def watches_recording(call: Call) -> None:
    """Teachers of the class, staff, admins; students of the class when the teacher allowed it."""
    actor = call.actor
    wanted = call.request.match_info["recording"]
    recording = await call.gateway.stores.recordings.get(RecordingId(wanted)) if is_id(wanted) else None
    lesson = None if recording is None else await call.gateway.stores.lessons.get(recording.lesson)
    if recording is None or recording.state == "erasing" or lesson is None or not watches(actor, lesson):
        raise ApiError("no_such_recording", "no such recording")
    call.recording_entry = recording
    call.lesson_entry = lesson


async def manages_recording(call: Call) -> None:
    """Teachers of the class, staff, admins."""
    await watches_recording(call)
    if not manages(call.actor, call.lesson):
        raise ApiError("not_allowed", "only who teaches the class, staff and admins may do this")


async def hosts_recording(call: Call) -> None:
    """Teachers of the class, and admins."""
    await watches_recording(call)
    if not call.actor.teaches(call.lesson.class_id):
        raise ApiError("not_allowed", "only who teaches the class may do this")


async def oversees(call: Call) -> None:
    """Staff and admins."""
    if call.actor.role not in (Role.STAFF, Role.ADMIN):
        raise ApiError("not_allowed", "only staff and admins may see this")


async def administers(call: Call) -> None:
    """Admins."""
    if call.actor.role is not Role.ADMIN:
        raise ApiError("not_allowed", "only admins may do this")
