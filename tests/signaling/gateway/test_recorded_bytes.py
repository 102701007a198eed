"""A recorded file over HTTP: one table of requests against aiohttp's FileResponse, a directory, and storage."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import formatdate
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from recorder.archive.opening import open_files
from recorder.archive.port import RecordingFiles
from signaling.gateway.errors import ApiError, error_response
from signaling.gateway.recorded_bytes import serve
from tests.object_store import ObjectStore

DATA = os.urandom(700_001)
SIZE = len(DATA)
MODIFIED = 1_700_000_000_123_456_789
ETAG = f'"{MODIFIED:x}-{SIZE:x}"'
_DATE = formatdate(MODIFIED // 10**9 + 1, usegmt=True)
_BEFORE = formatdate(MODIFIED // 10**9 - 10, usegmt=True)

REQUESTS: list[dict[str, str]] = [
    {},
    *(
        {"Range": wanted}
        for wanted in (
            "bytes=0-",
            "bytes=0-0",
            "bytes=0-1",
            "bytes=5-9",
            f"bytes={SIZE - 1}-",
            f"bytes={SIZE - 1}-{SIZE - 1}",
            f"bytes={SIZE - 5}-{SIZE + 5}",
            f"bytes={SIZE}-",
            f"bytes={SIZE}-{SIZE}",
            "bytes=262143-262144",
            "bytes=100-600000",
            "bytes=-1",
            "bytes=-500",
            "bytes=-0",
            f"bytes=-{SIZE}",
            f"bytes=-{SIZE + 1}",
            "bytes=0-999999999999999999999999",
            "bytes=99999999999999999999999-",
            "bytes=" + "9" * 5000 + "-",
            "bytes=9-5",
            "bytes=--5",
            "bytes=-",
            "bytes=",
            "bytes",
            "",
            "items=0-1",
            "bytes=a-b",
            "bytes=0x1-2",
            "bytes= 0-1",
            "bytes=0-1,3-4",
            "bytes=0-,0-,0-",
            ",".join(["bytes=0-1"] + ["0-"] * 500),
            "bytes=٠-١",
            "BYTES=0-1",
        )
    ),
    {"If-None-Match": ETAG},
    {"If-None-Match": f"W/{ETAG}", "Range": "bytes=0-1"},
    {"If-None-Match": '"other"'},
    {"If-None-Match": "*"},
    {"If-Match": ETAG, "Range": "bytes=0-1"},
    {"If-Match": f"W/{ETAG}"},
    {"If-Match": '"other"', "Range": "bytes=0-1"},
    {"If-Match": "*"},
    {"If-Modified-Since": _DATE},
    {"If-Modified-Since": _BEFORE},
    {"If-Modified-Since": "never"},
    {"If-Unmodified-Since": _DATE},
    {"If-Unmodified-Since": _BEFORE},
    {"If-Range": _DATE, "Range": "bytes=0-1"},
    {"If-Range": _BEFORE, "Range": "bytes=0-1"},
    {"If-Range": _BEFORE, "Range": "bytes=9-1"},
    {"If-Range": ETAG, "Range": "bytes=0-1"},
    {"If-Range": "nonsense", "Range": "bytes=0-1"},
]
_HEADERS = (
    "Content-Length",
    "Content-Range",
    "Content-Type",
    "Accept-Ranges",
    "Cache-Control",
    "ETag",
    "Last-Modified",
    "Transfer-Encoding",
    "Content-Encoding",
)
_FILE = {"Content-Type": "video/webm", "Cache-Control": "private, max-age=0, must-revalidate"}
Got = tuple[int, dict[str, str | None], bytes]


class Three:
    """The same file as aiohttp serves it, from a directory, and from storage."""

    def __init__(self, url: str, http: aiohttp.ClientSession, files: RecordingFiles) -> None:
        self.url = url
        self.http = http
        self.files = files

    async def ask(self, place: str, headers: dict[str, str], method: str = "GET") -> Got:
        async with self.http.request(method, f"{self.url}/{place}/a.webm", headers=headers) as answer:
            told = {name: answer.headers.get(name) for name in _HEADERS}
            return answer.status, told, await answer.read()


@asynccontextmanager
async def serving(tmp_path: Path, s3: ObjectStore) -> AsyncIterator[Three]:
    local = open_files(tmp_path, "")
    stored = open_files(tmp_path / "empty", s3.url())
    path = tmp_path / "r1" / "a.webm"
    path.parent.mkdir()
    path.write_bytes(DATA)
    os.utime(path, ns=(MODIFIED, MODIFIED))
    await stored.put("r1", "a.webm", path)

    async def theirs(_: web.Request) -> web.StreamResponse:
        return web.FileResponse(path, headers=_FILE)

    async def ours(request: web.Request) -> web.StreamResponse:
        files = {"local": local, "stored": stored}[request.match_info["place"]]
        try:
            return await serve(request, files, "r1", request.match_info["name"], mime_type="video/webm")
        except ApiError as error:
            return error_response(error)

    app = web.Application()
    app.router.add_route("*", "/theirs/{name}", theirs)
    app.router.add_route("*", "/{place}/{name}", ours)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    async with aiohttp.ClientSession(auto_decompress=False) as http:
        yield Three(f"http://127.0.0.1:{runner.addresses[0][1]}", http, stored)
    await runner.cleanup()


async def test_ranges_and_conditions_agree_byte_for_byte(tmp_path: Path, s3: ObjectStore) -> None:
    async with serving(tmp_path, s3) as three:
        for headers in REQUESTS:
            for method in ("GET", "HEAD"):
                told = [await three.ask(place, headers, method) for place in ("theirs", "local", "stored")]
                assert told[1] == told[0], (method, headers)
                assert told[2] == told[0], (method, headers)


async def test_what_they_tell(tmp_path: Path, s3: ObjectStore) -> None:
    async with serving(tmp_path, s3) as three:
        for place in ("local", "stored"):
            status, told, body = await three.ask(place, {"Range": "bytes=5-9"})
            assert (status, told["Content-Range"], body) == (206, f"bytes 5-9/{SIZE}", DATA[5:10])
            assert (await three.ask(place, {"Range": "bytes=-500"}))[2] == DATA[-500:]
            for wanted in ("bytes=0-1,3-4", "bytes=9-5", f"bytes={SIZE}-", "bytes=" + "9" * 5000 + "-"):
                status, told, body = await three.ask(place, {"Range": wanted})
                assert (status, told["Content-Range"], body) == (416, f"bytes */{SIZE}", b"")
            # Where aiohttp does not look at it.
            stale = {"If-Range": '"other"', "Range": "bytes=0-1"}
            assert (await three.ask(place, stale))[::2] == (200, DATA)
            weak = {"If-Range": f"W/{ETAG}", "Range": "bytes=0-1"}
            assert (await three.ask(place, weak))[::2] == (200, DATA)


async def test_refused_ranges_and_heads_ask_storage_for_no_byte(tmp_path: Path, s3: ObjectStore) -> None:
    async with serving(tmp_path, s3) as three:
        s3.requests.clear()
        for wanted in ("bytes=0-1,3-4", "bytes=9-5", f"bytes={SIZE}-"):
            assert (await three.ask("stored", {"Range": wanted}))[0] == 416
        assert (await three.ask("stored", {}, "HEAD"))[0] == 200
        assert (await three.ask("stored", {"If-None-Match": ETAG}))[0] == 304
        assert {method for method, _ in s3.requests} == {"HEAD"}


async def test_a_viewer_who_leaves_and_one_who_waits(tmp_path: Path, s3: ObjectStore) -> None:
    """No more is fetched than the viewer takes: storage is asked window by window."""
    async with serving(tmp_path, s3) as three:
        big = tmp_path / "big"
        big.write_bytes(os.urandom(24 << 20))
        await three.files.put("r1", "big.webm", big)
        s3.requests.clear()
        async with three.http.get(f"{three.url}/stored/big.webm") as answer:
            await answer.content.readexactly(100_000)
            await asyncio.sleep(0)
        assert sum(method == "GET" for method, _ in s3.requests) < 24
        assert (await three.ask("stored", {"Range": "bytes=0-1"}))[2] == DATA[:2]


async def test_storage_that_is_down_is_an_error_with_a_code(tmp_path: Path, s3: ObjectStore) -> None:
    async with serving(tmp_path, s3) as three:
        assert (await three.ask("stored", {}))[0] == 200
        gets = [0]

        def after_the_first(method: str, _: str) -> int | None:
            gets[0] += method == "GET"
            return 500 if method == "GET" else None

        s3.before = after_the_first
        status, _, body = await three.ask("stored", {})
        assert (status, b"storage_unreachable" in body) == (503, True)
        assert gets[0] > 0
        s3.down()
        status, _, body = await three.ask("stored", {"Range": "bytes=0-1"})
        assert (status, b"storage_unreachable" in body) == (503, True)
        assert (await three.ask("local", {}))[2] == DATA
        s3.heal()
        assert (await three.ask("stored", {}))[2] == DATA


async def test_storage_that_fails_on_the_way_cuts_the_connection(tmp_path: Path, s3: ObjectStore) -> None:
    async with serving(tmp_path, s3) as three:
        gets = [0]

        def second(method: str, _: str) -> int | None:
            gets[0] += method == "GET"
            return 404 if gets[0] > 1 else None

        s3.before = second
        with pytest.raises(aiohttp.ClientPayloadError):
            await three.ask("stored", {})
        s3.heal()
        assert (await three.ask("stored", {}))[2] == DATA
