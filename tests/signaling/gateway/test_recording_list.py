"""The list of recordings and the number beside a lesson: from summaries, and small on the line."""

import json
from typing import Any

import pytest

from classroom.ids import LessonId, RecordingId
from classroom.stores.port import RecordingEntry, RecordingFileEntry
from signaling.gateway.routing import WORTH_COMPRESSING
from tests.signaling.gateway.school import School

FILE = RecordingFileEntry("programme.webm", "programme", "video/webm", 0, 9, 1000)
SHARE = RecordingFileEntry("share-1.webm", "share", "video/webm", 0, 9, 24)


async def put(school: School, lesson: str, count: int) -> None:
    for number in range(count):
        entry = RecordingEntry(
            RecordingId(f"{lesson}-{number}"), LessonId(lesson), 1000 + number, "ready", 5, (FILE, SHARE)
        )
        await school.stores.recordings.put(entry)


async def test_whole_entries_are_not_read_for_lists(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    lesson, other = await school.lesson(), await school.lesson("Văn")
    await put(school, lesson, 3)
    gone = RecordingEntry(RecordingId("gone"), LessonId(lesson), 1, "erasing", 5, (FILE,))
    await school.stores.recordings.put(gone)

    async def never(*_: Any) -> None:
        raise AssertionError("whole entries were read")

    for name in ("all", "of_lesson", "get"):
        monkeypatch.setattr(school.stores.recordings, name, never)
    teacher, student = await school.who("teacher"), await school.who("student1")
    rows = (await teacher.call("GET", "/api/recordings"))["recordings"]
    assert [row["id"] for row in rows] == [f"{lesson}-{number}" for number in (2, 1, 0)]
    assert {(row["bytes"], row["title"], row["durationMs"]) for row in rows} == {(1024, "Toán", 5)}
    assert (await teacher.call("GET", f"/api/recordings?lesson={lesson}"))["recordings"] == rows
    assert (await teacher.call("GET", f"/api/recordings?lesson={other}"))["recordings"] == []
    assert (await student.call("GET", "/api/recordings"))["recordings"] == []
    for who, expected in ((teacher, 3), (student, 0)):
        listed = {row["id"]: row for row in (await who.call("GET", "/api/lessons"))["lessons"]}
        assert (listed[lesson]["recordings"], listed[other]["recordings"]) == (expected, 0)
        assert (await who.call("GET", f"/api/lessons/{lesson}"))["recordings"] == expected


@pytest.mark.parametrize("coding", ["gzip", "deflate", "identity"])
async def test_long_answers_are_compressed_for_those_who_take_it(school: School, coding: str) -> None:
    teacher = await school.who("teacher")
    teacher.http.headers["Accept-Encoding"] = coding
    lesson = await school.lesson()
    await put(school, lesson, 1)
    async with teacher.http.get("/api/recordings") as short:
        assert "Content-Encoding" not in short.headers
    await put(school, lesson, 300)
    async with teacher.http.get("/api/recordings") as answer:
        body = await answer.read()
        assert answer.headers.get("Content-Encoding", "identity") == coding
        assert (int(answer.headers["Content-Length"]) < len(body) / 5) == (coding != "identity")
    assert len(body) > WORTH_COMPRESSING
    assert len(json.loads(body)["recordings"]) == 300
