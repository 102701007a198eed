"""An account that signs in over HTTP and sits in a lesson by its WebSocket, as the web client does."""

import asyncio
import itertools
from collections.abc import Callable
from typing import Any, Self, TypeVar

import aiohttp
import msgspec

from classroom.lesson.state import Admission
from classroom.lesson.view import LessonView, ViewChange
from signaling.wire import client as ask
from signaling.wire import server as told

PING_EVERY = 1.5
T = TypeVar("T")
_decoder = msgspec.json.Decoder(told.AnyServerMessage)


class Refused(Exception):
    """The server answered ``error``."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class SignedIn:
    """One account's HTTP session. Use as a context manager."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = aiohttp.ClientSession(
            url,
            headers={"Origin": url},
            connector=aiohttp.TCPConnector(ssl=False, limit=8),
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            timeout=aiohttp.ClientTimeout(total=60),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """JSON of the answer; raises Refused on an error."""
        async with self.http.request(method, path, json=body) as answer:
            found = await answer.json(content_type=None) if answer.content_length != 0 else None
            if answer.status >= 400:
                error = (found or {}).get("error", {})
                raise Refused(error.get("code", str(answer.status)), error.get("message", ""))
            return found

    async def sign_in(self, username: str, password: str) -> Any:
        return await self.call("POST", "/api/session", {"username": username, "password": password})

    async def new_lesson(self, title: str, class_name: str = "10A1") -> str:
        classes = (await self.call("GET", "/api/classes"))["classes"]
        class_id = next(row["id"] for row in classes if row["name"] == class_name)
        row = await self.call("POST", "/api/lessons", {"title": title, "classId": class_id})
        return str(row["id"])


class LessonSocket:
    """One connection to one lesson. Keeps the view as the web client must, and pings.

    ``page``: names the page, made anew each time it is loaded. ``others`` are told of messages that are neither answers nor the view's.
    """

    def __init__(self, account: SignedIn, lesson: str, page: str = "") -> None:
        self.account = account
        self.page = page
        self.lesson = lesson
        self.view: LessonView | None = None
        self.media: str | None = None
        self.seq = 0
        self.bye: str | None = None
        self.others: list[Callable[[told.AnyServerMessage], None]] = []
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Future[told.AnyServerMessage]] = {}
        self._changed = asyncio.Condition()
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.closed = False

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def connect(self) -> None:
        """Returns with the first view."""
        self._socket = await self.account.http.ws_connect(
            f"/api/lessons/{self.lesson}/socket{f'?page={self.page}' if self.page else ''}",
            max_msg_size=0,
            autoping=True,
        )
        self._tasks = {asyncio.create_task(self._read()), asyncio.create_task(self._ping())}
        await self.until(lambda: self.view is not None)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._socket is not None:
            await self._socket.close()

    # --- asking -----------------------------------------------------------------------------------

    async def ask(self, kind: type[ask.ClientMessage], /, **fields: Any) -> told.AnyServerMessage:
        """The answer; raises Refused."""
        number = next(self._ids)
        future: asyncio.Future[told.AnyServerMessage] = asyncio.get_running_loop().create_future()
        self._answers[number] = future
        assert self._socket is not None
        try:
            await self._socket.send_str(msgspec.json.encode(kind(id=number, **fields)).decode())
            answer = await asyncio.wait_for(future, 30)
        finally:
            self._answers.pop(number, None)
        if isinstance(answer, told.Error):
            raise Refused(answer.code, answer.message)
        return answer

    async def until(self, condition: Callable[[], T], seconds: float = 30.0) -> T:
        """The condition's first true value, looked at after every message."""

        async def wait() -> T:
            async with self._changed:
                while True:
                    if value := condition():
                        return value
                    if self.closed:
                        raise ConnectionError(f"the socket closed ({self.bye})")
                    await self._changed.wait()

        return await asyncio.wait_for(wait(), seconds)

    @property
    def admitted(self) -> bool:
        return self.view is not None and self.view.you.admission is Admission.ADMITTED

    # --- listening --------------------------------------------------------------------------------

    async def _read(self) -> None:
        assert self._socket is not None
        error: BaseException | None = None
        try:
            async for message in self._socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._take(_decoder.decode(message.data))
                    async with self._changed:
                        self._changed.notify_all()
        except Exception as problem:
            error = problem
            raise
        finally:
            self.closed = True
            for future in self._answers.values():
                if not future.done():
                    closed = ConnectionError(f"the socket closed ({self.bye}, {self._socket.close_code})")
                    closed.__cause__ = error
                    future.set_exception(closed)
            async with self._changed:
                self._changed.notify_all()

    def _take(self, message: told.AnyServerMessage) -> None:
        if isinstance(message, told.State):
            self.view, self.media, self.seq = message.view, message.media, message.seq
            return
        if isinstance(message, told.Change):
            assert self.view is not None
            self.view, self.seq = apply(self.view, message.change), message.seq
            return
        if isinstance(message, told.Bye):
            self.bye = message.reason
        number = getattr(message, "id", None)
        if number is not None and (future := self._answers.get(number)) is not None:
            if not future.done():
                future.set_result(message)
            return
        for listener in self.others:
            listener(message)

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(PING_EVERY)
            await self.ask(ask.Ping)


def _merged(old: tuple[Any, ...], new: tuple[Any, ...], gone: tuple[str, ...]) -> tuple[Any, ...]:
    rows = {row.id: row for row in old if row.id not in gone}
    rows.update((row.id, row) for row in new)
    return tuple(rows.values())


def apply(view: LessonView, change: ViewChange) -> LessonView:
    return LessonView(
        you=change.you or view.you,
        lesson=change.lesson or view.lesson,
        people=_merged(view.people, change.people, change.people_gone),
        waiting=_merged(view.waiting, change.waiting, change.waiting_gone),
        shares=_merged(view.shares, change.shares, change.shares_gone),
        messages=_merged(view.messages, change.messages, ()),
    )
