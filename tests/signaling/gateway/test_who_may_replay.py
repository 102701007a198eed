"""Every route that concerns recordings, for everybody: who is without the right gets nothing."""

from collections.abc import Iterable
from typing import Any

import pytest
from msgspec.structs import replace

from classroom.ids import RecordingId
from signaling.gateway.clock import make_id
from signaling.gateway.table import ROUTES
from signaling.wire import client as ask
from tests.clients.lesson_socket import SignedIn
from tests.signaling.gateway.room import Room
from tests.signaling.gateway.school import PEOPLE, School, until
from tests.signaling.gateway.test_recording import recorded

MANAGERS = {"teacher", "staff", "admin"}
HOSTS = {"teacher", "admin"}
CLASS = {"student1", "student2", "student3"}
WATCH, MANAGE, HOST = "watch", "manage", "host"
RIGHTS = {
    WATCH: MANAGERS,
    MANAGE: MANAGERS,
    HOST: HOSTS,
}
TABLE = {
    ("GET", ""): WATCH,
    ("GET", "/timeline"): WATCH,
    ("PUT", "/position"): WATCH,
    ("GET", "/programme"): WATCH,
    ("GET", "/files/{name}"): WATCH,
    ("GET", "/thumbnails"): WATCH,
    ("GET", "/captions/{language}"): WATCH,
    ("PUT", "/captions/{language}"): MANAGE,
    ("DELETE", "/captions/{language}"): MANAGE,
    ("GET", "/originals"): MANAGE,
    ("GET", "/exports"): MANAGE,
    ("POST", "/exports"): MANAGE,
    ("DELETE", "/exports/{export}"): MANAGE,
    ("GET", "/exports/{export}/file"): MANAGE,
    ("POST", "/replay"): HOST,
    ("DELETE", ""): HOST,
}
BODIES: dict[str, Any] = {"/position": {"ms": 5}, "/exports": {}, "/replay": {"allowed": True}}
PREFIX = "/api/recordings/{recording}"
REFUSED = {401, 403, 404}


async def status(who: SignedIn, method: str, url: str, tail: str) -> int:
    options: dict[str, Any] = {"json": BODIES[tail]} if tail in BODIES and method in ("PUT", "POST") else {}
    if tail.startswith("/captions") and method == "PUT":
        options = {"data": "WEBVTT", "headers": {"Content-Type": "text/vtt"}}
    async with who.http.request(method, url, **options) as answer:
        if answer.status in REFUSED:
            assert "error" in await answer.json()
        return answer.status


def url_of(recording: str, tail: str) -> str:
    filled = tail.replace("{name}", "programme.webm").replace("{language}", "vi").replace("{export}", "none")
    return f"/api/recordings/{recording}{filled}"


def test_the_table_has_every_route() -> None:
    routes = {(r.method, r.path.removeprefix(PREFIX)) for r in ROUTES if r.path.startswith(PREFIX)}
    assert routes == set(TABLE)


async def test_nobody_without_the_right_is_answered(school: School) -> None:
    _, recording = await recorded(school)
    people = {name: await school.who(name) for name in PEOPLE}
    async with SignedIn(school.url) as stranger:
        for (method, tail), right in TABLE.items():
            url = url_of(recording, tail)
            assert await status(stranger, method, url, tail) == 401, (method, tail)
            for name, who in people.items():
                if name not in RIGHTS[right]:
                    assert await status(who, method, url, tail) in REFUSED, (name, method, tail)
    # With the teacher's leave the class watches, and does nothing else; parents and other classes do not.
    await people["teacher"].call("POST", f"/api/recordings/{recording}/replay", {"allowed": True})
    for (method, tail), right in TABLE.items():
        url = url_of(recording, tail)
        for name, who in people.items():
            answered = await status(who, method, url, tail) if name not in MANAGERS else 0
            if name in CLASS and right == WATCH and tail not in ("/thumbnails", "/captions/{language}"):
                assert answered in (200, 204), (name, method, tail)
            elif name not in MANAGERS:
                assert answered in REFUSED, (name, method, tail)


@pytest.mark.parametrize("state", ["erasing", "lost", "recording", "closing"])
async def test_what_is_not_ready_gives_nothing_of_itself(school: School, state: Any) -> None:
    _, recording = await recorded(school)
    entry = await school.stores.recordings.get(RecordingId(recording))
    assert entry is not None
    await school.stores.recordings.put(replace(entry, state=state))
    teacher = await school.who("teacher")
    for tail in ("/programme", "/files/{name}", "/originals", "/exports/{export}/file"):
        assert await status(teacher, "GET", url_of(recording, tail), tail) in (404, 409), tail


async def test_paths_that_lead_elsewhere_lead_nowhere(school: School) -> None:
    _, recording = await recorded(school)
    teacher = await school.who("teacher")
    names = ("..%2f..%2fclassroom.db", "%2e%2e%2fx", "secret.txt", "manifest.json", "a%00b", "x" * 500)
    for name in names:
        for url in (
            f"/api/recordings/{recording}/files/{name}",
            f"/api/recordings/{recording}/exports/{name}/file",
            f"/api/recordings/{name}/programme",
        ):
            assert await status(teacher, "GET", url, "") in (400, 404), url


async def test_catching_up_is_for_who_is_inside_alone(school: School) -> None:
    room = Room(school, await school.lesson())
    teacher = await room.enter("teacher")
    await room.enter("student1")
    await room.enter("student2")
    await teacher.socket.ask(ask.StartRecording)
    await until(lambda: school.recorder.open)
    path = f"/api/lessons/{room.lesson}/rewind"
    urls = (path, f"{path}/programme.webm?upto=5000")

    async def all_refused(names: Iterable[str]) -> None:
        for name in names:
            for url in urls:
                for method in ("GET", "HEAD") if "?" in url else ("GET",):
                    answered = (await (await school.who(name)).http.request(method, url)).status
                    assert answered in (403, 404), (name, method, url)

    async with SignedIn(school.url) as stranger:
        for url in urls:
            assert await status(stranger, "GET", url, "") == 401
    await all_refused(name for name in PEOPLE if name not in ("teacher", "student1", "student2"))
    waiting = [await school.socket(name, room.lesson) for name in ("student3", "student41")]
    for socket in waiting:
        await socket.connect()
        await socket.ask(ask.Knock)
    await all_refused(["student3", "student41"])
    await teacher.socket.ask(ask.Deny, participant=await school.account("student3"))
    await teacher.socket.ask(ask.Remove, participant=await school.account("student2"))
    await all_refused(["student2", "student3", "student41"])
    assert await status(await school.who("student1"), "GET", path, "") == 200
    other = await school.lesson("Lý")
    assert await status(await school.who("student1"), "GET", f"/api/lessons/{other}/rewind", "") == 403
    await teacher.socket.ask(ask.EndLesson)
    assert await status(await school.who("student1"), "GET", path, "") in (403, 409)
    for socket in waiting:
        await socket.close()
    await room.close()


async def test_the_schools_storage_is_for_who_runs_it(school: School) -> None:
    rules: dict[str, Any] = {"schoolDays": None, "classes": []}
    may = {
        ("GET", "/api/storage"): {"staff", "admin"},
        ("GET", "/api/retention"): {"staff", "admin"},
        ("PUT", "/api/retention"): {"admin"},
    }
    async with SignedIn(school.url) as stranger:
        for (method, url), allowed in may.items():
            assert (await stranger.http.request(method, url, json=rules)).status == 401
            for name in PEOPLE:
                answered = (await (await school.who(name)).http.request(method, url, json=rules)).status
                assert answered == (200 if name in allowed else 403), (name, method, url)


def test_ids_cannot_be_guessed() -> None:
    made = {make_id() for _ in range(1000)}
    assert len(made) == 1000
    assert all(len(each) >= 22 for each in made), "128 random bits"


async def test_who_may_only_watch_downloads_nothing(school: School) -> None:
    _, recording = await recorded(school)
    teacher, pupil = await school.who("teacher"), await school.who("student1")
    await teacher.call("POST", f"/api/recordings/{recording}/replay", {"allowed": True})
    for path in ("programme", "files/programme.webm"):
        url = f"/api/recordings/{recording}/{path}"
        assert await status(pupil, "GET", url, "") == 200
        assert await status(pupil, "GET", f"{url}?download=1", "") == 403
        assert await status(teacher, "GET", f"{url}?download=1", "") == 200
    rows = [(await who.call("GET", "/api/recordings"))["recordings"] for who in (teacher, pupil)]
    assert [row[0]["mayDownload"] for row in rows] == [True, False]
