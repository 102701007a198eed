"""What arrives in storage after its recording was erased is found and deleted, whoever was killed meanwhile."""

import asyncio
import shutil
import sys
from pathlib import Path

import obstore

from recorder.archive.late import AFTER, NAME
from recorder.archive.objects import ObjectFiles
from recorder.archive.port import Deleted
from tests.object_store import ObjectStore
from tests.recorder.archive.closed import PART, Closed
from tests.recorder.archive.moving import Gate, Mover, moving

FIRST, SECOND, LAST = AFTER


def last_request(method: str, path: str) -> bool:
    """The one that makes an object of its parts."""
    return method == "POST" and "uploadId" in path


async def erase(mover: Mover) -> Deleted:
    async with mover.uploads.leave("r1"):
        deleted = await mover.uploads.delete_all("r1")
        shutil.rmtree(mover.root / "r1", ignore_errors=True)
    return deleted


async def restart(mover: Mover) -> None:
    await mover.uploads.close()
    mover.anew()
    mover.uploads.start()


async def arrive(mover: Mover) -> None:
    """As if it had been on its way. Nobody reads it back: who looks for it may have deleted it by then."""
    assert isinstance(mover.archive.stored, ObjectFiles)
    await obstore.put_async(mover.archive.stored._writer, "r1/programme.webm", b"seen and heard")


def remembered(mover: Mover) -> list[str]:
    return [path.name for path in (mover.root / NAME).iterdir()]


async def test_erased_while_its_last_request_is_on_its_way(tmp_path: Path, s3: ObjectStore) -> None:
    async with moving(tmp_path, s3) as mover:
        Closed(mover.root).add("programme.webm", PART + 1)
        gate = Gate(s3, last_request)
        mover.uploads.start()
        assert await asyncio.to_thread(gate.reached.wait, 15)
        assert await erase(mover) == Deleted(0, 0)
        gate.open.set()
        await mover.until_stored("programme.webm")
        mover.wall.ahead = FIRST + 5
        await mover.until_stored()
        await mover.until(lambda: mover.figure("late_files") == 1)


async def test_killed_with_its_last_request_on_its_way_and_erased_by_the_next(
    tmp_path: Path, s3: ObjectStore
) -> None:
    async with moving(tmp_path, s3) as mover:
        Closed(mover.root).add("programme.webm", PART + 1)
        gate = Gate(s3, last_request)
        child = await mover.child()
        assert await asyncio.to_thread(gate.reached.wait, 15)
        child.kill()
        await child.wait()
        assert await erase(mover) == Deleted(0, 0)
        await restart(mover)
        # Who starts looks once: what comes during that would be gone before it is seen here.
        await mover.until(lambda: "r1" in mover.uploads._late._looked)
        gate.open.set()
        await mover.until_stored("programme.webm")
        mover.wall.ahead = FIRST + 5
        await mover.until_stored()


async def test_what_arrives_while_nobody_runs_is_found_at_the_start(tmp_path: Path, s3: ObjectStore) -> None:
    async with moving(tmp_path, s3) as mover:
        Closed(mover.root).add("programme.webm")
        await erase(mover)
        await mover.uploads.close()
        await arrive(mover)
        await restart(mover)
        await mover.until_stored()
        # However late the start is.
        await mover.uploads.close()
        await arrive(mover)
        mover.wall.ahead = 100 * LAST
        await restart(mover)
        await mover.until_stored()
        await mover.until(lambda: remembered(mover) == [])


async def test_it_is_looked_for_until_nothing_can_arrive_any_more(tmp_path: Path, s3: ObjectStore) -> None:
    async with moving(tmp_path, s3) as mover:
        Closed(mover.root).add("programme.webm")
        await erase(mover)
        await restart(mover)
        for after in AFTER:
            await arrive(mover)
            assert remembered(mover) == ["r1"]
            mover.wall.ahead = after + 5
            await mover.until_stored()
        await mover.until(lambda: remembered(mover) == [] and not mover.uploads._late._erased)
        s3.requests.clear()
        await mover.uploads._late.look()
        assert s3.requests == []


async def test_storage_that_is_down_is_asked_again(tmp_path: Path, s3: ObjectStore) -> None:
    async with moving(tmp_path, s3) as mover:
        Closed(mover.root).add("programme.webm")
        await erase(mover)
        await arrive(mover)
        s3.down()
        mover.wall.ahead = LAST + 5
        mover.uploads.start()
        await mover.until(lambda: mover.figure("failures") >= 2)
        assert mover.figure("failing") == 1
        assert remembered(mover) == ["r1"]
        s3.heal()
        await mover.until_stored()
        await mover.until(lambda: remembered(mover) == [] and not mover.figure("failing"))


_ERASING = """
import asyncio, sys
from pathlib import Path
from recorder.archive.opening import open_files
from recorder.archive.uploads import Uploads
async def main():
    uploads = Uploads(open_files(Path(sys.argv[1]), sys.argv[2]))
    async with uploads.leave("r1"):
        await uploads.delete_all("r1")
asyncio.run(main())
"""


async def test_killed_while_it_erases(tmp_path: Path, s3: ObjectStore) -> None:
    """Nobody asks for the erasure a second time."""
    async with moving(tmp_path, s3) as mover:
        await arrive(mover)
        gate = Gate(s3, lambda method, path: method == "POST" and "delete" in path)
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _ERASING, str(mover.root), mover.url
        )
        assert await asyncio.to_thread(gate.reached.wait, 15)
        child.kill()
        await child.wait()
        gate.open.set()
        await mover.until_stored()
        s3.heal()
        await arrive(mover)
        mover.uploads.start()
        await mover.until_stored()


async def test_erased_again_during_the_last_look_it_is_not_forgotten(tmp_path: Path, s3: ObjectStore) -> None:
    async with moving(tmp_path, s3) as mover:
        await erase(mover)
        mover.wall.ahead = LAST + 5
        gate = Gate(s3, lambda method, path: method == "GET" and "prefix" in path)
        looking = asyncio.create_task(mover.uploads._late.look())
        assert await asyncio.to_thread(gate.reached.wait, 15)
        await mover.uploads._late.remember("r1")
        gate.open.set()
        await looking
        assert remembered(mover) == ["r1"]


async def test_a_clock_that_was_put_back_keeps_nothing_for_longer(tmp_path: Path, s3: ObjectStore) -> None:
    async with moving(tmp_path, s3) as mover:
        mover.wall.ahead = 1_000_000
        await erase(mover)
        mover.wall.ahead = 0
        await restart(mover)
        await mover.uploads._late.look()
        mover.wall.ahead = LAST + 5
        await mover.until(lambda: remembered(mover) == [])
