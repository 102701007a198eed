"""A recorded file as an answer: whole, or one byte range, from wherever the file is (RFC 9110, sections 13 and 14).

Says what aiohttp's FileResponse says of a local file, header for header, but for one thing: If-Range with an
entity tag counts too. Several ranges at once, and ranges that cannot be, are 416; nothing is read for them.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import structlog
from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.helpers import ETAG_ANY, ETag
from aiohttp.web_request import BaseRequest
from msgspec import Struct

from recorder.archive.port import Facts, NoSuchFile, OpenFile, RecordingFiles, StorageFailed
from signaling.gateway.errors import ApiError

_log = structlog.get_logger("recorded_bytes")
_NEVER_CHANGES = {"Cache-Control": "private, max-age=0, must-revalidate"}


class Answer(Struct, frozen=True):
    """What a request gets: the bytes from ``start`` up to, without, ``stop``. ``facts`` None: not told of."""

    status: int
    start: int = 0
    stop: int = 0
    content_range: str = ""
    tells: bool = True


def plan(request: BaseRequest, facts: Facts) -> Answer:
    """Pure: of the request only its conditions and its range."""
    modified = facts.modified / 1e9
    if request.if_match is not None:
        if not _matches(facts.etag, request.if_match, weak=False):
            return Answer(412, tells=False)
    elif request.if_unmodified_since is not None and modified > request.if_unmodified_since.timestamp():
        return Answer(412, tells=False)
    if request.if_none_match is not None:
        if _matches(facts.etag, request.if_none_match, weak=True):
            return Answer(304)
    elif request.if_modified_since is not None and modified <= request.if_modified_since.timestamp():
        return Answer(304)
    if not _range_counts(request, facts.etag, modified):
        return Answer(200, 0, facts.bytes)
    return _ranged(request, facts.bytes)


def _ranged(request: BaseRequest, size: int) -> Answer:
    unsatisfiable = Answer(416, content_range=f"bytes */{size}", tells=False)
    try:
        wanted = request.http_range
    except ValueError:
        return unsatisfiable
    start, stop = wanted.start, wanted.stop
    if start is None:
        return Answer(200, 0, size)
    if start < 0:
        start = max(0, start + size)
    if start >= size:
        return unsatisfiable
    stop = size if stop is None else min(stop, size)
    return Answer(206, start, stop, f"bytes {start}-{stop - 1}/{size}")


def _range_counts(request: BaseRequest, etag: str, modified: float) -> bool:
    text = request.headers.get("If-Range", "").strip()
    if text.startswith(('"', "W/")):
        return text == f'"{etag}"'
    return request.if_range is None or modified <= request.if_range.timestamp()


def _matches(etag: str, wanted: tuple[ETag, ...], *, weak: bool) -> bool:
    if len(wanted) == 1 and wanted[0].value == ETAG_ANY:
        return True
    return any(each.value == etag for each in wanted if weak or not each.is_weak)


async def serve(
    request: web.Request,
    files: RecordingFiles,
    recording: str,
    name: str,
    *,
    mime_type: str,
    headers: Mapping[str, str] | None = None,
    before: Callable[[], Awaitable[None]] | None = None,
) -> web.StreamResponse:
    """A file of a recording. Raises ApiError: not_found, storage_unreachable."""
    try:
        opened = await files.open(recording, name)
    except NoSuchFile:
        raise ApiError("not_found", "no such file") from None
    except StorageFailed as error:
        raise unreachable(error, recording, name) from error
    return await answer(request, opened, mime_type=mime_type, headers=headers, before=before)


async def answer(
    request: web.Request,
    opened: OpenFile,
    *,
    mime_type: str,
    headers: Mapping[str, str] | None = None,
    before: Callable[[], Awaitable[None]] | None = None,
) -> web.StreamResponse:
    """Takes ``opened`` over. ``before``: awaited before anything is sent; where it fails nothing is. What comes from storage has begun to come before the first header is sent, so that
    storage that is down is an error with a code. Raises ApiError."""
    planned = plan(request, opened.facts)
    response = RecordedBytes(
        opened, planned, {"Content-Type": mime_type, **_NEVER_CHANGES, **(headers or {})}
    )
    try:
        if request.method != "HEAD":
            await response.begin()
        if before is not None and planned.status < 400:
            await before()
    except BaseException as error:
        await response.close()
        if isinstance(error, NoSuchFile):
            raise ApiError("not_found", "no such file") from None
        if isinstance(error, StorageFailed):
            raise unreachable(error, "", str(request.path)) from error
        raise
    return response


async def read_whole(files: RecordingFiles, recording: str, name: str, most: int) -> bytes:
    """A small file, of ``most`` bytes. Raises ApiError: not_found (also where it is larger), storage_unreachable."""
    try:
        opened = await files.open(recording, name)
        try:
            if opened.facts.bytes > most:
                raise NoSuchFile(name)
            return b"".join([piece async for piece in opened.read(0, opened.facts.bytes)])
        finally:
            await opened.close()
    except NoSuchFile:
        raise ApiError("not_found", "no such file") from None
    except StorageFailed as error:
        raise unreachable(error, recording, name) from error


def unreachable(error: StorageFailed, recording: str, name: str) -> ApiError:
    _log.warning("storage_failed", recording=recording, file=name, error=str(error))
    return ApiError("storage_unreachable", "the storage of recordings does not answer", {"Retry-After": "5"})


class RecordedBytes(web.StreamResponse):
    """Owns the open file from its making to the end of ``prepare``."""

    def __init__(self, opened: OpenFile, planned: Answer, headers: Mapping[str, str]) -> None:
        super().__init__(status=planned.status, headers=headers)
        self._opened = opened
        self._planned = planned
        self._pieces: AsyncIterator[bytes] | None = None
        self._first: bytes | None = None
        if planned.tells:
            self.etag = opened.facts.etag
            self.last_modified = opened.facts.modified / 1e9
        if planned.content_range:
            self.headers["Content-Range"] = planned.content_range
        if planned.status in (200, 206):
            self.content_length = planned.stop - planned.start
            self.headers["Accept-Ranges"] = "bytes"
        elif planned.status == 412:
            self.content_length = 0
        elif planned.status == 304:
            self._length_check = False

    async def begin(self) -> None:
        """Fetches the first piece of what has to be fetched. Raises StorageFailed, NoSuchFile."""
        if self._opened.file is None and self._planned.start < self._planned.stop:
            self._pieces = self._opened.read(self._planned.start, self._planned.stop)
            self._first = await anext(self._pieces, None)

    async def close(self) -> None:
        pieces, self._pieces = self._pieces, None
        if pieces is not None:
            close = getattr(pieces, "aclose", None)
            if close is not None:
                await close()
        await self._opened.close()

    async def prepare(self, request: BaseRequest) -> AbstractStreamWriter | None:
        try:
            writer = await super().prepare(request)
            if writer is None or request.method == "HEAD" or self._planned.start >= self._planned.stop:
                return writer
            if self._opened.file is not None:
                await self._send_file(request)
            else:
                await self._send_pieces(request)
            await super().write_eof()
            return writer
        finally:
            await self.close()

    async def _send_file(self, request: BaseRequest) -> None:
        transport, file = request.transport, self._opened.file
        if transport is None or file is None:
            raise ConnectionResetError("the connection is lost")
        start, stop = self._planned.start, self._planned.stop
        await asyncio.get_running_loop().sendfile(transport, file, start, stop - start)

    async def _send_pieces(self, request: BaseRequest) -> None:
        try:
            if self._first is not None:
                await self.write(self._first)
                self._first = None
            if self._pieces is not None:
                async for piece in self._pieces:
                    await self.write(piece)
        except (StorageFailed, NoSuchFile, OSError) as error:
            if isinstance(error, ConnectionError):
                raise
            # The headers promised more: only a cut connection says that it is not all.
            _log.warning("file_cut", path=request.path, error=str(error))
            with contextlib.suppress(AttributeError):
                request.transport.abort()  # type: ignore[union-attr]
            raise ConnectionResetError("storage failed on the way") from error
