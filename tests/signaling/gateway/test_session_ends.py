"""A session that ends elsewhere ends here: sockets, media, and what other people of the computer can reach."""

import asyncio

import aiohttp
import pytest

from signaling.gateway import session_watch
from signaling.gateway.paces import Paces
from signaling.wire import client as ask
from tests.clients.lesson_socket import LessonSocket, Refused, SignedIn
from tests.signaling.gateway.room import Room
from tests.signaling.gateway.school import PASSWORD, School, until


async def code_of(socket: LessonSocket, message: type[ask.ClientMessage], **fields: str) -> str:
    try:
        await socket.ask(message, **fields)
    except Refused as error:
        return error.code
    return "ok"


@pytest.mark.parametrize("how", ["password", "disabled"])
async def test_a_new_password_or_a_disabled_account_ends_sockets_and_media(room: Room, how: str) -> None:
    school, pupil = room.school, room.people["student1"]
    account, now = await school.account("student1"), school.gateway.clock()
    peer = f"{room.lesson}/{account}"
    if how == "password":
        await school.stores.accounts.set_password(account, "$new", now)
    else:
        await school.stores.accounts.set_disabled(account, True, now)
    await pupil.socket.until(lambda: pupil.socket.bye == "signed_out", seconds=10)
    await until(lambda: all(t.peer != peer for t in school.worker.transports.values()))
    others = [room.people[name].socket for name in ("teacher", "student2")]
    assert all(not socket.closed for socket in others)
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await LessonSocket(pupil.socket.account, room.lesson).connect()


async def test_a_look_at_the_open_sessions_ends_nobody(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    lesson = await school.lesson()
    async with await school.socket("student1", lesson) as socket:
        watch = session_watch.SessionWatch(
            school.stores.sessions, school.gateway.sockets, school.gateway.clock
        )
        await watch.look()
        await socket.ask(ask.Ping)
        assert socket.bye is None


async def test_who_signs_in_at_somebody_elses_browser_ends_their_session(school: School) -> None:
    lesson = await school.lesson()
    first = await school.another("student1")
    token = next(cookie.value for cookie in first.http.cookie_jar)
    async with LessonSocket(first, lesson) as socket:
        await first.sign_in("student2", PASSWORD)
        await socket.until(lambda: socket.bye == "signed_out")
    assert (await first.call("GET", "/api/me"))["username"] == "student2"
    async with SignedIn(school.url) as kept:
        kept.http.cookie_jar.update_cookies({"classroom_session": token})
        with pytest.raises(Refused, match="not_signed_in"):
            await kept.call("GET", "/api/me")


async def test_signing_in_again_leaves_ones_own_other_tabs(school: School) -> None:
    lesson = await school.lesson()
    account = await school.another("student1")
    async with LessonSocket(account, lesson) as socket:
        await account.sign_in("student1", PASSWORD)
        await socket.ask(ask.Ping)
        assert socket.bye is None


async def test_throttled_attempts_do_not_fill_the_record(school: School) -> None:
    async with aiohttp.ClientSession(school.url) as http:

        async def attempt() -> int:
            async with http.post("/api/session", json={"username": "admin", "password": "x"}) as answer:
                return answer.status

        while await attempt() != 429:
            pass
        before = len(await school.stores.sessions.sign_ins())
        statuses = await asyncio.gather(*(attempt() for _ in range(60)))
        assert statuses.count(429) >= 50
        assert len(await school.stores.sessions.sign_ins()) - before <= 15


async def test_who_turns_up_and_away_again_and_again_does_not_fill_the_log(school: School) -> None:
    school.gateway.limits.commands = Paces(rate=0.001, burst=10)
    school.gateway.limits.sockets = Paces(rate=0.001, burst=4)
    lesson = await school.lesson()
    codes: list[str] = []
    for _ in range(2):
        async with await school.socket("student1", lesson) as socket:
            for _ in range(10):
                codes += [await code_of(socket, message) for message in (ask.Knock, ask.Withdraw)]
    assert codes.count("rate_limited") == 30
    assert len(await school.stores.log.read(lesson)) < 20  # type: ignore[arg-type]
    for _ in range(2):
        await (await school.socket("student1", lesson)).close()
        async with await school.socket("student1", lesson):
            pass
    with pytest.raises(aiohttp.WSServerHandshakeError) as error:
        await (await school.socket("student1", lesson)).connect()
    assert error.value.status == 429
    async with await school.socket("teacher", lesson) as teacher:
        for _ in range(30):
            await teacher.ask(ask.Knock)


async def test_chat_is_as_slow_over_a_new_connection(room: Room) -> None:
    pupil = room.people["student1"].socket
    for _ in range(5):
        await pupil.ask(ask.Chat, text="x")
    async with await room.school.socket("student1", room.lesson) as again:
        codes = [await code_of(again, ask.Chat, text="x") for _ in range(4)]
        assert "rate_limited" in codes
