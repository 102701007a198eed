"""Requests that no page of ours sends: told so, never a fault of the server, never in the log."""

import asyncio
import logging
from typing import Any

import pytest

from tests.signaling.gateway.school import School


async def raw(school: School, *lines: bytes) -> bytes:
    port = int(school.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"\r\n".join((*lines, b"Host: 127.0.0.1:%d" % port, b"Connection: close", b"", b"")))
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    return answer


@pytest.mark.parametrize(
    "path",
    [
        "/api/lessons/%00",
        "/api/lessons/%ed%a0%80/attendance",
        "/api/recordings/%00",
        "/api/recordings/..%2f..%2fclassroom.db/programme",
        "/api/recordings/" + "a" * 3000,
        "/assets/" + "a" * 3000,
        "/assets/" + "a/" * 1000 + "b",
        "/" + "a" * 300 + ".js",
        "/assets/%2e%2e/%2e%2e/app.py",
    ],
)
async def test_odd_addresses_are_not_found(
    school: School, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: Any) -> None:
        raise AssertionError("the database was asked")

    account = await school.who("teacher")
    monkeypatch.setattr(school.stores.lessons, "get", never)
    monkeypatch.setattr(school.stores.recordings, "get", never)
    answer = await raw(
        school,
        f"GET {path} HTTP/1.1".encode(),
        f"Cookie: classroom_session={next(c.value for c in account.http.cookie_jar)}".encode(),
    )
    assert answer.split(b" ")[1] == b"404"
    assert b'"error"' in answer


async def test_odd_ids_in_queries_and_bodies(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: Any) -> None:
        raise AssertionError("the database was asked")

    teacher = await school.who("teacher")
    monkeypatch.setattr(school.stores.recordings, "of_lesson", never)
    assert await teacher.call("GET", "/api/recordings?lesson=%00") == {"recordings": []}
    monkeypatch.setattr(school.stores.classes, "get", never)
    async with teacher.http.post("/api/lessons", json={"title": "x", "classId": "\0"}) as answer:
        assert answer.status == 400


async def test_a_broken_request_does_not_put_its_cookie_into_the_log(
    school: School, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = await raw(school, b"GET / HTTP/1.1", b"Cookie: classroom_session=very-secret\x01")
    assert answer.split(b" ")[1] == b"400"
    assert "very-secret" not in caplog.text
