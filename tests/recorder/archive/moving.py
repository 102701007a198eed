"""Uploads at work between a directory and a real S3 server, and what tests hold up or kill of them."""

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from recorder.archive import mark
from recorder.archive.both import Archive
from recorder.archive.opening import open_files
from recorder.archive.uploads import Uploads
from tests.object_store import ObjectStore
from tests.recorder.archive.closed import Closed, Wall

_CHILD = """
import asyncio, sys
from pathlib import Path
from recorder.archive.opening import open_files
from recorder.archive.uploads import Uploads
async def main():
    Uploads(open_files(Path(sys.argv[1]), sys.argv[2])).start()
    await asyncio.Event().wait()
asyncio.run(main())
"""


class Mover:
    """Uploads of ``tmp_path/recordings`` to a place of its own; ``anew``: as after a restart."""

    def __init__(self, root: Path, s3: ObjectStore) -> None:
        self.root = root
        self.url = s3.url()
        self.wall = Wall()
        self.held: set[str] = set()
        root.mkdir(exist_ok=True)
        self.anew()

    def anew(self) -> None:
        archive = open_files(self.root, self.url)
        assert isinstance(archive, Archive)
        self.archive = archive
        self.uploads = Uploads(
            archive, self.held.__contains__, wall=self.wall, look_seconds=0.02, retry=lambda _failures: 0.02
        )

    async def stored(self, recording: str = "r1") -> set[str]:
        return set(await self.archive.stored.names(recording))

    def figure(self, name: str) -> float:
        return self.uploads.figures[f"archive_{name}"]

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(15):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def child(self) -> asyncio.subprocess.Process:
        """Uploads of the same in a process of their own, to be killed."""
        return await asyncio.create_subprocess_exec(sys.executable, "-c", _CHILD, str(self.root), self.url)

    async def until_stored(self, *names: str) -> None:
        async with asyncio.timeout(15):
            while await self.stored() != {*names}:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def until_marked(self, one: Closed, *names: str) -> None:
        await self.until(lambda: {*names} <= set(mark.load(one.directory).files))


@asynccontextmanager
async def moving(tmp_path: Path, s3: ObjectStore) -> AsyncIterator[Mover]:
    mover = Mover(tmp_path / "recordings", s3)
    try:
        yield mover
    finally:
        await mover.uploads.close()


class Gate:
    """Holds a request at the server until it is let go on; the test knows when it is there."""

    def __init__(self, store: ObjectStore, matches: Callable[[str, str], bool]) -> None:
        self.reached = threading.Event()
        self.open = threading.Event()

        def before(method: str, path: str) -> None:
            if matches(method, path):
                self.reached.set()
                self.open.wait(10)

        store.before = before
