"""All that the recorder does to files: one place to see what reaches the disk when, and to try what if not."""

import os
from pathlib import Path

_sync = getattr(os, "fdatasync", os.fsync)


class Files:
    """Called in the disk's thread; raises OSError. What was written may be lost, in any order and in part,
    until ``sync`` has returned; a new name until ``sync_directory`` has."""

    def open(self, path: Path) -> int:
        """To read and write; made when it is not there."""
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)

    def size(self, descriptor: int) -> int:
        return os.fstat(descriptor).st_size

    def read(self, descriptor: int, offset: int, length: int) -> bytes:
        return os.pread(descriptor, length, offset)

    def write(self, descriptor: int, offset: int, data: bytes) -> None:
        view = memoryview(data)
        while view:
            count = os.pwrite(descriptor, view, offset)
            view = view[count:]
            offset += count

    def truncate(self, descriptor: int, size: int) -> None:
        os.ftruncate(descriptor, size)

    def sync(self, descriptor: int) -> None:
        _sync(descriptor)

    def close(self, descriptor: int) -> None:
        os.close(descriptor)

    def rename(self, path: Path, target: Path) -> None:
        path.replace(target)

    def remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)

    def sync_directory(self, directory: Path) -> None:
        descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def write_whole(self, path: Path, data: bytes) -> None:
        """The file has the old or the new content, whenever the machine stops; the new once this returns."""
        temporary = path.with_name(path.name + ".new")
        descriptor = self.open(temporary)
        try:
            self.truncate(descriptor, 0)
            self.write(descriptor, 0, data)
            self.sync(descriptor)
        finally:
            self.close(descriptor)
        self.rename(temporary, path)
        self.sync_directory(path.parent)
