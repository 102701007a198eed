"""What goes with a recording: timeline, positions, captions, originals; erasure, retention, storage."""

import asyncio
import io
import shutil
import zipfile

import pytest

from classroom.ids import SYSTEM, LessonId, RecordingId
from classroom.lesson.events import RecordingErased
from classroom.stores.port import RecordingEntry, RecordingFileEntry, RetentionRules
from recorder import control as recorder
from recorder.archive.port import Deleted
from signaling.gateway.retention import DAY_MS, due
from signaling.wire import client as ask
from tests.clients.lesson_socket import Refused
from tests.signaling.gateway.room import Room
from tests.signaling.gateway.school import School, until
from tests.signaling.gateway.test_recording import WEBM, recorded

VTT = "WEBVTT\n\n00:00.000 --> 00:01.000\nChào cô\n"


async def gone(school: School, recording: str) -> None:
    while await school.stores.recordings.get(RecordingId(recording)) is not None:
        await school.stores.ready()


async def receipts(school: School, lesson: str) -> list[RecordingErased]:
    log = await school.stores.log.read(LessonId(lesson))
    return [r.event for r in log if isinstance(r.event, RecordingErased)]


async def test_timeline_position_and_captions(school: School) -> None:
    _, recording = await recorded(school)
    teacher, staff = await school.who("teacher"), await school.who("staff")
    path = f"/api/recordings/{recording}"
    timeline = await staff.call("GET", f"{path}/timeline")
    assert timeline["durationMs"] == 1234
    await staff.call("PUT", f"{path}/position", {"ms": 700})
    assert (await staff.call("GET", path))["positionMs"] == 700
    assert (await teacher.call("GET", path))["positionMs"] == 0
    with pytest.raises(Refused, match="bad_request"):
        await staff.call("PUT", f"{path}/position", {"ms": -1})

    async def put(text: str | bytes, language: str = "vi", kind: str = "text/vtt") -> int:
        url = f"{path}/captions/{language}"
        async with teacher.http.put(url, data=text, headers={"Content-Type": kind}) as answer:
            return answer.status

    assert await put(VTT) == 204
    assert [await put("SRT"), await put(b"WEBVTT\n\n\xff"), await put(VTT, kind="application/json")] == [
        400,
        400,
        415,
    ]
    assert await put(VTT, language="..") == 404
    assert await put("WEBVTT\n" + " " * (1 << 20)) == 413
    assert (await staff.call("GET", path))["captions"] == [{"language": "vi"}]
    async with staff.http.get(f"{path}/captions/vi") as answer:
        assert (answer.content_type, await answer.text()) == ("text/vtt", VTT)
    await teacher.call("DELETE", f"{path}/captions/vi")
    with pytest.raises(Refused, match="not_found"):
        await staff.call("GET", f"{path}/captions/vi")


async def test_originals_are_one_archive_with_what_explains_them(school: School) -> None:
    _, recording = await recorded(school)
    staff, teacher = await school.who("staff"), await school.who("teacher")
    headers = {"Content-Type": "text/vtt"}
    await teacher.http.put(f"/api/recordings/{recording}/captions/vi", data=VTT, headers=headers)
    async with staff.http.get(f"/api/recordings/{recording}/originals") as answer:
        archive = zipfile.ZipFile(io.BytesIO(await answer.read()))
    assert archive.testzip() is None
    assert set(archive.namelist()) == {"manifest.json", "timeline.json", "captions-vi.vtt", "programme.webm"}
    assert archive.read("programme.webm") == WEBM
    (view,) = (await teacher.call("GET", f"/api/recordings/{recording}"))["views"]
    assert (view["what"], view["downloaded"]) == ("originals", True)


async def test_an_erasure_is_out_of_sight_at_once_tried_again_and_leaves_its_receipt(school: School) -> None:
    room, recording = await recorded(school)
    teacher, staff = await school.who("teacher"), await school.who("staff")
    path = f"/api/recordings/{recording}"
    with pytest.raises(Refused, match="not_allowed"):
        await staff.call("DELETE", path)
    school.recorder.refuses = "disk"
    await teacher.call("DELETE", path)
    await until(lambda: recorder.EraseRecording(recording) in school.recorder.asked)
    for hidden in (path, f"{path}/programme", f"{path}/timeline"):
        with pytest.raises(Refused, match="no_such_recording"):
            await teacher.call("GET", hidden)
    assert (await teacher.call("GET", "/api/recordings"))["recordings"] == []
    assert await receipts(school, room.lesson) == []
    school.recorder.refuses = ""
    entry = await school.stores.recordings.get(RecordingId(recording))
    assert entry is not None
    await school.gateway.erasures.erase(entry, entry.erased_by, "asked")  # type: ignore[arg-type]
    await gone(school, recording)
    (receipt,) = await receipts(school, room.lesson)
    assert receipt.by == await school.account("teacher")
    # What the recorder tells of, and what lay where the gateway looks: programme.webm and one more.
    assert (receipt.reason, receipt.files) == ("asked", 2 + 2)
    assert receipt.bytes >= 20 + len(WEBM)
    assert not (school.gateway.settings.recordings / recording / "programme.webm").exists()
    assert await school.stores.log.verify(LessonId(room.lesson)) is None


async def test_a_receipt_of_what_went_before_a_crash(school: School) -> None:
    """The files went, and before the log had it everybody was killed: nobody has counted them."""
    room, recording = await recorded(school)
    shutil.rmtree(school.gateway.settings.recordings / recording)
    school.recorder.erases = (0, 0)
    await (await school.who("teacher")).call("DELETE", f"/api/recordings/{recording}")
    await gone(school, recording)
    (receipt,) = await receipts(school, room.lesson)
    assert (receipt.files, receipt.bytes) == (1, len(WEBM))


async def test_an_erasure_that_fails_as_nobody_thought_of_is_tried_again(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, recording = await recorded(school)
    failed = asyncio.Event()

    async def fails(_: str) -> Deleted:
        failed.set()
        raise RuntimeError("not thought of")

    with monkeypatch.context() as broken:
        broken.setattr(school.gateway.files, "delete_all", fails)
        await (await school.who("teacher")).call("DELETE", f"/api/recordings/{recording}")
        await failed.wait()
    entry = await school.stores.recordings.get(RecordingId(recording))
    assert entry is not None
    await school.gateway.erasures.erase(entry, SYSTEM, "asked")
    async with asyncio.timeout(5):
        await gone(school, recording)


async def test_a_running_recording_is_not_erased(school: School) -> None:
    room = Room(school, await school.lesson())
    teacher = await room.enter("teacher")
    await teacher.socket.ask(ask.StartRecording)
    await until(lambda: school.recorder.open)
    (recording,) = school.recorder.open
    with pytest.raises(Refused, match="recording_not_ready"):
        await (await school.who("teacher")).call("DELETE", f"/api/recordings/{recording}")
    await room.close()


async def test_rules_of_retention_and_the_view_of_storage(school: School) -> None:
    _, recording = await recorded(school)
    admin, staff = await school.who("admin"), await school.who("staff")
    classes = {row["name"]: row["id"] for row in (await admin.call("GET", "/api/classes"))["classes"]}
    rules = {"schoolDays": 365, "classes": [{"classId": classes["10A1"], "days": 30}]}
    assert await admin.call("PUT", "/api/retention", rules) == rules
    assert await staff.call("GET", "/api/retention") == rules
    for bad in (
        {"schoolDays": 0, "classes": []},
        {"schoolDays": 1, "classes": [{"classId": "nowhere", "days": 3}]},
        {"schoolDays": 1, "classes": [rules["classes"][0]] * 2},  # type: ignore[index]
    ):
        with pytest.raises(Refused, match=r"invalid|bad_request"):
            await admin.call("PUT", "/api/retention", bad)
    with pytest.raises(Refused, match="not_allowed"):
        await staff.call("PUT", "/api/retention", rules)
    storage = await staff.call("GET", "/api/storage")
    assert (storage["usedBytes"], storage["classes"][0]["className"]) == (len(WEBM), "10A1")
    assert storage["hoursLeft"] > 0
    with pytest.raises(Refused, match="not_allowed"):
        await (await school.who("teacher")).call("GET", "/api/storage")
    assert recording


def test_a_class_follows_its_own_rule_else_the_schools() -> None:
    file = RecordingFileEntry("p.webm", "programme", "video/webm", 0, 1, 1)
    entry = RecordingEntry(RecordingId("r"), LessonId("l"), 0, "ready", 1_000, (file,))
    rules = RetentionRules(10, {"kept": None, "short": 1})  # type: ignore[dict-item]
    cases = {
        ("other", 10 * DAY_MS + 999): False,
        ("other", 10 * DAY_MS + 1_000): True,
        ("short", DAY_MS + 1_000): True,
        ("kept", 10_000 * DAY_MS): False,
    }
    assert {case: due(entry, case[0], rules, case[1]) for case in cases} == cases  # type: ignore[arg-type]
    running = RecordingEntry(RecordingId("r"), LessonId("l"), 0, "recording")
    assert not due(running, "short", rules, 10**15)  # type: ignore[arg-type]
