"""Asking, waiting, being let in; reload, second device, lost network: both sides always agree."""

import asyncio

import pytest

from classroom.lesson.state import Admission, Phase
from signaling.wire import client as ask
from tests.clients.lesson_socket import LessonSocket, Refused, SignedIn
from tests.signaling.gateway.school import School


def waiting(socket: LessonSocket) -> list[str]:
    assert socket.view is not None
    return [person.username for person in socket.view.waiting]


def online(socket: LessonSocket) -> dict[str, bool]:
    assert socket.view is not None
    return {person.name: person.online for person in socket.view.people}


async def inside(school: School, lesson: str, username: str, teacher: LessonSocket) -> LessonSocket:
    """The account's socket, let in by the teacher."""
    socket = await school.socket(username, lesson)
    await socket.connect()
    await socket.ask(ask.Knock)
    if not socket.admitted:
        await teacher.until(lambda: username in waiting(teacher))
        await teacher.ask(ask.Admit, participant=await school.account(username))
        await socket.until(lambda: socket.admitted)
    return socket


async def test_teacher_lets_in_one_class_and_denies_another(school: School) -> None:
    lesson = await school.lesson()
    async with (
        await school.socket("teacher", lesson) as teacher,
        await school.socket("student1", lesson) as first,
        await school.socket("student41", lesson) as other,
    ):
        await teacher.ask(ask.Knock)
        await teacher.until(lambda: teacher.admitted)
        await first.ask(ask.Knock)
        await other.ask(ask.Knock)
        assert first.view is not None
        assert first.view.you.place == 1
        assert other.view is not None
        assert other.view.you.place == 2
        assert first.view.people == ()
        assert first.media is None
        await teacher.until(lambda: waiting(teacher) == ["student1", "student41"])
        assert [person.of_class for person in teacher.view.waiting] == [True, False]  # type: ignore[union-attr]
        await teacher.ask(ask.AdmitClass)
        await first.until(lambda: first.admitted)
        await other.until(lambda: other.view is not None and other.view.you.place == 1)
        assert waiting(teacher) == ["student41"]
        await teacher.ask(ask.Deny, participant=await school.account("student41"))
        await other.until(lambda: other.view is not None and other.view.you.admission is Admission.DENIED)
        await other.ask(ask.Knock)
        await teacher.until(lambda: waiting(teacher) == ["student41"])


async def test_waiting_before_the_lesson_has_started(school: School) -> None:
    lesson = await school.lesson(live=False)
    async with (
        await school.socket("teacher", lesson) as teacher,
        await school.socket("student1", lesson) as pupil,
    ):
        await pupil.ask(ask.Knock)
        await teacher.ask(ask.Knock)
        await teacher.until(lambda: waiting(teacher) == ["student1"])
        with pytest.raises(Refused, match="lesson_not_live"):
            await teacher.ask(ask.Admit, participant=await school.account("student1"))
        await teacher.ask(ask.StartLesson)
        await pupil.until(lambda: pupil.view is not None and pupil.view.lesson.phase is Phase.LIVE)
        await teacher.ask(ask.Admit, participant=await school.account("student1"))
        await pupil.until(lambda: pupil.admitted)


async def test_reload_keeps_the_place_and_needs_no_new_approval(school: School) -> None:
    lesson = await school.lesson()
    async with await school.socket("teacher", lesson) as teacher:
        await teacher.ask(ask.Knock)
        pupil = await inside(school, lesson, "student1", teacher)
        queued = await school.socket("student2", lesson)
        await queued.connect()
        await queued.ask(ask.Knock)
        for socket in (pupil, queued):
            await socket.close()
        await teacher.until(lambda: list(online(teacher).values()).count(False) == 1)
        await teacher.until(lambda: [person.online for person in teacher.view.waiting] == [False])  # type: ignore[union-attr]
        async with (
            await school.socket("student1", lesson) as again,
            await school.socket("student2", lesson) as back,
        ):
            assert again.admitted
            assert back.view is not None
            assert back.view.you.place == 1
            await teacher.until(lambda: all(online(teacher).values()))
            assert again.view is not None
            assert again.view.people[0].name == teacher.view.people[0].name


async def test_second_device_takes_over_and_says_so(school: School) -> None:
    lesson = await school.lesson()
    async with await school.socket("teacher", lesson) as teacher:
        await teacher.ask(ask.Knock)
        old = await inside(school, lesson, "student1", teacher)
        other = LessonSocket(await school.another("student1"), lesson)
        async with other as new:
            assert new.admitted
            await old.until(lambda: old.bye == "replaced")
            await new.ask(ask.RaiseHand)
            assert len(online(teacher)) == 2
        await old.close()


async def test_the_same_page_returning_is_no_second_device(school: School) -> None:
    """The first socket is half-open, as after a lost network; the page's shares must not be replaced."""
    lesson = await school.lesson()
    async with await school.socket("teacher", lesson) as teacher:
        await teacher.ask(ask.Knock)
        account = await school.who("student1")
        path = f"/api/lessons/{lesson}/socket?page=one"
        first = await account.http.ws_connect(path)
        await first.send_str('{"type":"knock","id":1}')
        await teacher.until(lambda: waiting(teacher) == ["student1"])
        await teacher.ask(ask.AdmitClass)
        second = await account.http.ws_connect(path)
        state = await second.receive_json()
        assert state["view"]["you"]["admission"] == "admitted"
        told = [message.data async for message in first if isinstance(message.data, str)]
        assert not any('"bye"' in text for text in told)
        kinds = [type(recorded.event).__name__ for recorded in await school.stores.log.read(lesson)]  # type: ignore[arg-type]
        assert kinds[-2:] == ["Dropped", "CameBack"]
        await second.close()


async def test_removed_stays_out_left_comes_back(school: School) -> None:
    lesson = await school.lesson()
    async with await school.socket("teacher", lesson) as teacher:
        await teacher.ask(ask.Knock)
        bad = await inside(school, lesson, "student1", teacher)
        good = await inside(school, lesson, "student2", teacher)
        await teacher.ask(ask.Remove, participant=await school.account("student1"))
        await bad.until(lambda: bad.bye == "removed")
        async with await school.socket("student1", lesson) as again:
            await again.until(lambda: again.bye == "removed")
            assert again.view is not None
            assert again.view.people == ()
        await good.ask(ask.Leave)
        await good.until(lambda: good.bye == "left")
        async with await school.socket("student2", lesson) as back:
            assert back.view is not None
            assert back.view.people == ()
            await back.ask(ask.Knock)
            assert back.admitted
            assert len(back.view.people) == 2
        await bad.close()
        await good.close()


async def test_safe_mode_when_the_teacher_drops(school: School) -> None:
    lesson = await school.lesson()
    teacher = await school.socket("teacher", lesson)
    await teacher.connect()
    await teacher.ask(ask.Knock)
    pupil = await inside(school, lesson, "student1", teacher)
    await teacher.close()
    await pupil.until(lambda: pupil.view is not None and pupil.view.lesson.safe_mode)
    with pytest.raises(Refused, match="safe_mode"):
        await pupil.ask(ask.Chat, text="ai đó?")
    async with await school.socket("teacher", lesson):
        await pupil.until(lambda: pupil.view is not None and not pupil.view.lesson.safe_mode)
        await pupil.ask(ask.Chat, text="chào cô")
    await pupil.close()


async def test_a_silent_connection_counts_as_dropped(school: School) -> None:
    lesson = await school.lesson()
    async with await school.socket("teacher", lesson) as teacher:
        await teacher.ask(ask.Knock)
        account: SignedIn = await school.who("student1")
        silent = await account.http.ws_connect(f"/api/lessons/{lesson}/socket")
        await silent.send_str('{"type":"knock","id":1}')
        await teacher.until(lambda: [p.online for p in teacher.view.waiting] == [True])  # type: ignore[union-attr]
        await teacher.until(lambda: [p.online for p in teacher.view.waiting] == [False])  # type: ignore[union-attr]
        await silent.close()


async def test_the_end_is_told_to_all_and_nobody_gets_in_again(school: School) -> None:
    lesson = await school.lesson()
    async with await school.socket("teacher", lesson) as teacher:
        await teacher.ask(ask.Knock)
        pupil = await inside(school, lesson, "student1", teacher)
        await teacher.ask(ask.EndLesson)
        await pupil.until(lambda: pupil.bye == "ended")
        async with await school.socket("student1", lesson) as late:
            assert late.view is not None
            assert late.view.lesson.phase is Phase.ENDED
            await late.until(lambda: late.bye == "ended")
        await pupil.close()


async def test_forty_at_once(school: School) -> None:
    lesson = await school.lesson()
    async with await school.socket("teacher", lesson) as teacher:
        await teacher.ask(ask.Knock)
        names = [f"student{number}" for number in range(1, 41)]
        sockets = [await school.socket(name, lesson) for name in names]

        async def enter(socket: LessonSocket) -> None:
            await socket.connect()
            await socket.ask(ask.Knock)

        await asyncio.gather(*map(enter, sockets))
        await teacher.until(lambda: len(waiting(teacher)) == 40)
        await teacher.ask(ask.AdmitClass)
        await asyncio.gather(*(socket.until(lambda s=socket: s.admitted) for socket in sockets))
        for socket in sockets:
            await socket.until(lambda s=socket: s.view is not None and len(s.view.people) == 41)
        assert school.gateway.metrics.slow_connections._value.get() == 0
        await asyncio.gather(*(socket.close() for socket in sockets))
        await teacher.until(lambda: list(online(teacher).values()).count(True) == 1)
