"""What files of recordings promise, wherever they are: each back-end alone, and storage behind a directory."""

import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from recorder.archive.address import StorageAddress, parse
from recorder.archive.both import Archive
from recorder.archive.local import LocalFiles
from recorder.archive.opening import open_files, open_storage
from recorder.archive.port import Deleted, NoSuchFile, OpenFile, RecordingFiles, StorageFailed
from tests.object_store import ObjectStore

DATA = os.urandom(3_000_001)
LARGE = os.urandom((5 << 20) * 2 + 77)
BAD_NAMES = (
    "",
    ".",
    "..",
    "../other/a",
    "a/b",
    "/etc/passwd",
    ".hidden",
    "a\0b",
    "a\\b",
    "ü.webm",
    "x" * 201,
)


@pytest.fixture(params=["local", "memory", "s3", "file behind local", "s3 behind local"])
async def files(
    request: pytest.FixtureRequest, tmp_path: Path, s3: ObjectStore
) -> AsyncIterator[RecordingFiles]:
    made: RecordingFiles
    match request.param:
        case "local":
            made = LocalFiles(tmp_path / "files")
        case "memory":
            made = open_storage(StorageAddress("memory"))
        case "s3":
            made = open_storage(parse(s3.url()))
        case "file behind local":
            made = open_files(tmp_path / "files", f"file://{tmp_path}/far")
        case _:
            made = open_files(tmp_path / "files", s3.url())
    yield made
    await made.close()


def source(tmp_path: Path, data: bytes = DATA) -> Path:
    path = tmp_path / "source"
    path.write_bytes(data)
    os.utime(path, ns=(1_700_000_000_123_456_789,) * 2)
    return path


async def read(opened: OpenFile, start: int = 0, stop: int | None = None) -> bytes:
    pieces = [piece async for piece in opened.read(start, opened.facts.bytes if stop is None else stop)]
    assert all(0 < len(piece) <= 1 << 20 for piece in pieces)
    return b"".join(pieces)


async def test_what_was_put_is_read_in_pieces(files: RecordingFiles, tmp_path: Path) -> None:
    put = await files.put("r1", "a.webm", source(tmp_path), mime_type="video/webm")
    assert (put.bytes, put.sha256) == (len(DATA), hashlib.sha256(DATA).hexdigest())
    opened = await files.open("r1", "a.webm")
    assert (opened.facts.bytes, opened.facts.modified) == (len(DATA), 1_700_000_000_123_456_789)
    assert opened.facts.etag == put.etag
    assert await read(opened) == DATA
    for start, stop in (
        (0, 1),
        (0, 0),
        (len(DATA) - 1, len(DATA)),
        (262_143, 262_145),
        (1_000_000, 2_500_000),
    ):
        assert await read(opened, start, stop) == DATA[start:stop]
    await opened.close()
    await opened.close()


async def test_large_and_empty_files(files: RecordingFiles, tmp_path: Path) -> None:
    for name, data in (
        ("large", LARGE),
        ("even", LARGE[: 10 << 20]),
        ("one", LARGE[: 5 << 20]),
        ("empty", b""),
    ):
        digest = hashlib.sha256(data).hexdigest()
        await files.put("r1", name, source(tmp_path, data), sha256=digest)
        opened = await files.open("r1", name)
        assert await read(opened) == data
        await opened.close()
    assert await files.names("r1") == {"large": len(LARGE), "even": 10 << 20, "one": 5 << 20, "empty": 0}


async def test_a_reader_who_leaves_in_the_middle(files: RecordingFiles, tmp_path: Path) -> None:
    await files.put("r1", "a", source(tmp_path))
    opened = await files.open("r1", "a")
    pieces = opened.read(0, len(DATA))
    assert DATA.startswith(await anext(pieces))
    await pieces.aclose()  # type: ignore[attr-defined]
    await opened.close()


async def test_bytes_that_are_not_those_that_were_closed_are_not_stored(
    files: RecordingFiles, tmp_path: Path
) -> None:
    for data in (b"small", LARGE):
        with pytest.raises(StorageFailed, match="damaged"):
            await files.put("r1", "a", source(tmp_path, data), sha256="0" * 64)
    assert await files.names("r1") == {}


async def test_deleting_counts_and_may_be_repeated(files: RecordingFiles, tmp_path: Path) -> None:
    for name in ("a.webm", "b.webm", "c.png"):
        await files.put("r1", name, source(tmp_path))
    await files.put("r10", "a.webm", source(tmp_path))
    await files.delete("r1", "c.png")
    await files.delete("r1", "c.png")
    assert await files.delete_all("r1") == Deleted(2, 2 * len(DATA))
    assert await files.delete_all("r1") == Deleted(0, 0)
    assert await files.names("r1") == {}
    assert await files.names("r10") == {"a.webm": len(DATA)}
    with pytest.raises(NoSuchFile):
        await files.open("r1", "a.webm")


async def test_a_local_copy_is_the_callers_own(files: RecordingFiles, tmp_path: Path) -> None:
    await files.put("r1", "a.webm", source(tmp_path))
    copy = await files.local_copy("r1", "a.webm", tmp_path)
    await files.delete_all("r1")
    assert copy == tmp_path / "a.webm"
    assert copy.read_bytes() == DATA
    with pytest.raises(NoSuchFile):
        await files.local_copy("r1", "a.webm", tmp_path)


async def test_names_that_lead_elsewhere(files: RecordingFiles, tmp_path: Path) -> None:
    (tmp_path / "files").mkdir(exist_ok=True)
    (tmp_path / "secret").write_bytes(b"secret")
    for name in BAD_NAMES:
        with pytest.raises(NoSuchFile):
            await files.open("r1", name)
        with pytest.raises(NoSuchFile):
            await files.open(name if name != "x" * 201 else "", "a")
        with pytest.raises(NoSuchFile):
            await files.delete("r1", name)
    with pytest.raises(NoSuchFile):
        await files.delete_all("..")


async def test_links_and_directories_are_no_files(tmp_path: Path) -> None:
    files = LocalFiles(tmp_path)
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "r1" / "directory").mkdir(parents=True)
    (tmp_path / "r1" / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "r1" / "pipe")
    for name in ("link", "directory", "pipe"):
        with pytest.raises(NoSuchFile):
            await files.open("r1", name)
    assert await files.names("r1") == {}
    with pytest.raises(NoSuchFile):
        await files.local_copy("r1", "link", tmp_path)


async def test_read_where_it_is_before_during_and_after_the_upload(tmp_path: Path, s3: ObjectStore) -> None:
    files = open_files(tmp_path / "files", s3.url())
    assert isinstance(files, Archive)
    await files.local.put("r1", "a", source(tmp_path))
    before = await files.open("r1", "a")
    await files.put("r1", "a", files.local.path("r1", "a"))
    during = await files.open("r1", "a")
    await files.local.delete("r1", "a")
    after = await files.open("r1", "a")
    assert (before.file is None, during.file is None, after.file is None) == (False, False, True)
    for opened in (before, during, after):
        assert opened.facts.etag == before.facts.etag
        assert await read(opened) == DATA
        await opened.close()
    assert await files.delete_all("r1") == Deleted(1, len(DATA))


async def test_storage_that_fails_is_told_with_a_code(tmp_path: Path, s3: ObjectStore) -> None:
    files = open_storage(parse(s3.url()))
    await files.put("r1", "a", source(tmp_path))
    opened = await files.open("r1", "a")

    async def codes() -> set[str]:
        found = set()
        for attempt in (
            files.open("r1", "a"),
            files.names("r1"),
            files.delete("r1", "a"),
            files.delete_all("r1"),
            files.put("r1", "b", source(tmp_path, LARGE)),
            read(opened),
        ):
            with pytest.raises(StorageFailed) as failure:
                await attempt
            found.add(failure.value.code)
        return found

    s3.before = lambda _method, _path: 403
    assert await codes() == {"refused"}
    s3.before = lambda method, _path: None if method in ("GET", "HEAD", "POST") else 500
    with pytest.raises(StorageFailed, match="unreachable"):
        await files.put("r1", "b", source(tmp_path, LARGE))
    s3.down()
    assert await codes() == {"unreachable"}


async def test_a_bucket_that_is_not_there(tmp_path: Path, s3: ObjectStore) -> None:
    files = open_storage(parse(f"s3://nowhere?endpoint={s3.endpoint}&region=us-east-1"))
    for attempt in (files.put("r1", "a", source(tmp_path)), files.names("r1")):
        with pytest.raises(StorageFailed) as failure:
            await attempt
        assert failure.value.code == "missing"


async def test_a_store_whose_entity_tags_are_its_own_is_read_back(
    tmp_path: Path, s3: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = open_storage(parse(s3.url()))
    monkeypatch.setattr("recorder.archive.source.Source.etag", "other")
    await files.put("r1", "a", source(tmp_path))
    assert any(method == "GET" and "/r1/a" in path for method, path in s3.requests)
    monkeypatch.setattr("recorder.archive.objects.ObjectOpenFile._window", _zeros)
    with pytest.raises(StorageFailed, match="damaged"):
        await files.put("r1", "b", source(tmp_path))
    assert await files.names("r1") == {"a": len(DATA)}


async def _zeros(_self: object, start: int, stop: int) -> bytes:
    return bytes(stop - start)
