"""Files of recordings in object storage, by obstore: key ``{recording}/{name}``, our facts in its metadata.

Reading asks for one window after the other, so that no connection waits on a slow viewer and none outlives
its time limit. Imported only where a storage URL is given: obstore is 15 MB of library.
"""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

import obstore
from obstore.exceptions import PreconditionError
from obstore.store import ObjectStore

from recorder.archive.failures import FAILURES, storage_failed
from recorder.archive.port import Deleted, Facts, NoSuchFile, StorageFailed, check_name, check_recording
from recorder.archive.source import Pace, Source

ASK_SECONDS = 8.0
"""For facts, lists, deletions: an answer, or none."""
WINDOW_SECONDS = 15.0
FIRST_WINDOW = 256 << 10
"""A player that seeks shows its first picture after this much."""
WINDOW = 1 << 20
_PARTS_AT_ONCE = 2
_DELETE_ROUNDS = 5


async def at_once(_bytes: int) -> None:
    """The pace of those who are not in the way of anything."""


class ObjectOpenFile:
    def __init__(self, store: ObjectStore, key: str, facts: Facts, version: str | None) -> None:
        self._store = store
        self._key = key
        self._version = version
        self.facts = facts

    @property
    def file(self) -> BinaryIO | None:
        return None

    @property
    def version(self) -> str | None:
        """The storage's own entity tag, without quotes."""
        return None if self._version is None else self._version.strip('"')

    async def read(self, start: int, stop: int) -> AsyncIterator[bytes]:
        ahead: asyncio.Task[bytes] | None = None
        size = FIRST_WINDOW
        try:
            while start < stop:
                end = min(start + size, stop)
                size = WINDOW
                data = await (ahead if ahead is not None else self._window(start, end))
                ahead = None
                start = end
                if start < stop:
                    following = self._window(start, min(start + size, stop))
                    ahead = asyncio.create_task(following, name="window of a stored file")
                yield data
        finally:
            if ahead is not None:
                ahead.cancel()
                await asyncio.gather(ahead, return_exceptions=True)

    async def close(self) -> None:
        pass

    async def _window(self, start: int, stop: int) -> bytes:
        try:
            async with asyncio.timeout(WINDOW_SECONDS):
                found = await obstore.get_async(
                    self._store,
                    self._key,
                    options={"range": (start, stop), "if_match": self._version},
                )
                data = (await found.bytes_async()).to_bytes()
        except (FileNotFoundError, PreconditionError):
            raise NoSuchFile(f"{self._key} was deleted or replaced") from None
        except FAILURES as error:
            raise storage_failed(error) from error
        if len(data) != stop - start:
            raise StorageFailed("damaged", f"{self._key}: {len(data)} bytes for {stop - start}")
        return data


class ObjectFiles:
    """``reader`` and ``writer`` are the same storage with other time limits; ``pace`` is of uploads."""

    def __init__(self, reader: ObjectStore, writer: ObjectStore, pace: Pace = at_once) -> None:
        self._reader = reader
        self._writer = writer
        self._pace = pace

    async def names(self, recording: str) -> dict[str, int]:
        prefix = check_recording(recording) + "/"
        found: dict[str, int] = {}
        try:
            stream = obstore.list(self._reader, prefix)
            while True:
                async with asyncio.timeout(ASK_SECONDS):
                    batch = await anext(stream, None)
                if batch is None:
                    return found
                for meta in batch:
                    found[meta["path"].removeprefix(prefix)] = meta["size"]
        except FAILURES as error:
            raise storage_failed(error) from error

    async def open(self, recording: str, name: str) -> ObjectOpenFile:
        key = f"{check_recording(recording)}/{check_name(name)}"
        try:
            async with asyncio.timeout(ASK_SECONDS):
                found = await obstore.get_async(self._reader, key, options={"head": True})
        except FileNotFoundError:
            raise NoSuchFile(key) from None
        except FAILURES as error:
            raise storage_failed(error) from error
        meta, attributes = found.meta, found.attributes
        modified = attributes.get("mtime", "")
        facts = Facts(
            meta["size"],
            int(modified) if modified.isdigit() else int(meta["last_modified"].timestamp()) * 10**9,
            attributes.get("sha256", ""),
        )
        return ObjectOpenFile(self._reader, key, facts, meta["e_tag"])

    async def put(
        self, recording: str, name: str, source: Path, *, mime_type: str = "", sha256: str = ""
    ) -> Facts:
        key = f"{check_recording(recording)}/{check_name(name)}"
        sha256 = sha256 or await asyncio.to_thread(_sha256, source)
        reading = await asyncio.to_thread(Source, source, self._pace)
        try:
            await self._send(key, reading, mime_type or "application/octet-stream", sha256)
            facts = reading.facts
            if facts.sha256 != sha256:
                raise StorageFailed("damaged", f"{name} is not what it was when it was closed")
            await self._check(recording, name, reading)
        except StorageFailed as error:
            if error.code == "damaged":
                await self.delete(recording, name)
            raise
        finally:
            reading.close()
        return facts

    async def _send(self, key: str, reading: Source, mime_type: str, sha256: str) -> None:
        attributes = {"Content-Type": mime_type, "mtime": str(reading.modified), "sha256": sha256}
        try:
            if reading.in_parts:
                await obstore.put_async(
                    self._writer,
                    key,
                    reading.parts(),
                    attributes=attributes,
                    use_multipart=True,
                    chunk_size=reading.part,
                    max_concurrency=_PARTS_AT_ONCE,
                )
            else:
                await obstore.put_async(
                    self._writer, key, await reading.whole(), attributes=attributes, use_multipart=False
                )
        except FAILURES as error:
            raise storage_failed(error) from error

    async def _check(self, recording: str, name: str, reading: Source) -> None:
        """The entity tag of S3 is made of the parts' MD5s. Where it is something else (encrypted with a key of its
        own, other storage), all is read back."""
        found = await self.open(recording, name)
        if found.facts.bytes != reading.size:
            raise StorageFailed("damaged", f"{name}: {found.facts.bytes} bytes for {reading.size}")
        if found.version == reading.etag:
            return
        digest = hashlib.sha256()
        async for piece in found.read(0, reading.size):
            await self._pace(len(piece))
            digest.update(piece)
        if digest.hexdigest() != reading.facts.sha256:
            raise StorageFailed("damaged", f"{name}: other bytes than were sent")

    async def delete(self, recording: str, name: str) -> None:
        await self._delete([f"{check_recording(recording)}/{check_name(name)}"])

    async def delete_all(self, recording: str) -> Deleted:
        deleted = Deleted()
        for _ in range(_DELETE_ROUNDS):
            found = await self.names(recording)
            if not found:
                return deleted
            await self._delete([f"{recording}/{name}" for name in found])
            deleted += Deleted(len(found), sum(found.values()))
        raise StorageFailed("refused", f"files of {recording} are still there after they were deleted")

    async def _delete(self, keys: list[str]) -> None:
        try:
            async with asyncio.timeout(ASK_SECONDS + len(keys) / 100):
                await obstore.delete_async(self._reader, keys)
        except FileNotFoundError:
            pass
        except FAILURES as error:
            raise storage_failed(error) from error

    async def local_copy(self, recording: str, name: str, into: Path) -> Path:
        found = await self.open(recording, name)
        path, digest = into / name, hashlib.sha256()
        with path.open("wb") as file:
            async for piece in found.read(0, found.facts.bytes):
                digest.update(piece)
                await asyncio.to_thread(file.write, piece)
        if found.facts.sha256 not in ("", digest.hexdigest()):
            path.unlink()
            raise StorageFailed("damaged", f"{name} is not what was stored")
        os.utime(path, ns=(found.facts.modified, found.facts.modified))
        return path

    async def close(self) -> None:
        pass


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
