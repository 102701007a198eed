"""Every HTTP route × every role and anonymous × own and other class: who gets what, and nobody more."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from classroom.ids import LessonId, RecordingId
from classroom.stores.port import RecordingEntry, RecordingFileEntry
from signaling.gateway.table import ROUTES
from tests.clients.lesson_socket import SignedIn
from tests.signaling.gateway.school import PASSWORD, School, school_at

ROLES = ("anonymous", "teacher", "admin", "staff", "support", "student1", "student41", "parent1", "teacher2")
"""teacher2 teaches 10A2, student41 is in 10A2; the lesson and its recording are of 10A1."""

OPEN = dict.fromkeys(ROLES, 200)
ACCOUNTS = {**OPEN, "anonymous": 401}
KNOWS = ACCOUNTS
RECORD = {"anonymous": 401, "teacher": 200, "admin": 200, "staff": 200}
WATCH = {"anonymous": 401, "teacher": 200, "admin": 200, "staff": 200}
"""Who is not named: FORBIDDEN (403), or for things not to be known of, 404."""

# route → (what those not named get, what those named get)
TABLE: dict[tuple[str, str], tuple[int, dict[str, int]]] = {
    ("DELETE", "/api/session"): (204, {}),
    ("GET", "/api/me"): (0, ACCOUNTS),
    ("GET", "/api/classes"): (0, ACCOUNTS),
    ("GET", "/api/lessons"): (0, ACCOUNTS),
    ("POST", "/api/lessons"): (403, {"anonymous": 401, "teacher": 201, "admin": 201}),
    ("GET", "/api/lessons/{lesson}"): (0, KNOWS),
    ("POST", "/api/lessons/{lesson}/start"): (403, {"anonymous": 401, "teacher": 200, "admin": 200}),
    ("POST", "/api/lessons/{lesson}/end"): (403, {"anonymous": 401, "teacher": 409, "admin": 409}),
    ("GET", "/api/lessons/{lesson}/attendance"): (403, RECORD),
    ("GET", "/api/lessons/{lesson}/attendance.csv"): (403, RECORD),
    ("GET", "/api/lessons/{lesson}/attendance.xlsx"): (403, RECORD),
    ("GET", "/api/recordings"): (0, ACCOUNTS),
    ("GET", "/api/recordings/{recording}"): (404, WATCH),
    ("GET", "/api/recordings/{recording}/programme"): (404, WATCH),
    ("GET", "/api/recordings/{recording}/files/{name}"): (404, WATCH),
    ("POST", "/api/recordings/{recording}/replay"): (
        404,
        {"anonymous": 401, "teacher": 200, "admin": 200, "staff": 403},
    ),
    ("POST", "/api/recordings/{recording}/exports"): (404, WATCH),
    ("GET", "/api/recordings/{recording}/exports"): (404, WATCH),
    ("GET", "/api/recordings/{recording}/exports/{export}/file"): (404, WATCH),
    # The first takes it away.
    ("DELETE", "/api/recordings/{recording}/exports/{export}"): (404, {"anonymous": 401, "teacher": 204}),
    ("GET", "/api/recordings/{recording}/thumbnails"): (404, WATCH),
    ("GET", "/api/recordings/{recording}/timeline"): (404, WATCH),
    ("PUT", "/api/recordings/{recording}/position"): (404, {**dict.fromkeys(WATCH, 204), "anonymous": 401}),
    ("GET", "/api/recordings/{recording}/originals"): (404, WATCH),
    # There are none; and JSON is no WebVTT.
    ("GET", "/api/recordings/{recording}/captions/{language}"): (404, {"anonymous": 401}),
    ("PUT", "/api/recordings/{recording}/captions/{language}"): (
        404,
        {**dict.fromkeys(WATCH, 415), "anonymous": 401},
    ),
    ("DELETE", "/api/recordings/{recording}/captions/{language}"): (
        404,
        {**dict.fromkeys(WATCH, 204), "anonymous": 401},
    ),
    # Nobody is inside.
    ("GET", "/api/lessons/{lesson}/rewind"): (403, {"anonymous": 401}),
    ("GET", "/api/lessons/{lesson}/rewind/{name}"): (403, {"anonymous": 401}),
    ("GET", "/api/storage"): (403, {"anonymous": 401, "admin": 200, "staff": 200}),
    ("GET", "/api/retention"): (403, {"anonymous": 401, "admin": 200, "staff": 200}),
    ("PUT", "/api/retention"): (403, {"anonymous": 401, "admin": 200}),
    ("PUT", "/api/lessons/{lesson}/shares/{share}/stills/{still}/{part}"): (403, {"anonymous": 401}),
    ("GET", "/api/lessons/{lesson}/shares/{share}/stills/{still}/{part}"): (403, {"anonymous": 401}),
    # Not an upgrade: those who may enter hear that it must be one.
    ("GET", "/api/lessons/{lesson}/socket"): (400, {"anonymous": 401, "support": 403, "parent1": 403}),
    ("GET", "/api/self-test/socket"): (400, {"anonymous": 401}),
    ("GET", "/healthz"): (200, {}),
    ("GET", "/readyz"): (200, {}),
    ("GET", "/metrics"): (200, {}),
    ("GET", "/api/openapi.json"): (200, {}),
    ("GET", "/api/protocol.json"): (200, {}),
    # The first takes it away.
    ("DELETE", "/api/recordings/{recording}"): (404, {"anonymous": 401, "teacher": 204}),
}
BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/api/recordings/{recording}/replay"): {"allowed": False},
    ("POST", "/api/recordings/{recording}/exports"): {"chat": True},
    ("PUT", "/api/recordings/{recording}/position"): {"ms": 5},
    ("PUT", "/api/recordings/{recording}/captions/{language}"): {},
    ("PUT", "/api/retention"): {"schoolDays": None, "classes": []},
}


def test_every_route_is_in_the_table() -> None:
    assert {(route.method, route.path) for route in ROUTES} - {("POST", "/api/session")} == set(TABLE)


class World:
    def __init__(self, school: School, lesson: str, class_id: str, people: dict[str, SignedIn]) -> None:
        self.school = school
        self.lesson = lesson
        self.class_id = class_id
        self.people = people


async def make_world(school: School, data: Path) -> World:
    other = await school.stores.classes.by_name("10A2")
    own = await school.stores.classes.by_name("10A1")
    teacher = await school.stores.accounts.find("teacher")
    assert other is not None
    assert own is not None
    assert teacher is not None
    await school.stores.accounts.add("teacher2", "Cô Hai", teacher.role, teacher.password_hash, (other.id,))
    lesson = await school.lesson(live=False)
    files = (
        RecordingFileEntry("programme.webm", "programme", "video/webm", 0, 1000, 4),
        RecordingFileEntry("export-e1.mp4", "export", "video/mp4", 0, 1000, 4),
        RecordingFileEntry("thumbnails.json", "thumbnails", "application/json", 0, 1000, 4),
    )
    entry = RecordingEntry(RecordingId("recording1"), LessonId(lesson), 1, "ready", 1000, files)
    await school.stores.recordings.put(entry)
    directory = data / "recordings" / "recording1"
    directory.mkdir(parents=True)
    (directory / "programme.webm").write_bytes(b"webm")
    (directory / "export-e1.mp4").write_bytes(b"film")
    index = {"width": 1, "height": 1, "columns": 1, "rows": 1, "at_ms": [], "sheets": []}
    (directory / "thumbnails.json").write_bytes(msgspec.json.encode(index))
    people = {role: await school.another(role) for role in ROLES if role != "anonymous"}
    people["anonymous"] = SignedIn(school.url)
    return World(school, lesson, own.id, people)


async def test_who_may(tmp_path: Path) -> None:
    async with school_at(tmp_path) as school:
        world = await make_world(school, tmp_path)
        for (method, path), (rest, named) in TABLE.items():
            for role in ROLES:
                await _ask(world, method, path, role, named.get(role, rest))
            if (method, path) == ("DELETE", "/api/session"):
                world.people |= {role: await school.another(role) for role in ROLES if role != "anonymous"}
        await world.people["anonymous"].http.close()


async def _ask(world: World, method: str, path: str, role: str, status: int) -> None:
    lesson = world.lesson
    if path.endswith("/start"):
        lesson = await world.school.lesson(live=False)
    url = path.format(
        lesson=lesson,
        recording="recording1",
        name="programme.webm",
        share="s",
        still=1,
        part="full",
        export="e1",
        language="vi",
    )
    body = BODIES.get((method, path))
    if path == "/api/lessons" and method == "POST":
        body = {"title": "Toán", "classId": world.class_id}
    async with world.people[role].http.request(method, url, json=body) as answer:
        text = await answer.text(errors="replace")
        assert answer.status == status, f"{method} {path} by {role}: {text[:200]}"
        if answer.status >= 400:
            assert answer.content_type == "application/json"
            assert set((await answer.json())["error"]) == {"code", "message"}


async def test_parents_know_only_lessons_of_their_childrens_classes(tmp_path: Path) -> None:
    async with school_at(tmp_path) as school:
        world = await make_world(school, tmp_path)
        theirs = await world.people["teacher2"].new_lesson("Văn", "10A2")
        parent = world.people["parent1"]
        rows = (await parent.call("GET", "/api/lessons"))["lessons"]
        assert [row["id"] for row in rows] == [world.lesson]
        assert [row["mayEnter"] for row in rows] == [False]
        async with parent.http.get(f"/api/lessons/{theirs}") as answer:
            assert answer.status == 404
        both = (await world.people["student41"].call("GET", "/api/lessons"))["lessons"]
        assert [(row["id"], row["ownClass"]) for row in both] == [(theirs, True), (world.lesson, False)]
        async with world.people["teacher2"].http.post(f"/api/lessons/{world.lesson}/start") as answer:
            assert answer.status == 403
        await world.people["anonymous"].http.close()


async def test_other_peoples_pages_are_refused(school: School) -> None:
    lesson = await school.lesson()
    teacher = await school.who("teacher")
    for origin in ("https://evil.example", "null", f"{school.url}.evil.example", "http://127.0.0.1:1", "x"):
        for method, path in (
            ("POST", f"/api/lessons/{lesson}/end"),
            ("DELETE", "/api/session"),
            ("POST", "/api/session"),
            ("GET", f"/api/lessons/{lesson}/socket"),
        ):
            headers = {"Origin": origin}
            if path.endswith("socket"):
                headers |= {
                    "Upgrade": "websocket",
                    "Connection": "Upgrade",
                    "Sec-WebSocket-Version": "13",
                    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
                }
            async with teacher.http.request(method, path, headers=headers) as answer:
                assert answer.status == 403, (origin, path)
                assert (await answer.json())["error"]["code"] == "wrong_origin"
    assert (await teacher.call("GET", f"/api/lessons/{lesson}"))["phase"] == "live"


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"title":"","classId":"x"}', "application/json", 400),
        (b'{"title":"a","classId":"x","role":"admin"}', "application/json", 400),
        (b'{"title":"a","classId":"x","minutes":1e9}', "application/json", 400),
        (b'{"title":"a","classId":"nothing"}', "application/json", 400),
        (b'{"title":"a\\u0000","classId":"%s"}', "application/json", 400),
        (b'{"title":"a","classId":"%s","startsAt":-1}', "application/json", 400),
        (b'{"title":"a","classId":"%s","startsAt":99999999999999999}', "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 50_000, "application/json", 400),
        (b'{"title":"a","classId":"%s"}', "text/plain", 415),
        (b'{"title":"' + b"a" * 70_000 + b'","classId":"%s"}', "application/json", 413),
    ],
)
async def test_bad_bodies_are_refused_and_change_nothing(
    school: School, body: bytes, kind: str, status: int
) -> None:
    teacher = await school.who("teacher")
    class_id = (await teacher.call("GET", "/api/classes"))["classes"][0]["id"]
    body = body.replace(b"%s", class_id.encode())
    async with teacher.http.post("/api/lessons", data=body, headers={"Content-Type": kind}) as answer:
        assert answer.status == status, await answer.text()
        assert "error" in await answer.json()
    assert (await teacher.call("GET", "/api/lessons"))["lessons"] == []


@pytest.mark.parametrize(
    "query", ["from=x", "from=-1", "to=1e9", "from=10&to=5", f"from=0&to={2**60}", "from=²"]
)
async def test_bad_times_are_refused(school: School, query: str) -> None:
    teacher = await school.who("teacher")
    async with teacher.http.get(f"/api/lessons?{query}") as answer:
        assert answer.status == 400
        assert (await answer.json())["error"]["code"] == "bad_request"


async def test_every_answer_carries_the_security_headers(school: School) -> None:
    account = await school.who("student1")
    for path in (
        "/",
        "/login",
        "/lessons/x",
        "/api/me",
        "/api/nothing",
        "/nothing.js",
        "/healthz",
        "/assets/../x",
    ):
        async with account.http.get(path) as answer:
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"], path
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "camera=(self)" in answer.headers["Permissions-Policy"]
            if path.startswith("/api/"):
                assert answer.headers["Cache-Control"] == "no-store"


async def test_readiness_follows_the_roles(school: School) -> None:
    account = await school.who("student1")
    assert await account.call("GET", "/readyz") == {"database": True, "media": True, "recorder": True}
    await school.bus.down("media.0")
    async with account.http.get("/readyz") as answer:
        assert answer.status == 503
        assert (await answer.json())["media"] is False
    async with account.http.get("/healthz") as answer:
        assert answer.status == 200


async def test_metrics_tell_of_every_role(school: School) -> None:
    account = await school.who("teacher")
    await school.lesson()
    async with account.http.get("/metrics") as answer:
        text = await answer.text()
    assert "classroom_lessons_live 1.0" in text
    assert 'classroom_media_packets_in{address="media.0"} 7.0' in text
    assert 'classroom_commands_total{command="Start",outcome="done"} 1.0' in text
    assert 'classroom_recorder_recordings{address="recorder"} 0.0' in text


async def test_metrics_are_not_open_to_the_world(school: School) -> None:
    """A proxy on this machine connects from loopback too: for whom it speaks it must have the token."""
    account = await school.who("teacher")
    async with account.http.get("/metrics", headers={"X-Forwarded-For": "203.0.113.7"}) as answer:
        assert answer.status == 403
    async with account.http.get("/metrics", headers={"Authorization": "Bearer "}) as answer:
        assert answer.status == 200


async def test_behind_a_proxy_with_https_cookies_are_secure(school: School) -> None:
    async with SignedIn(school.url) as account:
        headers = {"X-Forwarded-For": "10.0.0.1, 203.0.113.7", "X-Forwarded-Proto": "https"}
        body = {"username": "admin", "password": PASSWORD}
        async with account.http.post("/api/session", json=body, headers=headers) as answer:
            assert answer.status == 200
            assert "Secure" in answer.headers["Set-Cookie"]
            assert "Strict-Transport-Security" in answer.headers
    record = await school.stores.sessions.sign_ins()
    assert record[0].address == "203.0.113.7"
