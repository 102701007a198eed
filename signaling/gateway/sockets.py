"""Who is connected: by lesson (to tell participants) and by session (to sign out)."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from typing import Protocol

import msgspec
from msgspec import Struct

from classroom.ids import LessonId, ParticipantId
from signaling.gateway.metrics import Metrics


class Socket(Protocol):
    """A connection, as those see it who have something to say to it."""

    @property
    def participant(self) -> ParticipantId: ...

    @property
    def session(self) -> str: ...

    @property
    def admitted(self) -> bool:
        """It is the connection by which an admitted participant is present now."""
        ...

    def send(self, message: Struct) -> None: ...

    def send_encoded(self, message: bytes) -> None: ...

    def say_bye(self, reason: str) -> None: ...


class Sockets:
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._lessons: dict[LessonId, set[Socket]] = defaultdict(set)
        self._count = 0
        self._empty = asyncio.Event()
        self._empty.set()

    async def gone(self) -> None:
        """Wait until nobody is connected."""
        await self._empty.wait()

    def __len__(self) -> int:
        return self._count

    def add(self, lesson: LessonId, socket: Socket) -> None:
        self._lessons[lesson].add(socket)
        self._count += 1
        self._empty.clear()
        self._metrics.connections.set(self._count)

    def remove(self, lesson: LessonId, socket: Socket) -> None:
        here = self._lessons.get(lesson)
        if here is None or socket not in here:
            return
        here.discard(socket)
        if not here:
            del self._lessons[lesson]
        self._count -= 1
        if not self._count:
            self._empty.set()
        self._metrics.connections.set(self._count)

    def all(self) -> tuple[Socket, ...]:
        return tuple(socket for here in self._lessons.values() for socket in here)

    def of(self, lesson: LessonId, participant: ParticipantId) -> tuple[Socket, ...]:
        """All of an account's sockets at a lesson."""
        return tuple(s for s in self._lessons.get(lesson, ()) if s.participant == participant)

    def tell_admitted(self, lesson: LessonId, message: Struct) -> None:
        encoded = msgspec.json.encode(message)
        for socket in self._admitted(lesson):
            socket.send_encoded(encoded)

    def tell(self, lesson: LessonId, participant: ParticipantId, message: Struct) -> bool:
        """To the participant's present connection, if admitted; whether there was one."""
        told = False
        for socket in self._admitted(lesson):
            if socket.participant == participant:
                socket.send(message)
                told = True
        return told

    def sign_out(self, session: str) -> None:
        for socket in self.all():
            if socket.session == session:
                socket.say_bye("signed_out")

    def shut_down(self) -> None:
        for socket in self.all():
            socket.say_bye("shutting_down")

    def _admitted(self, lesson: LessonId) -> Iterator[Socket]:
        return (socket for socket in tuple(self._lessons.get(lesson, ())) if socket.admitted)
