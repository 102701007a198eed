"""Closed recordings on disk, as uploads find them: their bytes are of no meaning."""

import hashlib
import os
import time
from pathlib import Path

from msgspec.structs import replace

from recorder import manifest
from recorder.control import RecordedFile
from recorder.manifest import Manifest

PART = 5 << 20


class Closed:
    def __init__(
        self, root: Path, recording: str = "r1", *, closed: bool = True, sealed: bool = True
    ) -> None:
        self.recording = recording
        self.directory = root / recording
        self.directory.mkdir(parents=True)
        self.data: dict[str, bytes] = {}
        self.manifest = Manifest(recording, "lesson", 1, closed=closed)
        self._sealed = sealed

    def add(self, name: str, size: int = 10_000, *, in_manifest: bool = True) -> "Closed":
        data = self.data[name] = os.urandom(size)
        (self.directory / name).write_bytes(data)
        if in_manifest:
            digest = hashlib.sha256(data).hexdigest() if self._sealed else ""
            file = RecordedFile(name, "share", "video/webm", 0, 1000, size, sha256=digest)
            self.manifest = replace(self.manifest, files=(*self.manifest.files, file))
        manifest.save(self.directory, self.manifest)
        return self

    @property
    def here(self) -> set[str]:
        return {path.name for path in self.directory.iterdir()}


class Wall:
    """The clock on the wall, moved by hand."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead
