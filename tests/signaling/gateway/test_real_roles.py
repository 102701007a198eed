"""The gateway with the real media worker and the real recorder: packets go round, files come out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from classroom.ids import LessonId
from classroom.lesson.events import Recorded, RecordingSealed
from media.worker import Worker, WorkerSettings
from recorder.archive.blocking import BlockingFiles
from recorder.archive.local import LocalFiles
from recorder.service import Recorder
from signaling.sealed import check_files
from signaling.wire import client as ask
from tests.media.house import audio_parameters, rtp, video_parameters
from tests.media.peer import Peer
from tests.signaling.gateway.bus import TestBus
from tests.signaling.gateway.room import Person, Room
from tests.signaling.gateway.school import School, school_at, until


@asynccontextmanager
async def real_roles(data: Path) -> AsyncIterator[TestBus]:
    bus = TestBus()
    waiting: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()

    async def publish() -> None:
        while True:
            await bus.publish(*await waiting.get())

    publishing = asyncio.create_task(publish())
    worker = Worker(
        WorkerSettings("127.0.0.1", 0, ("127.0.0.1",)), lambda n: waiting.put_nowait(("media.0", n))
    )
    recorder = Recorder(
        data / "recordings", f"unix:{data / 'tap'}", lambda n: waiting.put_nowait(("recorder", n))
    )
    await worker.start()
    await recorder.start()
    try:
        await bus.up("media.0", worker.handle, "worker")  # type: ignore[arg-type]
        await bus.up("recorder", recorder.handle, "recorder")  # type: ignore[arg-type]
        yield bus
    finally:
        await recorder.close()
        await worker.close()
        publishing.cancel()


class Browser(Person):
    """A person whose transports are real peers."""

    def __init__(self, person: Person) -> None:
        super().__init__(person.name, person.socket)
        self.peers: dict[bool, Peer] = {}
        self.received: list[bytes] = []

    async def connect_media(self) -> None:
        capabilities: Any = await self.socket.ask(ask.GetCapabilities)
        for send in (True, False):
            opened: Any = await self.socket.ask(ask.OpenTransport, send=send)
            peer = self.peers[send] = Peer(opened.parameters)
            self.transports[send] = opened.parameters.id
            await self.socket.ask(
                ask.ConnectTransport, transport=opened.parameters.id, dtls_parameters=peer.dtls_parameters
            )
            await peer.connect()
        self.peers[False].on_rtp = lambda packet, _: self.received.append(packet)
        await self.socket.ask(ask.JoinMedia, rtp_capabilities=capabilities.rtp_capabilities)

    async def produce(self, source: str, parameters: Any) -> str:
        kind = "video" if source in ("screen", "camera") else "audio"
        answer: Any = await self.socket.ask(
            ask.Produce, transport=self.transports[True], kind=kind, source=source, rtp_parameters=parameters
        )
        return str(answer.share)

    async def close(self) -> None:
        for peer in self.peers.values():
            await peer.close()


def picture(number: int, *, key: bool) -> bytes:
    """VP8 (RFC 7741 descriptor, RFC 6386 frame header) as far as a relay and a recorder look at it."""
    descriptor = bytes((0x90, 0x80, 0x80 | (number >> 8) & 0x7F, number & 0xFF))
    if key:
        return (
            descriptor
            + b"\x10\x00\x00\x9d\x01\x2a"
            + (320).to_bytes(2, "little")
            + (180).to_bytes(2, "little")
            + bytes(200)
        )
    return descriptor + b"\x11\x00\x00" + bytes(200)


def worker_taps(school: School) -> int:
    recording = school.gateway.recording.of(school.gateway.hosts.live()[0].lesson)
    return 0 if recording is None else len(recording.table.taps)


async def enter(room: Room, username: str) -> Browser:
    browser = Browser(await room.enter(username, media=False))
    await browser.connect_media()
    return browser


async def test_a_lesson_is_relayed_recorded_and_served(tmp_path: Path) -> None:
    async with real_roles(tmp_path) as bus, school_at(tmp_path, bus) as school:
        room = Room(school, await school.lesson())
        teacher, pupil = await enter(room, "teacher"), await enter(room, "student1")
        screen = await teacher.produce("screen", video_parameters())
        await pupil.socket.until(lambda: screen in pupil.receives)
        await teacher.produce("microphone", audio_parameters())
        await pupil.socket.until(lambda: len(pupil.receives) == 2)
        for consumer in list(pupil.consumers):
            await pupil.socket.ask(ask.ResumeConsumer, consumer=consumer)
        await teacher.socket.ask(ask.StartRecording)
        await until(lambda: worker_taps(school) >= 2)
        for number in range(60):
            payload = picture(number, key=number % 10 == 0)
            packet = rtp(number, payload, ssrc=1111, payload_type=96, timestamp=number * 3000)
            teacher.peers[True].send_rtp(packet)
            await asyncio.sleep(0.01)
        await teacher.socket.ask(ask.PauseRecording)
        await until(lambda: worker_taps(school) == 0)
        await teacher.socket.ask(ask.ResumeRecording)
        await until(lambda: worker_taps(school) >= 2)
        for number in range(60, 80):
            payload = picture(number, key=number % 10 == 0)
            packet = rtp(number, payload, ssrc=1111, payload_type=96, timestamp=number * 3000)
            teacher.peers[True].send_rtp(packet)
            await asyncio.sleep(0.01)
        await until(lambda: len(pupil.received) > 30)
        before = len(pupil.received)
        await teacher.socket.ask(ask.Remove, participant=await school.account("student1"))
        await pupil.socket.until(lambda: pupil.socket.bye == "removed")
        await until(pupil.peers[False].closed_by_remote.is_set)
        assert len(pupil.received) >= before
        await teacher.socket.ask(ask.EndLesson)
        await _is_served(school, room)
        await _is_sealed(school, room)
        for browser in (teacher, pupil):
            await browser.close()
        await room.close()


async def _is_sealed(school: School, room: Room) -> None:
    lesson = LessonId(room.lesson)
    log: tuple[Recorded, ...] = ()
    async with asyncio.timeout(20):
        while not any(isinstance(entry.event, RecordingSealed) for entry in log):
            await asyncio.sleep(0.02)
            log = tuple(await school.stores.log.read(lesson))
    entries = await school.stores.recordings.of_lesson(lesson)
    files = BlockingFiles(LocalFiles(school.gateway.settings.recordings), asyncio.get_running_loop())
    found = await asyncio.to_thread(lambda: list(check_files(log, entries, files)))
    assert found
    assert all(finding.holds and finding.text.endswith(" holds") for finding in found), found


async def _is_served(school: School, room: Room) -> None:
    account = await school.who("teacher")
    async with asyncio.timeout(20):
        while True:
            rows = (await account.call("GET", f"/api/recordings?lesson={room.lesson}"))["recordings"]
            if rows and rows[0]["state"] == "ready":
                break
            await asyncio.sleep(0.02)
    detail = await account.call("GET", f"/api/recordings/{rows[0]['id']}")
    assert {file["role"] for file in detail["files"]} == {"programme", "share"}
    assert {file["participantName"] for file in detail["files"] if file["role"] == "share"} != {""}
    async with account.http.get(
        f"/api/recordings/{rows[0]['id']}/programme", headers={"Range": "bytes=0-3"}
    ) as answer:
        assert answer.status == 206
        assert await answer.read() == b"\x1a\x45\xdf\xa3"
    for file in detail["files"]:
        async with account.http.get(f"/api/recordings/{rows[0]['id']}/files/{file['name']}") as answer:
            assert answer.status == 200
            assert len(await answer.read()) == file["bytes"]
