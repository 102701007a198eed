"""The recorder is kept in step with the lesson, through restarts of everybody; files are served to few."""

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from classroom.ids import SYSTEM, LessonId, RecordingId
from classroom.lesson.events import RecordingSealed, RecordingStopped
from classroom.stores.port import RecordingEntry, StoreError
from media import control
from recorder import control as recorder
from recorder.archive.local import LocalOpenFile
from signaling.wire import client as ask
from signaling.wire import server as told
from tests.clients.lesson_socket import Refused
from tests.signaling.gateway.fakes import FakeRecorder, FakeWorker
from tests.signaling.gateway.room import Person, Room
from tests.signaling.gateway.school import School, school_at, until

WEBM = bytes(range(256)) * 40


def tapped(school: School) -> set[str]:
    return set(school.worker.taps.values())


def tracks(fake: FakeRecorder) -> set[str]:
    return {share for tracks in fake.open.values() for share in tracks.values()}


async def ready(school: School, lesson: str) -> str:
    """The id of the lesson's recording, once it is ready."""
    stores = school.stores
    while True:
        entries = await stores.recordings.of_lesson(LessonId(lesson))
        if entries and entries[0].state == "ready":
            return entries[0].id
        await asyncio.sleep(0.005)


def with_files(school: School, recording: str) -> None:
    """What the recorder would have written."""
    directory = school.gateway.settings.recordings / recording
    directory.mkdir(parents=True)
    (directory / "programme.webm").write_bytes(WEBM)
    (directory / "secret.txt").write_text("not in the manifest")


PROGRAMME = recorder.RecordedFile("programme.webm", "programme", "video/webm", 0, 1234, len(WEBM))


async def test_nothing_is_tapped_before_record(room: Room) -> None:
    teacher, pupil = room.people["teacher"], room.people["student1"]
    screen = await teacher.share("screen")
    assert not any(isinstance(m, control.StartTap) for m in room.school.worker.asked)
    assert room.school.recorder.open == {}
    with pytest.raises(Refused, match="not_allowed"):
        await pupil.socket.ask(ask.StartRecording)
    await teacher.socket.ask(ask.StartRecording)
    await until(lambda: tracks(room.school.recorder) == {screen})
    assert tapped(room.school) == {screen}
    await until(lambda: room.school.recorder.stage == screen)
    voice = await pupil.share("microphone")
    await until(lambda: tracks(room.school.recorder) == {screen, voice})
    await teacher.socket.ask(ask.StopShare, share=screen)
    await until(lambda: tracks(room.school.recorder) == {voice})
    await until(lambda: room.school.recorder.stage is None)
    await teacher.socket.ask(ask.StopRecording)
    await until(lambda: not room.school.recorder.open and not room.school.worker.taps)
    assert await ready(room.school, room.lesson)


async def test_the_end_of_the_lesson_ends_the_recording(room: Room) -> None:
    teacher = room.people["teacher"]
    await teacher.share("camera")
    room.school.recorder.files = (PROGRAMME,)
    await teacher.socket.ask(ask.StartRecording)
    await until(lambda: tracks(room.school.recorder))
    await teacher.socket.ask(ask.EndLesson)
    recording = await ready(room.school, room.lesson)
    entry = await room.school.stores.recordings.get(RecordingId(recording))
    assert entry is not None
    assert entry.duration == 1234
    assert entry.files[0].name == "programme.webm"


async def test_key_frames_and_troubles_are_passed_on(room: Room) -> None:
    teacher = room.people["teacher"]
    screen = await teacher.share("screen")
    await teacher.socket.ask(ask.StartRecording)
    await until(lambda: tracks(room.school.recorder) == {screen})
    (recording,) = room.school.recorder.open
    room.school.worker.asked.clear()
    await room.school.bus.publish("recorder", recorder.KeyFrameWanted(recording, screen))
    assert room.school.worker.asked == [control.RequestKeyFrame(screen)]
    for code in ("slow_disk", "disk_well"):
        await room.school.bus.publish("recorder", recorder.RecordingTrouble(recording, code))
        await teacher.socket.until(lambda: told.Notice(f"recording_{code}") in teacher.heard)  # noqa: B023
    assert recording in room.school.recorder.open


async def stopped(school: School, lesson: str) -> list[RecordingStopped]:
    log = await school.stores.log.read(LessonId(lesson))
    return [entry.event for entry in log if isinstance(entry.event, RecordingStopped)]


@pytest.mark.parametrize("code", ["disk_full", "disk_failed"])
async def test_a_recording_that_cannot_go_on_is_over_and_the_lesson_is_not(room: Room, code: str) -> None:
    school, teacher = room.school, room.people["teacher"]
    screen = await teacher.share("screen")
    await teacher.socket.ask(ask.StartRecording)
    await until(lambda: tracks(school.recorder) == {screen})
    (recording,) = school.recorder.open
    school.recorder.free = 10
    await school.bus.publish("recorder", recorder.RecordingTrouble(recording, code))
    await teacher.socket.until(lambda: told.Notice(f"recording_{code}") in teacher.heard)
    await teacher.socket.until(lambda: teacher.socket.view.lesson.recording is None)
    assert await ready(school, room.lesson) == recording
    assert await stopped(school, room.lesson) == [RecordingStopped(RecordingId(recording), SYSTEM, code)]
    assert not school.worker.taps
    assert teacher.socket.view.lesson.phase == "live"
    with pytest.raises(Refused, match="disk_full"):
        await teacher.socket.ask(ask.StartRecording)
    with pytest.raises(Refused, match="not_allowed"):
        await room.people["student1"].socket.ask(ask.StartRecording)
    school.recorder.free = 10_000
    await teacher.socket.ask(ask.StartRecording)
    await until(lambda: tracks(school.recorder) == {screen})


async def test_a_disk_that_filled_up_while_the_recorder_was_away(room: Room) -> None:
    school, teacher = room.school, room.people["teacher"]
    await teacher.socket.ask(ask.StartRecording)
    await until(lambda: school.recorder.open)
    fresh = FakeRecorder()
    fresh.free, fresh.open = 10, {recording: {} for recording in school.recorder.open}
    await school.bus.down("recorder")
    await school.bus.up("recorder", fresh.handle, "recorder2")
    await teacher.socket.until(lambda: told.Notice("recording_disk_full") in teacher.heard)
    assert await ready(school, room.lesson)
    assert [event.reason for event in await stopped(school, room.lesson)] == ["disk_full"]


async def test_what_nobody_knows_of_any_more_is_finished_and_found(room: Room) -> None:
    """A recording that is on the disk alone: the catalogue was lost with the power, or had given it up."""
    school = room.school
    await school.stores.recordings.put(
        RecordingEntry(RecordingId("given-up"), LessonId(room.lesson), 5, "lost")
    )
    fresh = FakeRecorder()
    fresh.lesson = room.lesson
    fresh.open = {"unknown": {}, "given-up": {}}
    await school.bus.down("recorder")
    await school.bus.up("recorder", fresh.handle, "recorder2")

    async def entries() -> set[tuple[str, str, int]]:
        found = await school.stores.recordings.of_lesson(LessonId(room.lesson))
        return {(entry.id, entry.state, entry.started_at) for entry in found}

    while await entries() != {("unknown", "ready", 7), ("given-up", "ready", 7)}:  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    stray = FakeRecorder()
    stray.lesson, stray.open = "no such lesson", {"stray": {}}
    await school.bus.down("recorder")
    await school.bus.up("recorder", stray.handle, "recorder3")
    await until(lambda: stray.closed)
    assert len(await entries()) == 2


async def test_files_are_sealed_in_the_log_and_asked_for_until_they_are(room: Room) -> None:
    """Also when the recorder was away, after the end of the lesson; and once only."""
    school, teacher = room.school, room.people["teacher"]
    school.recorder.files = (PROGRAMME,)
    await teacher.socket.ask(ask.StartRecording)
    await until(lambda: school.recorder.open)
    await teacher.socket.ask(ask.EndLesson)
    recording = RecordingId(await ready(school, room.lesson))
    wanted = recorder.HashRecording(recording, ("programme.webm",))
    await until(lambda: wanted in school.recorder.asked)
    fresh = FakeRecorder()
    await school.bus.down("recorder")
    await school.bus.up("recorder", fresh.handle, "recorder2")
    await until(lambda: wanted in fresh.asked)
    hashed = recorder.RecordingHashed(
        recording, (recorder.HashedFile("programme.webm", len(WEBM), "ab" * 32),)
    )
    for _ in range(2):
        await school.bus.publish("recorder", hashed)
        await school.bus.publish("recorder", replace(hashed, recording="unknown"))

    async def sums() -> list[str]:
        entry = await school.stores.recordings.get(recording)
        return [] if entry is None else [file.sha256 for file in entry.files]

    while await sums() != ["ab" * 32]:  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    log = await school.stores.log.read(LessonId(room.lesson))
    assert [e.event.files[0].sha256 for e in log if isinstance(e.event, RecordingSealed)] == ["ab" * 32]
    third = FakeRecorder()
    await school.bus.down("recorder")
    await school.bus.up("recorder", third.handle, "recorder3")
    await school.bus.publish("recorder", hashed)
    assert not any(isinstance(m, recorder.HashRecording) for m in third.asked)


async def test_a_restarted_recorder_goes_on_with_the_same_recording(room: Room) -> None:
    teacher = room.people["teacher"]
    screen = await teacher.share("screen")
    await teacher.socket.ask(ask.StartRecording)
    await until(lambda: tracks(room.school.recorder) == {screen})
    (recording,) = room.school.recorder.open
    fresh = FakeRecorder()
    await room.school.bus.down("recorder")
    await room.school.bus.publish("media.0", control.TapLost(tuple(room.school.worker.taps)))
    room.school.worker.taps.clear()
    await room.school.bus.up("recorder", fresh.handle, "recorder2")
    await until(lambda: tracks(fresh) == {screen})
    assert set(fresh.open) == {recording}
    assert tapped(room.school) == {screen}
    await until(lambda: fresh.stage == screen)


async def test_a_restarted_worker_is_tapped_anew(room: Room) -> None:
    teacher = room.people["teacher"]
    await teacher.share("screen")
    await teacher.socket.ask(ask.StartRecording)
    await until(lambda: tracks(room.school.recorder))
    fresh = FakeWorker()
    await room.school.bus.down("media.0")
    await room.school.bus.up("media.0", fresh.handle, fresh.instance)
    await teacher.socket.until(lambda: any(isinstance(m, told.MediaReset) for m in teacher.heard))
    await teacher.join_media()
    screen = await teacher.share("screen")
    await until(lambda: tracks(room.school.recorder) == {screen})
    assert set(fresh.taps.values()) == {screen}
    assert len(room.school.recorder.open) == 1


async def test_a_restarted_gateway_goes_on_recording(tmp_path: Path) -> None:
    async with school_at(tmp_path) as school:
        room = Room(school, await school.lesson())
        teacher = await room.enter("teacher")
        screen = await teacher.share("screen")
        await teacher.socket.ask(ask.StartRecording)
        await until(lambda: tracks(school.recorder) == {screen})
        (recording,) = school.recorder.open
        worker, fake = school.worker, school.recorder
        taps = dict(worker.taps)
        await room.close()
    async with school_at(tmp_path, school.bus) as school:
        person = Person("teacher", await school.socket("teacher", room.lesson))
        await person.socket.connect()
        assert person.socket.view is not None
        assert person.socket.view.lesson.recording_since is not None
        await until(lambda: sum(isinstance(m, recorder.AddTrack) for m in fake.asked) == 2)
        assert set(fake.open) == {recording}
        assert tracks(fake) == {screen}
        assert worker.taps == taps
        await person.socket.ask(ask.StopRecording)
        await until(lambda: not fake.open and not worker.taps)
        assert sum(isinstance(m, recorder.OpenRecording) for m in fake.asked) == 2
        assert sum(isinstance(m, recorder.AddTrack) for m in fake.asked) == 2
        await person.socket.close()


async def test_recordings_left_open_are_finished_at_the_start(tmp_path: Path) -> None:
    async with school_at(tmp_path) as school:
        room = Room(school, await school.lesson())
        teacher = await room.enter("teacher")
        await teacher.socket.ask(ask.StartRecording)
        await until(lambda: school.recorder.open)
        await school.bus.down("recorder")
        await teacher.socket.ask(ask.EndLesson)
        await room.close()
        fake = school.recorder
    async with school_at(tmp_path, school.bus) as school:
        await school.bus.up("recorder", fake.handle, "recorder2")
        assert await ready(school, room.lesson)


async def recorded(school: School) -> tuple[Room, str]:
    """A lesson that is over, and its recording."""
    room = Room(school, await school.lesson())
    teacher = await room.enter("teacher")
    school.recorder.files = (PROGRAMME,)
    await teacher.socket.ask(ask.StartRecording)
    await until(lambda: school.recorder.open)
    await teacher.socket.ask(ask.EndLesson)
    recording = await ready(school, room.lesson)
    with_files(school, recording)
    await room.close()
    return room, recording


async def test_byte_ranges_downloads_and_the_record_of_views(school: School) -> None:
    _, recording = await recorded(school)
    staff, teacher = await school.who("staff"), await school.who("teacher")
    path = f"/api/recordings/{recording}/programme"
    async with staff.http.get(path, headers={"Range": "bytes=10-19"}) as answer:
        assert answer.status == 206
        assert await answer.read() == WEBM[10:20]
        assert answer.headers["Content-Type"] == "video/webm"
        assert answer.headers["Content-Range"] == f"bytes 10-19/{len(WEBM)}"
    async with staff.http.get(path, headers={"Range": "bytes=100-"}) as answer:
        assert await answer.read() == WEBM[100:]
    async with staff.http.get(path, headers={"Range": f"bytes={len(WEBM)}-"}) as answer:
        assert answer.status == 416
    # A download that leaves the first byte out is a download; what goes on with it is the same one.
    for rest in ("bytes=1-99", "bytes=100-"):
        async with staff.http.get(path, params={"download": "1"}, headers={"Range": rest}) as answer:
            assert answer.status == 206
    async with teacher.http.get(path, params={"download": "1"}) as answer:
        assert answer.headers["Content-Disposition"].endswith("filename*=UTF-8''10A1%20To%C3%A1n.webm")
        assert await answer.read() == WEBM
    async with teacher.http.head(path) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Length"] == str(len(WEBM))
    detail = await teacher.call("GET", f"/api/recordings/{recording}")
    assert [(view["username"], view["downloaded"]) for view in reversed(detail["views"])] == [
        ("staff", False),
        ("staff", True),
        ("teacher", True),
    ]


async def test_nothing_is_given_out_whose_view_cannot_be_written(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, recording = await recorded(school)
    staff = await school.who("staff")
    path = f"/api/recordings/{recording}/programme"

    async def fails(*_: object) -> None:
        raise StoreError("the disk is full")

    closed: list[LocalOpenFile] = []
    close = LocalOpenFile.close

    async def closes(file: LocalOpenFile) -> None:
        closed.append(file)
        await close(file)

    monkeypatch.setattr(LocalOpenFile, "close", closes)
    with monkeypatch.context() as broken:
        broken.setattr(school.stores.recordings, "viewed", fails)
        async with staff.http.get(path) as answer:
            assert answer.status >= 500
    assert closed, "the file stays open"
    async with staff.http.get(path) as answer:
        assert await answer.read() == WEBM
    (view,) = await school.stores.recordings.views(RecordingId(recording))
    assert (view.username, view.downloaded) == ("staff", False)


@pytest.mark.parametrize(
    "name", ["secret.txt", "..", "%2e%2e%2fclassroom.db", "../../classroom.db", "manifest.json"]
)
async def test_only_files_of_the_manifest(school: School, name: str) -> None:
    _, recording = await recorded(school)
    staff = await school.who("staff")
    async with staff.http.get(f"/api/recordings/{recording}/files/{name}") as answer:
        assert answer.status in (404, 405)
    async with staff.http.get(f"/api/recordings/{recording}/files/programme.webm") as answer:
        assert await answer.read() == WEBM


async def test_the_class_watches_when_the_teacher_allows(school: School) -> None:
    _, recording = await recorded(school)
    teacher, pupil, other = [await school.who(name) for name in ("teacher", "student1", "student41")]
    path = f"/api/recordings/{recording}"
    for account in (pupil, other):
        with pytest.raises(Refused, match="no_such_recording"):
            await account.call("GET", path)
    await teacher.call("POST", f"{path}/replay", {"allowed": True})
    assert (await pupil.call("GET", path))["recording"]["replayAllowed"] is True
    assert (await pupil.call("GET", path))["views"] == []
    assert len((await pupil.call("GET", "/api/recordings"))["recordings"]) == 1
    with pytest.raises(Refused, match="no_such_recording"):
        await other.call("GET", path)
    with pytest.raises(Refused, match="not_allowed"):
        await pupil.call("POST", f"{path}/replay", {"allowed": False})
    await teacher.call("POST", f"{path}/replay", {"allowed": False})
    with pytest.raises(Refused, match="no_such_recording"):
        await pupil.call("GET", path)


async def test_a_running_recording_is_not_served(room: Room) -> None:
    teacher = room.people["teacher"]
    await teacher.socket.ask(ask.StartRecording)
    await until(lambda: room.school.recorder.open)
    (recording,) = room.school.recorder.open
    account = await room.school.who("teacher")
    assert (await account.call("GET", f"/api/recordings/{recording}"))["recording"]["state"] == "recording"
    with pytest.raises(Refused, match="recording_not_ready"):
        await account.call("GET", f"/api/recordings/{recording}/programme")
