"""How the lines are and what is held back: told to those inside, to each what concerns him, and again after a return."""

from pathlib import Path

import msgspec

from classroom.ids import LessonId, ParticipantId
from media import control
from signaling.gateway.media_links import UNTOLD_SECONDS
from signaling.gateway.stills_pace import CAUTIOUS
from signaling.wire import client as ask
from signaling.wire import server as told
from tests.signaling.gateway.fakes import FakeWorker
from tests.signaling.gateway.room import Person, Room
from tests.signaling.gateway.school import School, school_at, until

WEAK = {"bars": 1, "reason": "link_down", "down": 8000, "spare": 2000, "loss": 0.07, "rtt_ms": 350}


async def link(room: Room, username: str, **figures: object) -> control.Link:
    account = await room.school.account(username)
    return control.Link(f"{room.lesson}/{account}", **figures)  # type: ignore[arg-type]


async def say(room: Room, notice: msgspec.Struct) -> None:
    await room.school.bus.publish("media.0", notice)


async def changed(room: Room, *links: control.Link) -> None:
    await say(room, control.LinksChanged(room.lesson, links))


async def held(room: Room, username: str, *consumers: str, voice_only: bool) -> None:
    account = await room.school.account(username)
    await say(
        room, control.ConsumersHeld(room.lesson, f"{room.lesson}/{account}", consumers, voice_only=voice_only)
    )


def heard(person: Person, kind: type[told.ServerMessage]) -> list[told.AnyServerMessage]:
    return [message for message in person.heard if isinstance(message, kind)]


async def settled(*people: Person) -> None:
    """What was told before is read."""
    for person in people:
        await person.socket.ask(ask.Ping)


async def test_all_see_signals_and_one_sees_the_figures(room: Room) -> None:
    teacher, first, second = room.people.values()
    account = await room.school.account("student1")
    await changed(room, await link(room, "student1", **WEAK))
    await settled(teacher, first, second)
    for person in (teacher, first, second):
        assert heard(person, told.Links) == [told.Links((told.Signal(account, 1, "link_down"),))]
    assert heard(first, told.OwnLinkChanged) == [
        told.OwnLinkChanged(told.OwnLink(1, "link_down", 350, 7)),
    ]
    assert not heard(teacher, told.OwnLinkChanged)
    assert not heard(second, told.OwnLinkChanged)


async def test_only_what_changes_is_told(room: Room) -> None:
    teacher, first, _ = room.people.values()
    await changed(room, await link(room, "student1", **WEAK))
    await changed(room, await link(room, "student1", **WEAK | {"spare": 4000}))
    await changed(room, await link(room, "student1", **WEAK | {"rtt_ms": 400}))
    await settled(teacher, first)
    assert len(heard(teacher, told.Links)) == 1
    assert len(heard(first, told.OwnLinkChanged)) == 2
    lesson, student = LessonId(room.lesson), ParticipantId(await room.school.account("student1"))
    assert room.school.gateway.media.allowance(lesson, student, True) == 1600
    await changed(room, await link(room, "student1", bars=4))
    assert room.school.gateway.stills.allowance(lesson, student, True) is None


async def test_who_is_not_admitted_hears_nothing(room: Room) -> None:
    async with await room.school.socket("student3", room.lesson) as outside:
        waiting = Person("student3", outside)
        await outside.ask(ask.Knock)
        await changed(room, await link(room, "student1", **WEAK), await link(room, "student3", **WEAK))
        await held(room, "student3", "c", voice_only=True)
        await settled(waiting, room.people["teacher"])
        assert not heard(waiting, told.Links)
        assert not heard(waiting, told.OwnLinkChanged)
        assert not heard(waiting, told.Held)
        # Nor does the class hear of somebody who has no line to it.
        (links,) = heard(room.people["teacher"], told.Links)
        assert isinstance(links, told.Links)
        assert {s.participant for s in links.signals} == {await room.school.account("student1")}


async def test_who_is_removed_is_forgotten_and_told_no_more(room: Room) -> None:
    teacher, first, _ = room.people.values()
    account = await room.school.account("student1")
    await changed(room, await link(room, "student1", **WEAK))
    await teacher.socket.ask(ask.Remove, participant=account)
    await until(lambda: any(isinstance(m, told.Links) and m.gone == (account,) for m in teacher.heard))
    count = len(first.heard)
    await changed(room, await link(room, "student1", **WEAK), await link(room, "student2", **WEAK))
    await held(room, "student1", "c", voice_only=True)
    await settled(teacher)
    assert len(first.heard) == count
    lesson = LessonId(room.lesson)
    assert room.school.gateway.media.allowance(lesson, ParticipantId(account), True) == CAUTIOUS


async def test_stills_go_slowly_until_it_is_known_what_the_line_takes(room: Room) -> None:
    now = 100.0
    lesson, student = LessonId(room.lesson), ParticipantId(await room.school.account("student1"))
    gateway = room.school.gateway
    links = gateway.media._lessons[lesson].links
    links._clock = lambda: now

    def allowance() -> float | None:
        return gateway.stills.allowance(lesson, student, True)

    assert allowance() == CAUTIOUS
    await changed(room, await link(room, "student1", bars=4, known=False))
    await settled(room.people["teacher"])
    now += UNTOLD_SECONDS
    assert allowance() == CAUTIOUS
    await changed(room, await link(room, "student1", bars=4))
    await settled(room.people["teacher"])
    assert allowance() is None


async def test_of_whom_nothing_is_told_for_long_has_no_voice_to_disturb(room: Room) -> None:
    now = 100.0
    lesson, student = LessonId(room.lesson), ParticipantId(await room.school.account("student1"))
    gateway = room.school.gateway
    gateway.media._lessons[lesson].links._clock = lambda: now
    assert gateway.stills.allowance(lesson, student, True) == CAUTIOUS
    now += UNTOLD_SECONDS
    assert gateway.stills.allowance(lesson, student, True) is None


async def state_of(room: Room, username: str, page: str) -> told.State:
    account = await room.school.who(username)
    async with account.http.ws_connect(f"/api/lessons/{room.lesson}/socket?page={page}") as socket:
        return msgspec.json.decode(await socket.receive_str(), type=told.State)


async def test_what_is_held_is_told_to_whom_it_concerns_and_again_after_a_return(room: Room) -> None:
    teacher = room.people["teacher"]
    screen = await teacher.share("screen")
    late = await room.enter("student3", page="p")
    await late.socket.until(lambda: late.receives == {screen})
    consumer = next(iter(late.consumers))
    await changed(room, await link(room, "student3", **WEAK))
    await held(room, "student3", consumer, "not open", voice_only=True)
    await settled(late, *room.people.values())
    assert heard(late, told.Held) == [told.Held((consumer,), True)]
    assert not any(heard(p, told.Held) for p in room.people.values() if p is not late)

    await late.socket.close()
    back = await state_of(room, "student3", "p")
    assert (back.held, back.voice_only) == ((consumer,), True)
    assert back.own_link == told.OwnLink(1, "link_down", 350, 7)
    assert back.signals == (told.Signal(await room.school.account("student3"), 1, "link_down"),)

    await teacher.socket.ask(ask.StopShare, share=screen)
    await until(lambda: not room.school.worker.producers)
    back = await state_of(room, "student3", "p")
    assert (back.held, back.voice_only) == ((), False)
    outsider = await state_of(room, "student4", "q")
    assert (outsider.signals, outsider.own_link, outsider.held) == ((), None, ())


async def test_a_restarted_gateway_learns_how_the_lines_are(tmp_path: Path) -> None:
    async with school_at(tmp_path) as school:
        room = Room(school, await school.lesson())
        await room.enter("teacher", page="t")
        account = await school.account("teacher")
        worker: FakeWorker = school.worker
        worker.links = (
            control.LinksChanged(room.lesson, (await link(room, "teacher", **WEAK), control.Link("x/y", 1))),
        )
        bus = school.bus
        await room.close()
        async with school_at(tmp_path, bus) as again:
            room.school = again
            person = await room.enter("teacher", media=False, page="t")
            state = await state_of(room, "teacher", "t")
            assert state.signals == (told.Signal(account, 1, "link_down"),)
            await person.socket.close()


async def test_figures_of_live_lessons_only(room: Room, school: School) -> None:
    account = await school.who("admin")

    async def figures() -> str:
        async with account.http.get("/metrics") as answer:
            return await answer.text()

    school.worker.figures = {room.lesson: {"bars_min": 1.0}, "another": {"bars_min": 3.0}}
    assert f'classroom_lesson_bars_min{{lesson="{room.lesson}"}} 1.0' in await figures()
    assert "another" not in await figures()
    await room.people["teacher"].socket.ask(ask.EndLesson)
    await until(lambda: school.gateway.media.of(LessonId(room.lesson)) is None)
    assert "classroom_lesson_bars_min{" not in await figures()
