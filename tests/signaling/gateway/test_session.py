"""Signing in and out."""

import aiohttp

from tests.clients.lesson_socket import LessonSocket, SignedIn
from tests.signaling.gateway.school import PASSWORD, School


async def test_sign_in_gives_a_cookie_that_scripts_cannot_read(school: School) -> None:
    async with SignedIn(school.url) as account:
        body = {"username": " Teacher ", "password": PASSWORD}
        async with account.http.post("/api/session", json=body) as answer:
            assert answer.status == 200
            cookie = answer.headers["Set-Cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=Lax" in cookie
            me = await answer.json()
        assert me["username"] == "teacher"
        assert me["mayCreateLessons"] is True
        assert (await account.call("GET", "/api/me")) == me


async def test_wrong_password_and_unknown_account_look_the_same(school: School) -> None:
    async with aiohttp.ClientSession(school.url) as http:
        answers = []
        for username in ("teacher", "nobody"):
            async with http.post("/api/session", json={"username": username, "password": "x"}) as answer:
                answers.append((answer.status, await answer.text()))
                assert "Set-Cookie" not in answer.headers
    assert answers[0] == answers[1]
    assert answers[0][0] == 401
    assert "wrong_password" in answers[0][1]


async def test_many_wrong_passwords_must_wait(school: School) -> None:
    async with aiohttp.ClientSession(school.url) as http:
        for _ in range(12):
            async with http.post("/api/session", json={"username": "admin", "password": "x"}) as answer:
                status, body = answer.status, await answer.json()
                if status == 429:
                    assert body["error"]["code"] == "too_many_attempts"
                    assert int(answer.headers["Retry-After"]) >= 1
                    return
        raise AssertionError("never refused")


async def test_sign_out_closes_the_session_and_its_sockets(school: School) -> None:
    lesson = await school.lesson()
    account = await school.another("student1")
    socket = LessonSocket(account, lesson)
    async with socket:
        await account.call("DELETE", "/api/session")
        await socket.until(lambda: socket.bye)
        assert socket.bye == "signed_out"
    async with account.http.get("/api/me") as answer:
        assert answer.status == 401
