"""Local directory with storage behind it: a file is read where it is, at every moment of its upload."""

from pathlib import Path

from recorder.archive.local import LocalFiles
from recorder.archive.port import Deleted, Facts, NoSuchFile, OpenFile, RecordingFiles


class Archive:
    """Owns both. What is put goes to storage; what is deleted goes in both places."""

    def __init__(self, local: LocalFiles, stored: RecordingFiles) -> None:
        self.local = local
        self.stored = stored

    async def names(self, recording: str) -> dict[str, int]:
        return await self.stored.names(recording) | await self.local.names(recording)

    async def open(self, recording: str, name: str) -> OpenFile:
        try:
            return await self.local.open(recording, name)
        except NoSuchFile:
            return await self.stored.open(recording, name)

    async def put(
        self, recording: str, name: str, source: Path, *, mime_type: str = "", sha256: str = ""
    ) -> Facts:
        return await self.stored.put(recording, name, source, mime_type=mime_type, sha256=sha256)

    async def delete(self, recording: str, name: str) -> None:
        """Here first: an upload that ends in between sees that the file is gone."""
        await self.local.delete(recording, name)
        await self.stored.delete(recording, name)

    async def delete_all(self, recording: str) -> Deleted:
        here, stored = await self.local.names(recording), await self.stored.names(recording)
        deleted = await self.local.delete_all(recording)
        await self.stored.delete_all(recording)
        twice = here.keys() & stored.keys()
        only_stored = stored.keys() - twice
        return deleted + Deleted(len(only_stored), sum(stored[name] for name in only_stored))

    async def local_copy(self, recording: str, name: str, into: Path) -> Path:
        try:
            return await self.local.local_copy(recording, name, into)
        except NoSuchFile:
            return await self.stored.local_copy(recording, name, into)

    async def close(self) -> None:
        await self.local.close()
        await self.stored.close()
