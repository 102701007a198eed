"""Media ends at the worker when a participant's right or device does: also when that happens in mid-request."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from msgspec import Struct

from media import control
from signaling.bus.port import TimedOut
from signaling.wire import client as ask
from signaling.wire import server as told
from tests.clients.lesson_socket import Refused
from tests.signaling.gateway.fakes import CAPABILITIES, FakeWorker
from tests.signaling.gateway.room import Person, Room
from tests.signaling.gateway.school import School, until


class Slow:
    """Stands before a worker: a request of one kind waits, before or after it was carried out."""

    def __init__(self, worker: FakeWorker, kind: type[Struct], *, after: bool) -> None:
        self.arrived = asyncio.Event()
        self.go_on = asyncio.Event()
        self._worker = worker
        self._kind = kind
        self._after = after

    async def handle(self, message: Struct) -> Struct:
        if not isinstance(message, self._kind):
            return await self._worker.handle(message)
        answer = await self._worker.handle(message) if self._after else None
        self.arrived.set()
        await self.go_on.wait()
        return await self._worker.handle(message) if answer is None else answer


def behind(room: Room, handle: Callable[[Struct], Awaitable[Struct]]) -> None:
    bus = room.school.bus
    bus.handlers["media.0"] = (bus.handlers["media.0"][0], handle)


async def transports_of(room: Room, username: str) -> Callable[[], set[str]]:
    peer = f"{room.lesson}/{await room.school.account(username)}"
    return lambda: {t.transport for t in room.school.worker.transports.values() if t.peer == peer}


async def enter_as(room: Room, username: str, page: str) -> Person:
    person = room.people[username] = Person(username, await room.school.socket(username, room.lesson, page))
    await person.socket.connect()
    return person


async def removed(room: Room, username: str) -> None:
    account = await room.school.account(username)
    await room.people["teacher"].socket.ask(ask.Remove, participant=account)


async def test_a_replaced_device_receives_nothing_more(room: Room) -> None:
    mine = await transports_of(room, "student1")
    old = room.people["student1"]
    voice = await old.share("microphone")
    assert len(mine()) == 2
    new = await enter_as(room, "student1", "another device, which asks for no media")
    await old.socket.until(lambda: old.socket.bye == "replaced")
    await new.socket.until(lambda: told.Notice("took_over") in new.heard)
    await until(lambda: not mine())
    assert voice not in room.school.worker.producers


async def test_a_loaded_page_ends_what_the_page_before_had_open(school: School) -> None:
    room = Room(school, await school.lesson())
    teacher = await room.enter("teacher")
    before = await room.enter("student1", page="before")
    mine = await transports_of(room, "student1")
    await before.share("microphone")
    await before.socket.close()
    await until(lambda: not any(p.online for p in teacher.socket.view.people if not p.hosts))  # type: ignore[union-attr]
    again = await enter_as(room, "student1", "before")
    assert len(mine()) == 2
    await again.socket.ask(ask.JoinMedia, rtp_capabilities=CAPABILITIES)
    await again.socket.close()
    await enter_as(room, "student1", "after")
    await until(lambda: not mine())
    await teacher.socket.until(lambda: teacher.socket.view is not None and not teacher.socket.view.shares)
    await room.close()


async def test_who_signs_out_receives_nothing_more(room: Room) -> None:
    mine = await transports_of(room, "student1")
    teacher, pupil = room.people["teacher"], room.people["student1"]
    await pupil.share("microphone")
    await pupil.socket.account.call("DELETE", "/api/session")
    await until(lambda: not mine())
    account = await room.school.account("student1")
    await teacher.socket.until(lambda: account not in {p.id for p in teacher.socket.view.people})  # type: ignore[union-attr]
    await teacher.socket.until(lambda: teacher.socket.view is not None and not teacher.socket.view.shares)


@pytest.mark.parametrize("after", [False, True])
async def test_removed_while_a_transport_is_opened(school: School, after: bool) -> None:
    room = Room(school, await school.lesson())
    await room.enter("teacher")
    pupil = await room.enter("student1", media=False)
    mine = await transports_of(room, "student1")
    slow = Slow(school.worker, control.OpenTransport, after=after)
    behind(room, slow.handle)
    asking = asyncio.create_task(pupil.socket.ask(ask.OpenTransport, send=False))
    await slow.arrived.wait()
    await removed(room, "student1")
    slow.go_on.set()
    with pytest.raises((Refused, ConnectionError)):
        await asking
    await until(lambda: not mine())
    await until(lambda: any(isinstance(m, control.CloseTransport) for m in school.worker.asked))
    await room.close()


@pytest.mark.parametrize("after", [False, True])
async def test_removed_while_a_share_is_opened(room: Room, after: bool) -> None:
    pupil = room.people["student1"]
    mine = await transports_of(room, "student1")
    slow = Slow(room.school.worker, control.Produce, after=after)
    behind(room, slow.handle)
    asking = asyncio.create_task(pupil.share("microphone"))
    await slow.arrived.wait()
    await removed(room, "student1")
    await until(lambda: not mine())
    slow.go_on.set()
    with pytest.raises((Refused, ConnectionError)):
        await asking
    await until(lambda: not room.school.worker.producers)
    teacher = room.people["teacher"].socket
    assert teacher.view is not None
    assert not teacher.view.shares


@pytest.mark.parametrize("after", [False, True])
async def test_removed_while_a_consumer_is_opened(room: Room, after: bool) -> None:
    mine = await transports_of(room, "student1")
    slow = Slow(room.school.worker, control.Consume, after=after)
    behind(room, slow.handle)
    await room.people["teacher"].share("screen")
    await slow.arrived.wait()
    await removed(room, "student1")
    slow.go_on.set()
    await until(lambda: not mine())
    worker = room.school.worker
    await until(lambda: {c.transport for c in worker.consumers.values()} <= worker.transports.keys())


@pytest.mark.parametrize("kind", [control.CloseTransport, control.CloseProducer, control.PauseProducer])
async def test_what_the_worker_did_not_close_or_pause_is_asked_again(room: Room, kind: type[Struct]) -> None:
    worker, failed = room.school.worker, asyncio.Event()
    pupil, teacher = room.people["student1"], room.people["teacher"]
    mine = await transports_of(room, "student1")
    voice = await pupil.share("microphone")

    async def handle(message: Struct) -> Struct:
        if isinstance(message, kind) and not failed.is_set():
            failed.set()
            raise TimedOut("media.0: no reply")
        return await worker.handle(message)

    behind(room, handle)
    if kind is control.CloseTransport:
        await removed(room, "student1")
        await failed.wait()
        await until(lambda: not mine())
    elif kind is control.CloseProducer:
        await teacher.socket.ask(ask.Mute, participant=await room.school.account("student1"))
        await failed.wait()
        await until(lambda: voice not in worker.producers)
    else:
        await pupil.socket.ask(ask.PauseShare, share=voice)
        await failed.wait()
        await until(lambda: worker.producers[voice].paused)


async def test_a_device_replaced_while_it_opens_a_transport_gets_none(room: Room) -> None:
    mine = await transports_of(room, "student1")
    old = room.people["student1"]
    slow = Slow(room.school.worker, control.OpenTransport, after=True)
    behind(room, slow.handle)
    asking = asyncio.create_task(old.socket.ask(ask.OpenTransport, send=False))
    await slow.arrived.wait()
    await enter_as(room, "student1", "another device")
    slow.go_on.set()
    with pytest.raises((Refused, ConnectionError)):
        await asking
    await until(lambda: not mine())


async def test_the_lesson_ends_while_a_share_is_opened(room: Room) -> None:
    pupil, worker = room.people["student1"], room.school.worker
    slow = Slow(worker, control.Produce, after=True)
    behind(room, slow.handle)
    asking = asyncio.create_task(pupil.share("microphone"))
    await slow.arrived.wait()
    await room.people["teacher"].socket.ask(ask.EndLesson)
    slow.go_on.set()
    with pytest.raises((Refused, ConnectionError)):
        await asking
    await until(lambda: not worker.routers)
    assert not worker.transports
    assert not worker.producers
