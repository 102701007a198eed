"""Files of recordings in a directory: one subdirectory for each recording, plain files in it."""

import asyncio
import contextlib
import errno
import hashlib
import os
import shutil
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

from recorder.archive.port import Deleted, Facts, NoSuchFile, StorageFailed, check_name, check_recording

PIECE = 1 << 20
_COPY = 4 << 20


class LocalOpenFile:
    def __init__(self, file: BinaryIO, facts: Facts) -> None:
        self._file: BinaryIO | None = file
        self.facts = facts

    @property
    def file(self) -> BinaryIO | None:
        return self._file

    async def read(self, start: int, stop: int) -> AsyncIterator[bytes]:
        while start < stop and self._file is not None:
            piece = await asyncio.to_thread(os.pread, self._file.fileno(), min(PIECE, stop - start), start)
            if not piece:
                raise OSError(errno.EIO, "the file is shorter than it was")
            start += len(piece)
            yield piece

    async def close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()


class LocalFiles:
    """``root`` need not be there before something is put."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, recording: str, name: str) -> Path:
        """Raises NoSuchFile."""
        return self.root / check_recording(recording) / check_name(name)

    async def names(self, recording: str) -> dict[str, int]:
        return await asyncio.to_thread(self._names, check_recording(recording))

    async def open(self, recording: str, name: str) -> LocalOpenFile:
        return await asyncio.to_thread(_open, self.path(recording, name))

    async def put(
        self,
        recording: str,
        name: str,
        source: Path,
        *,
        mime_type: str = "",  # noqa: ARG002  (a directory keeps none)
        sha256: str = "",
    ) -> Facts:
        return await asyncio.to_thread(self._put, self.path(recording, name), source, sha256)

    async def delete(self, recording: str, name: str) -> None:
        path = self.path(recording, name)
        await asyncio.to_thread(path.unlink, missing_ok=True)

    async def delete_all(self, recording: str) -> Deleted:
        return await asyncio.to_thread(self._delete_all, check_recording(recording))

    async def local_copy(self, recording: str, name: str, into: Path) -> Path:
        return await asyncio.to_thread(_link, self.path(recording, name), into / name)

    async def close(self) -> None:
        pass

    def _names(self, recording: str) -> dict[str, int]:
        found = {}
        with contextlib.suppress(FileNotFoundError), os.scandir(self.root / recording) as entries:
            for entry in entries:
                with contextlib.suppress(NoSuchFile, FileNotFoundError):
                    if entry.is_file(follow_symlinks=False):
                        found[check_name(entry.name)] = entry.stat(follow_symlinks=False).st_size
        return found

    def _put(self, path: Path, source: Path, sha256: str) -> Facts:
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.new")
        try:
            with source.open("rb") as original, temporary.open("wb") as copy:
                facts = os.fstat(original.fileno())
                digest = hashlib.sha256()
                while piece := original.read(_COPY):
                    digest.update(piece)
                    copy.write(piece)
                copy.flush()
                os.fsync(copy.fileno())
            os.utime(temporary, ns=(facts.st_mtime_ns, facts.st_mtime_ns))
            sent = digest.hexdigest()
            if sha256 and sent != sha256:
                raise StorageFailed("damaged", f"{path.name} is not what it was when it was closed")
            if _sha256(temporary) != sent:
                raise StorageFailed("damaged", f"{path.name} was not written as it was sent")
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        _sync(path.parent)
        return Facts(facts.st_size, facts.st_mtime_ns, sent)

    def _delete_all(self, recording: str) -> Deleted:
        """A directory that somebody made in the meantime goes too."""
        directory = self.root / recording
        if directory.is_symlink():
            directory.unlink()
            return Deleted()
        files, size = 0, 0
        for place, _, names in os.walk(directory):
            for name in names:
                with contextlib.suppress(FileNotFoundError):
                    size += os.lstat(os.path.join(place, name)).st_size
                    os.unlink(os.path.join(place, name))
                    files += 1
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(directory)
            _sync(self.root)
        return Deleted(files, size)


def _open(path: Path) -> LocalOpenFile:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP, errno.ENOTDIR, errno.ENXIO, errno.EISDIR):
            raise NoSuchFile(path.name) from None
        raise
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        raise NoSuchFile(path.name)
    return LocalOpenFile(os.fdopen(descriptor, "rb"), Facts(found.st_size, found.st_mtime_ns))


def _link(original: Path, copy: Path) -> Path:
    copy.unlink(missing_ok=True)
    try:
        os.link(original, copy, follow_symlinks=False)
        if not stat.S_ISREG(copy.lstat().st_mode):
            copy.unlink()
            raise NoSuchFile(original.name)
    except FileNotFoundError:
        raise NoSuchFile(original.name) from None
    except OSError:
        # Another file system, or one without links.
        opened = _open(original)
        assert opened.file is not None
        with opened.file as source, copy.open("wb") as target:
            shutil.copyfileobj(source, target, _COPY)
        os.utime(copy, ns=(opened.facts.modified, opened.facts.modified))
    return copy


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
