"""Films and small pictures of recordings: started, watched, taken over restarts, given to few."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from classroom.ids import LessonId, RecordingId
from classroom.stores.port import RecordingEntry, RecordingFileEntry
from recorder import control as recorder
from recorder.jobs import control as jobs
from recorder.jobs.request import unpack
from recorder.jobs.workshop import Workshop
from signaling.wire import client as ask
from tests.clients.lesson_socket import Refused
from tests.recorder.kit.material import VideoEncoder
from tests.recorder.kit.written import WrittenRecording, pictures, voice
from tests.signaling.gateway.fakes import FakeRecorder
from tests.signaling.gateway.pictures import lossless_webp
from tests.signaling.gateway.room import Room
from tests.signaling.gateway.school import School, school_at, until
from tests.signaling.gateway.test_recording import PROGRAMME, ready, recorded

CAMERA = recorder.RecordedFile("share-c.webm", "share", "video/webm", 0, 1000, 5, "c", "{teacher}", "camera")


def exports(fake: FakeRecorder) -> list[jobs.StartJob]:
    return [job for job in fake.jobs.values() if job.kind == "export"]


async def done(school: School, job: jobs.StartJob, data: bytes = b"film") -> None:
    """What the workshop would do and say."""
    name = f"export-{job.job}.mp4"
    (school.gateway.settings.recordings / job.recording / name).write_bytes(data)
    file = recorder.RecordedFile(name, "export", "video/mp4", 0, 1234, len(data), source="chat")
    school.recorder.jobs.pop(job.job, None)
    await school.bus.publish("recorder", jobs.JobDone(job.job, job.recording, "export", (file,)))


async def test_a_film_from_its_wish_to_its_end(school: School) -> None:
    _, recording = await recorded(school)
    teacher, staff = await school.who("teacher"), await school.who("staff")
    path = f"/api/recordings/{recording}/exports"
    made = await teacher.call("POST", path, {"chat": True, "camera": False})
    assert (made["state"], made["chat"], made["camera"], made["progress"]) == ("waiting", True, False, 0.0)
    # Wished for again while it is under way, it is the same.
    assert (await staff.call("POST", path, {"chat": True, "camera": False}))["id"] == made["id"]
    (job,) = exports(school.recorder)
    assert (job.job, job.recording) == (made["id"], recording)
    await school.bus.publish("recorder", jobs.JobProgress(job.job, recording, "export", 0.25))
    (row,) = (await staff.call("GET", path))["exports"]
    assert (row["state"], row["progress"]) == ("running", 0.25)
    with pytest.raises(Refused, match="not_found"):
        await teacher.call("GET", f"{path}/{job.job}/file")
    await done(school, job)
    (row,) = (await staff.call("GET", path))["exports"]
    assert (row["id"], row["state"], row["bytes"], row["chat"]) == (job.job, "ready", 4, True)
    assert (await staff.call("POST", path, {"chat": True, "camera": False}))["state"] == "ready"

    async with staff.http.get(f"{path}/{job.job}/file", headers={"Range": "bytes=1-2"}) as answer:
        assert (answer.status, await answer.read()) == (206, b"il")
    async with staff.http.get(f"{path}/{job.job}/file") as answer:
        assert answer.headers["Content-Disposition"].endswith("filename*=UTF-8''10A1%20To%C3%A1n.mp4")
        assert (answer.headers["Content-Type"], await answer.read()) == ("video/mp4", b"film")
    # From the middle on, and then once more as a whole: two downloads.
    views = (await teacher.call("GET", f"/api/recordings/{recording}"))["views"]
    told = {(view["username"], view["downloaded"], view["what"]) for view in views}
    assert (len(views), told) == (2, {("staff", True, f"export-{job.job}.mp4")})

    # Those who may watch see nothing of it.
    await teacher.call("POST", f"/api/recordings/{recording}/replay", {"allowed": True})
    pupil = await school.who("student1")
    for method, url in (("GET", path), ("GET", f"{path}/{job.job}/file"), ("DELETE", f"{path}/{job.job}")):
        with pytest.raises(Refused, match="not_allowed"):
            await pupil.call(method, url)
    with pytest.raises(Refused, match="not_allowed"):
        await pupil.call("POST", path, {})
    with pytest.raises(Refused, match="not_found"):
        await pupil.call("GET", f"/api/recordings/{recording}/files/export-{job.job}.mp4")
    detail = await pupil.call("GET", f"/api/recordings/{recording}")
    assert {file["role"] for file in detail["files"]} == {"programme"}

    await teacher.call("DELETE", f"{path}/{job.job}")
    assert jobs.RemoveJobFile(recording, f"export-{job.job}.mp4") in school.recorder.asked
    assert (await teacher.call("GET", path))["exports"] == []
    with pytest.raises(Refused, match="not_found"):
        await teacher.call("DELETE", f"{path}/{job.job}")


async def test_cancelled_failed_and_refused(school: School) -> None:
    _, recording = await recorded(school)
    teacher = await school.who("teacher")
    path = f"/api/recordings/{recording}/exports"
    first = await teacher.call("POST", path, {})
    await teacher.call("DELETE", f"{path}/{first['id']}")
    assert exports(school.recorder) == []
    # The recorder was done before it was told: its film does not stay.
    school.recorder.asked.clear()
    file = recorder.RecordedFile(f"export-{first['id']}.mp4", "export", "video/mp4", 0, 1234, 4)
    await school.bus.publish("recorder", jobs.JobDone(first["id"], recording, "export", (file,)))
    await until(lambda: jobs.RemoveJobFile(recording, file.name) in school.recorder.asked)
    second = await teacher.call("POST", path, {})
    assert second["id"] != first["id"]
    await school.bus.publish("recorder", jobs.JobFailed(second["id"], recording, "export", "disk_full", "x"))
    rows = {row["id"]: (row["state"], row["reason"]) for row in (await teacher.call("GET", path))["exports"]}
    assert rows == {first["id"]: ("cancelled", ""), second["id"]: ("failed", "disk_full")}
    # What is over keeps nothing of the lesson in memory.
    assert {export.details for export in school.gateway.jobs._exports.values()} == {None}
    # Told of once more it is forgotten.
    await teacher.call("DELETE", f"{path}/{first['id']}")
    assert len((await teacher.call("GET", path))["exports"]) == 1
    school.recorder.refuses = "busy"
    with pytest.raises(Refused, match="busy"):
        await teacher.call("POST", path, {})
    assert len((await teacher.call("GET", path))["exports"]) == 1


async def test_a_film_goes_on_over_restarts(tmp_path: Path) -> None:
    async with school_at(tmp_path) as school:
        _, recording = await recorded(school)
        teacher = await school.who("teacher")
        path = f"/api/recordings/{recording}/exports"
        await teacher.call("POST", path, {})
        (job,) = exports(school.recorder)
        await school.bus.publish("recorder", jobs.JobProgress(job.job, recording, "export", 0.5))
        fresh = FakeRecorder()
        await school.bus.down("recorder")
        (row,) = (await teacher.call("GET", path))["exports"]
        assert (row["state"], row["progress"]) == ("waiting", 0.0)
        await school.bus.up("recorder", fresh.handle, "recorder2")
        # Started again, by the same id; and what was lost of the rest.
        await until(lambda: job.job in fresh.jobs)
        assert fresh.jobs[job.job] == job
        await until(lambda: f"thumbnails-{recording}" in fresh.jobs)
    name = f"export-{job.job}.mp4"
    file = recorder.RecordedFile(name, "export", "video/mp4", 0, 1234, 4)
    fresh.ended.append(jobs.JobDone(job.job, recording, "export", (file,)))
    async with school_at(tmp_path, school.bus) as school:
        # The gateway was away when it was done.
        teacher = await school.who("teacher")

        async def states() -> list[str]:
            return [row["state"] for row in (await teacher.call("GET", path))["exports"]]

        entry = None
        while entry is None or len(entry.files) < 2:
            entry = await school.stores.recordings.get(RecordingId(recording))
        assert await states() == ["ready"]
        await school.gateway.jobs.gone(RecordingId(recording))
        assert jobs.CancelJob(f"thumbnails-{recording}") in fresh.asked


async def test_small_pictures_and_text_are_made_by_themselves(school: School) -> None:
    school.recorder.files = (
        PROGRAMME,
        recorder.RecordedFile("still-1-s.webp", "still", "image/webp", 1, 0, 5),
    )
    room = Room(school, await school.lesson())
    teacher = await room.enter("teacher")
    await teacher.socket.ask(ask.StartRecording)
    await until(lambda: school.recorder.open)
    await teacher.socket.ask(ask.EndLesson)
    recording = await ready(school, room.lesson)
    await until(lambda: len(school.recorder.jobs) == 2)
    kinds = {job.kind: job for job in school.recorder.jobs.values()}
    assert set(kinds) == {"thumbnails", "text"}
    account = await school.who("teacher")
    with pytest.raises(Refused, match="not_found"):
        await account.call("GET", f"/api/recordings/{recording}/thumbnails")
    directory = school.gateway.settings.recordings / recording
    directory.mkdir(parents=True)
    index = {
        "width": 192,
        "height": 108,
        "columns": 10,
        "rows": 10,
        "at_ms": [0],
        "sheets": ["thumbnails-1.jpg"],
    }
    (directory / "thumbnails.json").write_bytes(msgspec.json.encode(index))
    (directory / "thumbnails-1.jpg").write_bytes(b"jpeg")
    files = tuple(
        recorder.RecordedFile(name, "thumbnails", mime, 0, 1234, 4)
        for name, mime in (("thumbnails-1.jpg", "image/jpeg"), ("thumbnails.json", "application/json"))
    )
    await school.bus.publish(
        "recorder", jobs.JobDone(kinds["thumbnails"].job, recording, "thumbnails", files)
    )
    answer = await account.call("GET", f"/api/recordings/{recording}/thumbnails")
    assert (answer["atMs"], answer["sheets"]) == ([0], ["thumbnails-1.jpg"])
    async with account.http.get(f"/api/recordings/{recording}/files/thumbnails-1.jpg") as sheet:
        assert (sheet.content_type, await sheet.read()) == ("image/jpeg", b"jpeg")
    # Looking at small pictures is no playback.
    assert (await account.call("GET", f"/api/recordings/{recording}"))["views"] == []
    await room.close()


async def test_the_film_is_told_of_the_lesson(school: School) -> None:
    room = Room(school, await school.lesson())
    teacher = await room.enter("teacher")
    pupil = await room.enter("student1")
    teacher_id = await school.account("teacher")
    school.recorder.files = (PROGRAMME, msgspec.structs.replace(CAMERA, participant=teacher_id))
    await pupil.socket.ask(ask.Chat, text="trước khi ghi")
    await teacher.share("camera")
    await teacher.socket.ask(ask.StartRecording)
    await until(lambda: school.recorder.open)
    await pupil.socket.ask(ask.Chat, text="Thưa thầy")
    await teacher.share("screen")
    await teacher.socket.ask(ask.PauseRecording)
    await pupil.socket.ask(ask.Chat, text="không ghi")
    await teacher.socket.ask(ask.ResumeRecording)
    await teacher.socket.ask(ask.StopRecording)
    recording = await ready(school, room.lesson)
    account = await school.who("teacher")
    for body, camera in (({"chat": True}, True), ({"camera": False}, False)):
        made = await account.call("POST", f"/api/recordings/{recording}/exports", body)
        assert made["camera"] is camera
    with_chat, plain = [unpack(job.details) for job in exports(school.recorder)]
    assert with_chat.chat is not None
    assert [line.text for line in with_chat.chat] == ["Thưa thầy"]
    assert with_chat.chat[0].name
    assert [stage.screen for stage in with_chat.stages] == [False, True]
    assert with_chat.camera == teacher_id
    assert (plain.chat, plain.camera) == (None, "")
    await room.close()


async def test_stills_of_what_is_recorded_are_kept(room: Room) -> None:
    teacher = room.people["teacher"]
    screen = await teacher.share("screen")
    account = await room.school.who("teacher")
    picture, better = lossless_webp(640, 360), lossless_webp(640, 360) + b""

    async def put(still: int, part: str, data: bytes) -> None:
        url = f"/api/lessons/{room.lesson}/shares/{screen}/stills/{still}/{part}"
        async with account.http.put(url, data=data) as answer:
            assert answer.status == 204, await answer.text()

    def kept() -> list[recorder.AddStill]:
        return [m for m in room.school.recorder.asked if isinstance(m, recorder.AddStill)]

    await put(1, "light", picture)
    assert kept() == []
    await teacher.socket.ask(ask.StartRecording)
    await until(lambda: len(kept()) == 1)
    await put(1, "full", better)
    await put(2, "light", picture)
    await until(lambda: len(kept()) == 3)
    first, second, third = kept()
    assert (first.share, first.participant) == (screen, await room.school.account("teacher"))
    assert (first.mime_type, first.data) == ("image/webp", picture)
    assert first.at_ms == second.at_ms <= third.at_ms
    await teacher.socket.ask(ask.PauseRecording)
    await put(3, "light", picture)
    assert len(kept()) == 3
    await teacher.socket.ask(ask.ResumeRecording)
    await until(lambda: len(kept()) == 4)
    await teacher.socket.ask(ask.StopRecording)
    await put(4, "light", picture)
    assert len(kept()) == 4


async def test_with_the_real_workshop(school: School) -> None:
    """From the wish to the bytes: what the recorder's process does is done here."""
    recordings = school.gateway.settings.recordings
    lesson = await school.lesson(live=False)
    written = WrittenRecording(recordings, "real1")
    pictures_ = pictures(VideoEncoder("vp8", 640, 360), 1000, fps=5)
    written.add("programme.webm", "vp8", pictures_ + voice(1000), size=(640, 360))
    manifest = written.save()
    files = tuple(
        RecordingFileEntry(f.name, "programme", f.mime_type, 0, f.duration, f.bytes) for f in manifest.files
    )
    entry = RecordingEntry(RecordingId("real1"), LessonId(lesson), 1, "ready", manifest.duration, files)
    await school.stores.recordings.put(entry)
    told: asyncio.Queue[jobs.JobNotice] = asyncio.Queue()
    workshop = Workshop(recordings, told.put_nowait)

    async def publish() -> None:
        while True:
            await school.bus.publish("recorder", await told.get())

    async with asyncio.TaskGroup() as tasks:
        publishing = tasks.create_task(publish())
        workshop.start()
        await school.bus.up("recorder", workshop.handle, "recorder2")  # type: ignore[arg-type]
        teacher = await school.who("teacher")
        await teacher.call("POST", "/api/recordings/real1/exports", {"chat": True})
        row = None
        async with asyncio.timeout(60):
            while row is None or row["state"] in ("waiting", "running"):
                (row,) = (await teacher.call("GET", "/api/recordings/real1/exports"))["exports"]
                await asyncio.sleep(0.02)
            while (found := await school.stores.recordings.get(entry.id)) is None or len(found.files) < 4:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert (row["state"], row["chat"], row["camera"]) == ("ready", True, False)
        async with teacher.http.get(f"/api/recordings/real1/exports/{row['id']}/file") as answer:
            assert (await answer.read())[4:8] == b"ftyp"
        index = await teacher.call("GET", "/api/recordings/real1/thumbnails")
        assert index["atMs"] == [0]
        await workshop.close()
        publishing.cancel()
