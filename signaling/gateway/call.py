"""One API request, as its handler gets it: parsed, signed in, and looked up."""

from dataclasses import dataclass
from typing import Any, TypeVar

from aiohttp import web
from msgspec import Struct

from classroom.people import Actor
from classroom.stores.port import LessonEntry, RecordingEntry, Session
from signaling.gateway.context import GATEWAY, Gateway
from signaling.gateway.errors import ApiError

COOKIE = "classroom_session"
B = TypeVar("B", bound=Struct)


@dataclass
class Call:
    """What the route asked for is there: ``actor`` behind a session, ``lesson``, ``recording``, ``body``."""

    request: web.Request
    gateway: Gateway
    now: int
    who: Actor | None = None
    session: Session | None = None
    lesson_entry: LessonEntry | None = None
    recording_entry: RecordingEntry | None = None
    body: Any = None

    @property
    def actor(self) -> Actor:
        if self.who is None:
            raise ApiError("not_signed_in", "sign in first")
        return self.who

    @property
    def lesson(self) -> LessonEntry:
        if self.lesson_entry is None:
            raise ApiError("lesson_not_found", "no such lesson")
        return self.lesson_entry

    @property
    def recording(self) -> RecordingEntry:
        if self.recording_entry is None:
            raise ApiError("no_such_recording", "no such recording")
        return self.recording_entry

    def take(self, body: type[B]) -> B:
        assert isinstance(self.body, body)
        return self.body


async def open_call(request: web.Request) -> Call:
    """Who asks: the account behind the session cookie, if there is one."""
    gateway = request.app[GATEWAY]
    call = Call(request, gateway, gateway.clock())
    token = request.cookies.get(COOKIE)
    if token and len(token) <= 256:
        session = await gateway.stores.sessions.find(token, call.now)
        if session is not None:
            call.who = await gateway.stores.accounts.actor(session.account)
            call.session = session if call.who is not None else None
    return call
