"""The storage of recordings: what it holds, how long it lasts, how long recordings are kept."""

import asyncio
import os

from classroom.ids import ClassId, LessonId, ParticipantId
from classroom.stores.port import LessonEntry, RetentionRules
from recorder.disk import LEAST_FREE
from signaling.gateway.call import Call
from signaling.gateway.errors import ApiError
from signaling.gateway.routing import Route
from signaling.gateway.storage import storage
from signaling.gateway.who import administers, hosts_recording, oversees
from signaling.wire.replay import ClassRetention, Retention, Storage


async def get_storage(call: Call) -> Storage:
    stores = call.gateway.stores
    entries = await stores.recordings.all()
    lessons: dict[LessonId, LessonEntry | None] = {}
    for lesson in {entry.lesson for entry in entries}:
        lessons[lesson] = await stores.lessons.get(lesson)
    return storage(entries, lessons, await asyncio.to_thread(_free, call), call.now)


def _free(call: Call) -> int | None:
    settings = call.gateway.settings
    if settings.storage_url:
        return None
    path = settings.recordings if settings.recordings.is_dir() else settings.data
    try:
        found = os.statvfs(path)
    except OSError:
        return None
    return max(0, found.f_bavail * found.f_frsize - LEAST_FREE)


async def get_retention(call: Call) -> Retention:
    rules = await call.gateway.stores.recordings.retention()
    return Retention(rules.school, tuple(ClassRetention(*rule) for rule in sorted(rules.classes.items())))


async def put_retention(call: Call) -> Retention:
    wanted, stores = call.take(Retention), call.gateway.stores
    known = {each.id for each in await stores.classes.all()}
    rules = {ClassId(rule.class_id): rule.days for rule in wanted.classes}
    if len(rules) != len(wanted.classes) or not rules.keys() <= known:
        raise ApiError("invalid", "each class once, and only classes of the school")
    await stores.recordings.put_retention(RetentionRules(wanted.school_days, rules))
    return await get_retention(call)


async def erase_recording(call: Call) -> None:
    entry = call.recording
    if entry.state in ("recording", "closing"):
        raise ApiError("recording_not_ready", f"the recording is {entry.state}")
    await call.gateway.erasures.erase(entry, ParticipantId(call.actor.account), "asked")


ROUTES = (
    Route(
        "GET",
        "/api/storage",
        get_storage,
        "What recordings take, by class, and for how many hours of recording there is room",
        who=oversees,
        response=Storage,
        errors=("not_allowed",),
    ),
    Route(
        "GET",
        "/api/retention",
        get_retention,
        "For how long recordings are kept",
        who=oversees,
        response=Retention,
        errors=("not_allowed",),
    ),
    Route(
        "PUT",
        "/api/retention",
        put_retention,
        "Set for how long recordings are kept; what is older is erased within the hour",
        who=administers,
        request=Retention,
        response=Retention,
        errors=("not_allowed", "invalid"),
    ),
    Route(
        "DELETE",
        "/api/recordings/{recording}",
        erase_recording,
        "Erase the recording and all that was made of it; the lesson's log keeps the receipt",
        who=hosts_recording,
        status=204,
        errors=("no_such_recording", "not_allowed", "recording_not_ready"),
    ),
)
