"""Who gets whose media: the worker is kept in step with the lesson, through restarts of either."""

import asyncio
from pathlib import Path

import pytest

from classroom.ids import LessonId
from media import control
from signaling.wire import client as ask
from signaling.wire import server as told
from tests.clients.lesson_socket import Refused
from tests.signaling.gateway.fakes import CAPABILITIES, DTLS, FakeWorker, rtp_parameters
from tests.signaling.gateway.room import Person, Room
from tests.signaling.gateway.school import School, school_at, until


def peers(worker: FakeWorker) -> set[str]:
    return {entry.peer.split("/")[1] for entry in worker.transports.values()}


async def receive(person: Person, *shares: str) -> None:
    await person.socket.until(lambda: person.receives == set(shares))


async def test_shares_reach_everybody_else(room: Room) -> None:
    teacher, first, second = room.people.values()
    screen = await teacher.share("screen")
    voice = await first.share("microphone")
    await receive(teacher, voice)
    await receive(first, screen)
    await receive(second, screen, voice)
    consumer = next(c for c in second.consumers.values() if c.share == screen)
    assert consumer.participant == await room.school.account("teacher")
    assert (consumer.kind, consumer.source) == ("video", "screen")
    await second.socket.ask(ask.ResumeConsumer, consumer=consumer.consumer)
    await second.socket.ask(ask.PauseConsumer, consumer=consumer.consumer)
    await teacher.socket.ask(ask.StopShare, share=screen)
    await receive(first)
    await receive(second, voice)
    await until(lambda: set(room.school.worker.producers) == {voice})


async def test_who_comes_later_receives_what_is_there(room: Room) -> None:
    screen = await room.people["teacher"].share("screen")
    late = await room.enter("student3")
    await receive(late, screen)


async def test_nothing_of_media_for_those_who_wait(room: Room) -> None:
    screen = await room.people["teacher"].share("screen")
    async with await room.school.socket("student3", room.lesson) as outside:
        await outside.ask(ask.Knock)
        consumer = next(iter(room.school.worker.consumers))
        for message, fields in (
            (ask.GetCapabilities, {}),
            (ask.JoinMedia, {"rtp_capabilities": CAPABILITIES}),
            (ask.OpenTransport, {"send": True}),
            (ask.OpenTransport, {"send": False}),
            (ask.ConnectTransport, {"transport": "x", "dtls_parameters": DTLS}),
            (ask.RestartIce, {"transport": "x"}),
            (ask.ResumeConsumer, {"consumer": consumer}),
            (ask.StopShare, {"share": screen}),
        ):
            with pytest.raises(Refused, match="not_admitted"):
                await outside.ask(message, **fields)
    assert await room.school.account("student3") not in peers(room.school.worker)


async def test_only_allowed_students_share_a_screen(room: Room) -> None:
    pupil = room.people["student1"]
    with pytest.raises(Refused, match="not_allowed"):
        await pupil.share("screen")
    assert room.school.worker.producers == {}
    await room.people["teacher"].socket.ask(
        ask.AllowSharing, participant=await room.school.account("student1"), allowed=True
    )
    screen = await pupil.share("screen")
    await receive(room.people["teacher"], screen)
    await room.people["teacher"].socket.ask(
        ask.AllowSharing, participant=await room.school.account("student1"), allowed=False
    )
    await until(lambda: not room.school.worker.producers)


async def test_nobody_touches_anothers_things(room: Room) -> None:
    teacher, pupil = room.people["teacher"], room.people["student1"]
    screen = await teacher.share("screen")
    await receive(pupil, screen)
    theirs = next(iter(pupil.consumers))
    with pytest.raises(Refused, match="no_such_transport"):
        await pupil.socket.ask(ask.RestartIce, transport=teacher.transports[True])
    with pytest.raises(Refused, match="no_such_consumer"):
        await teacher.socket.ask(ask.PauseConsumer, consumer=theirs)
    with pytest.raises(Refused, match="not_allowed"):
        await pupil.socket.ask(ask.StopShare, share=screen)
    pupil.transports[True] = teacher.transports[True]
    with pytest.raises(Refused, match="no_such_transport"):
        await pupil.share("microphone")


async def test_a_source_has_its_kind(room: Room) -> None:
    pupil = room.people["student1"]
    with pytest.raises(Refused, match="invalid"):
        await pupil.socket.ask(
            ask.Produce,
            transport=pupil.transports[True],
            kind="audio",
            source="camera",
            rtp_parameters=rtp_parameters("audio"),
        )


@pytest.mark.parametrize("how", ["remove", "leave"])
async def test_transports_of_who_is_out_are_closed(room: Room, how: str) -> None:
    teacher, pupil = room.people["teacher"], room.people["student1"]
    voice = await pupil.share("microphone")
    await receive(teacher, voice)
    account = await room.school.account("student1")
    assert account in peers(room.school.worker)
    if how == "remove":
        await teacher.socket.ask(ask.Remove, participant=account)
    else:
        await pupil.socket.ask(ask.Leave)
    await receive(teacher)
    await until(lambda: account not in peers(room.school.worker))


async def test_a_lost_socket_keeps_media_and_takes_it_up_again(room: Room) -> None:
    teacher, pupil = room.people["teacher"], room.people["student1"]
    screen = await teacher.share("screen")
    voice = await pupil.share("microphone")
    await receive(pupil, screen)
    before = dict(room.school.worker.transports)
    instance = pupil.socket.media
    await pupil.socket.close()
    again = Person("student1", await room.school.socket("student1", room.lesson))
    room.people["student1"] = again
    await again.socket.connect()
    assert again.socket.media == instance is not None
    joined = await again.socket.ask(ask.JoinMedia, rtp_capabilities=CAPABILITIES)
    assert isinstance(joined, told.MediaJoined)
    await receive(again, screen)
    assert set(joined.consumers) == set(again.consumers)
    assert room.school.worker.transports == before
    assert voice in room.school.worker.producers


async def test_safe_mode_pauses_students_at_the_worker(room: Room) -> None:
    pupil = room.people["student1"]
    voice = await pupil.share("microphone")
    await room.people["teacher"].socket.close()
    await until(lambda: room.school.worker.producers[voice].paused)
    async with await room.school.socket("teacher", room.lesson):
        await until(lambda: not room.school.worker.producers[voice].paused)


async def test_pause_and_resume_reach_the_worker(room: Room) -> None:
    pupil = room.people["student1"]
    voice = await pupil.share("microphone")
    await pupil.socket.ask(ask.PauseShare, share=voice)
    await until(lambda: room.school.worker.producers[voice].paused)
    await pupil.socket.ask(ask.ResumeShare, share=voice)
    await until(lambda: not room.school.worker.producers[voice].paused)


async def test_speakers_are_told_by_participant(room: Room) -> None:
    pupil = room.people["student1"]
    voice = await pupil.share("microphone")
    notice = control.SpeakersChanged(room.lesson, ((voice, 20), ("unknown", 30)))
    await room.school.bus.publish("media.0", notice)
    teacher = room.people["teacher"]
    expected = told.Speakers((await room.school.account("student1"),))
    await teacher.socket.until(lambda: expected in teacher.heard)


async def test_a_transport_lost_at_the_worker_takes_its_shares_along(room: Room) -> None:
    teacher, pupil = room.people["teacher"], room.people["student1"]
    voice = await pupil.share("microphone")
    await receive(teacher, voice)
    transport = pupil.transports[True]
    room.school.worker._close_transport(transport)
    notice = control.TransportChanged(room.lesson, transport, "", "closed")
    await room.school.bus.publish("media.0", notice)
    await receive(teacher)
    await pupil.socket.until(lambda: told.TransportState(transport, "closed") in pupil.heard)
    await teacher.socket.until(lambda: teacher.socket.view is not None and not teacher.socket.view.shares)


async def test_a_killed_worker_is_replaced_and_clients_are_told(room: Room) -> None:
    teacher, pupil = room.people["teacher"], room.people["student1"]
    await teacher.share("screen")
    fresh = FakeWorker()
    await room.school.bus.down("media.0")
    await room.school.bus.up("media.0", fresh.handle, fresh.instance)
    for person in (teacher, pupil):
        await person.socket.until(lambda p=person: any(isinstance(m, told.MediaReset) for m in p.heard))
        await person.socket.until(lambda p=person: p.socket.view is not None and not p.socket.view.shares)
    for person in room.people.values():
        await person.join_media()
    screen = await teacher.share("screen")
    await pupil.socket.until(lambda: screen in pupil.receives)
    assert set(fresh.producers) == {screen}


async def test_another_worker_takes_over(room: Room) -> None:
    other = FakeWorker()
    await room.school.bus.up("media.1", other.handle, other.instance)
    await room.school.bus.down("media.0")
    await until(lambda: room.lesson in other.routers)


async def test_a_restarted_gateway_finds_its_media_again(tmp_path: Path) -> None:
    async with school_at(tmp_path) as school:
        room = Room(school, await school.lesson())
        for username in ("teacher", "student1"):
            await room.enter(username)
        screen = await room.people["teacher"].share("screen")
        await receive(room.people["student1"], screen)
        worker, instance = school.worker, room.people["student1"].socket.media
        for number in range(20):
            await worker.handle(control.OpenRouter(f"a lesson that is over {number}"))
        # As after kill -9: the log ends here, nobody said farewell.
        await room.close()
    before = dict(worker.transports)
    async with school_at(tmp_path, school.bus) as school:
        again = Room(school, room.lesson)
        for username in ("teacher", "student1"):
            person = again.people[username] = Person(username, await school.socket(username, room.lesson))
            await person.socket.connect()
            assert person.socket.admitted
            assert person.socket.media == instance
            await person.socket.ask(ask.JoinMedia, rtp_capabilities=CAPABILITIES)
        await receive(again.people["student1"], screen)
        assert worker.transports == before
        assert set(worker.producers) == {screen}
        await until(lambda: set(worker.routers) == {room.lesson})
        await again.close()


async def test_the_end_closes_the_router(room: Room) -> None:
    await room.people["teacher"].share("screen")
    await room.people["teacher"].socket.ask(ask.EndLesson)
    await until(lambda: not room.school.worker.routers)
    assert room.school.worker.transports == {}


async def test_no_worker_is_said_not_waited_for_for_ever(school: School) -> None:
    await school.bus.down("media.0")
    room = Room(school, await school.lesson())
    teacher = await room.enter("teacher", media=False)
    assert teacher.socket.media is None
    worker = FakeWorker()
    await school.bus.up("media.0", worker.handle, worker.instance)
    await teacher.socket.until(lambda: any(isinstance(m, told.MediaReset) for m in teacher.heard))
    await teacher.join_media()
    await room.close()


async def test_fifty_joins_and_leaves_leave_nothing_behind(school: School) -> None:
    room = Room(school, await school.lesson())
    await room.enter("teacher")
    media = school.gateway.media.of(LessonId(room.lesson))
    assert media is not None

    async def come_and_go(how: str) -> None:
        person = await room.enter("student1")
        await person.share("microphone")
        if how == "leave":
            await person.socket.ask(ask.Leave)
        await person.socket.close()
        if how == "drop":
            back = await school.socket("student1", room.lesson)
            await back.connect()
            await back.ask(ask.Leave)
            await back.close()
        await until(lambda: len(school.worker.transports) == 2)

    await come_and_go("leave")
    await until(lambda: len(school.gateway.sockets) == 1)
    before = len(asyncio.all_tasks())
    for number in range(50):
        await come_and_go("leave" if number % 2 else "drop")
    await until(lambda: len(school.gateway.sockets) == 1)
    await until(lambda: len(asyncio.all_tasks()) <= before)
    assert set(media.table.joined) == {await school.account("teacher")}
    assert not media.table.producers
    assert not media.table.consumers
    assert not media.table.pending
    assert school.worker.producers == {}
    assert len(media.host.listeners) == 2
    await room.close()
