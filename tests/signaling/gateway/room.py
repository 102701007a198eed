"""A lesson with people in it, whose media the fake worker carries."""

from typing import Any

from classroom.lesson.events import Source
from media.parameters import RtpCapabilities, RtpCodecCapability
from signaling.wire import client as ask
from signaling.wire import server as told
from tests.clients.lesson_socket import LessonSocket
from tests.signaling.gateway.fakes import CAPABILITIES, DTLS, rtp_parameters
from tests.signaling.gateway.school import School

KINDS = {"screen": "video", "camera": "video", "microphone": "audio", "screen_audio": "audio"}


class Person:
    """One account inside the lesson, as its browser sees the media."""

    def __init__(self, name: str, socket: LessonSocket) -> None:
        self.name = name
        self.socket = socket
        self.consumers: dict[str, told.Consumer] = {}
        self.heard: list[told.AnyServerMessage] = []
        self.transports: dict[bool, str] = {}
        socket.others.append(self._hear)

    def _hear(self, message: told.AnyServerMessage) -> None:
        self.heard.append(message)
        if isinstance(message, told.Consumer):
            self.consumers[message.consumer] = message
        elif isinstance(message, told.ConsumerClosed):
            self.consumers.pop(message.consumer, None)

    async def join_media(
        self, capabilities: RtpCapabilities = CAPABILITIES, encodes: tuple[str, ...] = ()
    ) -> told.MediaJoined:
        await self.socket.ask(ask.GetCapabilities)
        for send in (True, False):
            answer: Any = await self.socket.ask(ask.OpenTransport, send=send)
            self.transports[send] = answer.parameters.id
            await self.socket.ask(ask.ConnectTransport, transport=answer.parameters.id, dtls_parameters=DTLS)
        joined: Any = await self.socket.ask(ask.JoinMedia, rtp_capabilities=capabilities, encodes=encodes)
        return joined

    async def share(self, source: str, codec: RtpCodecCapability | None = None) -> str:
        return (await self.produce(source, codec)).share

    async def produce(
        self, source: str, codec: RtpCodecCapability | None = None, replaces: str | None = None
    ) -> told.Produced:
        kind = KINDS[source]
        answer: Any = await self.socket.ask(
            ask.Produce,
            transport=self.transports[True],
            kind=kind,
            source=Source(source),
            rtp_parameters=rtp_parameters(kind, codec),
            replaces=replaces,
        )
        assert isinstance(answer, told.Produced)
        return answer

    @property
    def receives(self) -> set[str]:
        return {str(consumer.share) for consumer in self.consumers.values()}


class Room:
    def __init__(self, school: School, lesson: str) -> None:
        self.school = school
        self.lesson = lesson
        self.people: dict[str, Person] = {}

    async def enter(self, username: str, *, media: bool = True, page: str = "") -> Person:
        socket = await self.school.socket(username, self.lesson, page)
        person = self.people[username] = Person(username, socket)
        await socket.connect()
        await socket.ask(ask.Knock)
        if not socket.admitted:
            teacher = self.people["teacher"].socket
            account = await self.school.account(username)
            await teacher.until(lambda: any(p.id == account for p in teacher.view.waiting))  # type: ignore[union-attr]
            await teacher.ask(ask.Admit, participant=account)
            await socket.until(lambda: socket.admitted)
        if media:
            await person.join_media()
        return person

    async def close(self) -> None:
        for person in self.people.values():
            await person.socket.close()
