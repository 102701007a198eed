"""A running gateway with the demonstration school: real server, real SQLite, fakes at the bus's port."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from classroom.stores.database import Database, open_stores
from classroom.stores.demo import seed_demo
from classroom.stores.passwords import Passwords
from classroom.stores.throttle import LocalThrottle
from signaling.gateway.app import STATIC, make_app, make_gateway, serving
from signaling.gateway.context import Gateway
from signaling.settings import Settings
from tests.clients.lesson_socket import LessonSocket, SignedIn
from tests.signaling.gateway.bus import TestBus
from tests.signaling.gateway.fakes import FakeRecorder, FakeWorker

PASSWORD = "correct horse"
PEOPLE = ("teacher", "student1", "student2", "student3", "student41", "staff", "support", "parent1", "admin")


class School:
    def __init__(self, gateway: Gateway, stores: Database, bus: TestBus, url: str) -> None:
        self.gateway = gateway
        self.stores = stores
        self.bus = bus
        self.url = url
        self.worker = FakeWorker()
        self.recorder = FakeRecorder()
        self._signed_in: dict[str, SignedIn] = {}

    async def who(self, username: str) -> SignedIn:
        """The account, signed in (without the cost of a password check)."""
        if username not in self._signed_in:
            self._signed_in[username] = await self.another(username)
        return self._signed_in[username]

    async def another(self, username: str) -> SignedIn:
        account = await self.stores.accounts.find(username)
        assert account is not None
        token, _ = await self.stores.sessions.open(account.id, self.gateway.clock(), "test", "test")
        signed_in = SignedIn(self.url)
        signed_in.http.cookie_jar.update_cookies({"classroom_session": token})
        self._signed_in[f"{username} {len(self._signed_in)}"] = signed_in
        return signed_in

    async def account(self, username: str) -> str:
        found = await self.stores.accounts.find(username)
        assert found is not None
        return found.id

    async def lesson(self, title: str = "Toán", *, live: bool = True) -> str:
        teacher = await self.who("teacher")
        lesson = await teacher.new_lesson(title)
        if live:
            await teacher.call("POST", f"/api/lessons/{lesson}/start")
        return lesson

    async def socket(self, username: str, lesson: str, page: str = "") -> LessonSocket:
        return LessonSocket(await self.who(username), lesson, page)

    async def close(self) -> None:
        for signed_in in self._signed_in.values():
            await signed_in.http.close()


_template: bytes | None = None
"""The demonstration school's database, made once: hashing and migrations are tested elsewhere."""


async def _lay_out(data: Path) -> None:
    global _template
    target = data / "classroom.db"
    if target.exists():
        return
    if _template is None:
        with TemporaryDirectory() as scratch:
            stores = await open_stores(Path(scratch), school="x")
            await seed_demo(stores, PASSWORD)
            await stores.close()
            _template = (Path(scratch) / "classroom.db").read_bytes()
    target.write_bytes(_template)


@asynccontextmanager
async def school_at(
    data: Path, bus: TestBus | None = None, static: Path = STATIC, settings: Settings | None = None
) -> AsyncIterator[School]:
    """``bus``: the one of an earlier gateway, with what still runs on it."""
    fresh = bus is None
    bus = bus or TestBus()
    await _lay_out(data)
    stores = await open_stores(data, school="Trường Thử Nghiệm")
    passwords = Passwords(workers=1)
    settings = msgspec.structs.replace(settings or Settings(), data=data)
    gateway = make_gateway(stores, bus, settings, passwords, LocalThrottle(), static=static)
    try:
        async with serving(make_app(gateway), "127.0.0.1", 0) as port:
            school = School(gateway, stores, bus, f"http://127.0.0.1:{port}")
            if fresh:
                await bus.up("media.0", school.worker.handle, school.worker.instance)
                await bus.up("recorder", school.recorder.handle, "recorder1")
            try:
                yield school
            finally:
                await school.close()
    finally:
        passwords.close()
        await stores.close()


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait for something that no event announces to the test."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
