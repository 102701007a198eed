"""Closed recordings move to a real S3 server, whatever is killed, down, erased or added meanwhile."""

import asyncio
import hashlib
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder import manifest
from recorder.archive import mark
from recorder.archive.pace import Pacer
from recorder.archive.pending import QUIET_SECONDS, SEAL_SECONDS, look
from recorder.archive.port import Deleted, NoSuchFile, StorageFailed
from recorder.archive.uploads import LONGEST_RETRY, retry_after
from tests.object_store import ObjectStore
from tests.recorder.archive.closed import PART, Closed, Wall
from tests.recorder.archive.moving import Gate, moving

STAYS = {manifest.NAME, mark.NAME}


def second_part(method: str, path: str) -> bool:
    return method == "PUT" and "partNumber=2" in path


async def test_a_closed_recording_moves_and_is_read_all_the_while(tmp_path: Path, s3: ObjectStore) -> None:
    async with moving(tmp_path, s3) as mover:
        one = Closed(mover.root).add("programme.webm", 2 * PART + 5).add("share-1.webm").add("empty.webm", 0)
        (one.directory / ".job-film").write_bytes(b"unfinished")
        (one.directory / "manifest.json.new").write_bytes(b"unfinished")
        before = await mover.archive.open("r1", "programme.webm")
        mover.uploads.start()
        await mover.until_marked(one, *one.data, manifest.NAME)
        assert one.here >= {*one.data, *STAYS}, "somebody may begin to work on them"
        mover.wall.ahead = QUIET_SECONDS + 5
        await mover.until(lambda: one.here == {*STAYS, ".job-film", "manifest.json.new"})
        assert await mover.stored() == {*one.data, manifest.NAME}
        after = await mover.archive.open("r1", "programme.webm")
        assert after.facts.sha256 == hashlib.sha256(one.data["programme.webm"]).hexdigest()
        for opened in (before, after):
            pieces = [piece async for piece in opened.read(0, opened.facts.bytes)]
            assert b"".join(pieces) == one.data["programme.webm"]
            await opened.close()
        assert mover.figure("uploaded_files") == 4
        assert mover.figure("waiting_files") == mover.figure("failures") == 0
        # It is left alone from here on.
        s3.requests.clear()
        await mover.uploads.close()
        mover.anew()
        await mover.uploads._round()
        assert s3.requests == []


async def test_what_is_added_later_follows_and_what_is_removed_goes(tmp_path: Path, s3: ObjectStore) -> None:
    async with moving(tmp_path, s3) as mover:
        one = Closed(mover.root).add("programme.webm")
        mover.uploads.start()
        await mover.until_marked(one, "programme.webm")
        one.add("export-1.mp4", in_manifest=False)
        await mover.until_marked(one, "export-1.mp4")
        async with mover.uploads.leave("r1"):
            await mover.uploads.delete("r1", "export-1.mp4")
            await mover.uploads.delete("r1", "export-1.mp4")
            (one.directory / "export-1.mp4").unlink()
        assert await mover.stored() == {"programme.webm", manifest.NAME}


async def test_a_server_that_is_down_is_waited_for(tmp_path: Path, s3: ObjectStore) -> None:
    async with moving(tmp_path, s3) as mover:
        one = Closed(mover.root).add("programme.webm", PART + 1)
        s3.down()
        mover.uploads.start()
        await mover.until(lambda: mover.figure("failures") >= 2)
        assert (mover.figure("failing"), mover.figure("waiting_files")) == (1, 2)
        assert one.here == {"programme.webm", manifest.NAME}
        s3.heal()
        fail = iter([503, 503, 503, 503])
        s3.before = lambda method, path: next(fail, None) if second_part(method, path) else None
        await mover.until_marked(one, *one.data, manifest.NAME)
        await mover.until(lambda: not mover.figure("failing"))


async def test_killed_in_the_middle_of_a_file_it_goes_on_after(tmp_path: Path, s3: ObjectStore) -> None:
    async with moving(tmp_path, s3) as mover:
        one = Closed(mover.root).add("a.webm").add("programme.webm", 3 * PART)
        gate = Gate(s3, second_part)
        child = await mover.child()
        assert await asyncio.to_thread(gate.reached.wait, 15)
        child.kill()
        await child.wait()
        gate.open.set()
        s3.heal()
        assert set(mark.load(one.directory).files) == {"a.webm"}
        assert one.here >= set(one.data)
        assert await mover.stored() == {"a.webm"}, "half a file is no file"
        mover.uploads.start()
        await mover.until_marked(one, *one.data, manifest.NAME)
        assert await mover.stored() == {*one.data, manifest.NAME}


async def test_erased_while_it_is_uploaded(tmp_path: Path, s3: ObjectStore) -> None:
    async with moving(tmp_path, s3) as mover:
        one = Closed(mover.root).add("a.webm").add("programme.webm", 3 * PART)
        gate = Gate(s3, second_part)
        mover.uploads.start()
        assert await asyncio.to_thread(gate.reached.wait, 15)
        async with mover.uploads.leave("r1"):
            gate.open.set()
            assert await mover.uploads.delete_all("r1") == Deleted(0, 0)
            shutil.rmtree(one.directory)
        await mover.uploads._round()
        assert await mover.stored() == set()
        assert mover.figure("waiting_files") == 0


@pytest.mark.parametrize("size", [100, PART + 1])
async def test_erased_behind_its_back_while_it_is_uploaded(
    tmp_path: Path, s3: ObjectStore, size: int
) -> None:
    async with moving(tmp_path, s3) as mover:
        one = Closed(mover.root).add("programme.webm", size)
        gate = Gate(s3, lambda method, path: method == "HEAD" and "programme" in path)
        mover.uploads.start()
        assert await asyncio.to_thread(gate.reached.wait, 15)
        assert "programme.webm" in await mover.stored()
        shutil.rmtree(one.directory)
        gate.open.set()
        async with asyncio.timeout(15):
            while await mover.stored():  # noqa: ASYNC110
                await asyncio.sleep(0.02)


async def test_a_job_that_begins_does_not_cut_off_an_upload(tmp_path: Path, s3: ObjectStore) -> None:
    async with moving(tmp_path, s3) as mover:
        one = Closed(mover.root).add("programme.webm", 3 * PART)
        gate = Gate(s3, second_part)
        mover.uploads.start()
        assert await asyncio.to_thread(gate.reached.wait, 15)
        mover.held.add("r1")
        await mover.uploads.bring_back("r1")
        gate.open.set()
        await mover.until_marked(one, *one.data, manifest.NAME)
        assert sum("uploads" in path for _, path in s3.requests) == 1


async def test_erased_in_storage_counts_what_is_only_there(tmp_path: Path, s3: ObjectStore) -> None:
    async with moving(tmp_path, s3) as mover:
        one = Closed(mover.root).add("a.webm", 7).add("b.webm", 9)
        mover.wall.ahead = QUIET_SECONDS + 5
        mover.uploads.start()
        await mover.until(lambda: one.here == STAYS)
        s3.down()
        async with mover.uploads.leave("r1"):
            with pytest.raises(StorageFailed):
                await mover.uploads.delete_all("r1")
            s3.heal()
            assert await mover.uploads.delete_all("r1") == Deleted(2, 16)
        with pytest.raises(NoSuchFile):
            await mover.archive.open("r1", "a.webm")


async def test_somebody_works_on_it(tmp_path: Path, s3: ObjectStore) -> None:
    async with moving(tmp_path, s3) as mover:
        one = Closed(mover.root).add("a.webm").add("b.webm")
        mover.held.add("r1")
        mover.wall.ahead = QUIET_SECONDS + 5
        mover.uploads.start()
        await mover.until_marked(one, *one.data, manifest.NAME)
        await mover.uploads._round()
        assert one.here >= set(one.data)
        mover.held.clear()
        await mover.until(lambda: one.here == STAYS)
        mover.held.add("r1")
        # As a crash leaves it.
        (one.directory / ".back").mkdir()
        (one.directory / ".back" / "gone.mp4").write_bytes(b"cut o")
        await mover.uploads.bring_back("r1")
        await mover.uploads.bring_back("r1")
        assert one.here == {*one.data, *STAYS}
        assert {name: (one.directory / name).read_bytes() for name in one.data} == one.data
        uploaded = mover.figure("uploaded_files")
        mover.held.clear()
        mover.wall.ahead += QUIET_SECONDS + 5
        await mover.until(lambda: one.here == STAYS)
        assert mover.figure("uploaded_files") == uploaded, "it was stored already"


async def test_a_file_that_is_not_what_was_sealed_is_kept_and_others_go_on(
    tmp_path: Path, s3: ObjectStore
) -> None:
    async with moving(tmp_path, s3) as mover:
        bad = Closed(mover.root, "r1").add("a.webm")
        good = Closed(mover.root, "r2").add("a.webm")
        (bad.directory / "a.webm").write_bytes(bytes(len(bad.data["a.webm"])))
        mover.wall.ahead = QUIET_SECONDS + 5
        mover.uploads.start()
        await mover.until(lambda: good.here == STAYS and mover.figure("failures") >= 2)
        assert "a.webm" in bad.here
        assert "a.webm" not in await mover.stored("r1")
        assert mover.figure("failing") == 1


def test_what_is_looked_at(tmp_path: Path) -> None:
    now = Wall()
    Closed(tmp_path, "open", closed=False).add("a.webm")
    Closed(tmp_path, "unsealed", sealed=False).add("a.webm")
    (tmp_path / "nothing").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "unsealed")
    for recording in ("open", "nothing", "link", "missing"):
        assert not look(tmp_path, recording, now()).upload
    found = look(tmp_path, "unsealed", now())
    assert (found.upload, found.again_in) == ((), pytest.approx(SEAL_SECONDS, abs=5))
    late = look(tmp_path, "unsealed", now() + SEAL_SECONDS + 5)
    assert [file.name for file in late.upload] == ["a.webm", manifest.NAME]


@given(st.integers(1, 10_000))
def test_retries_grow_to_a_limit(failures: int) -> None:
    assert retry_after(1) <= retry_after(failures) <= retry_after(failures + 1) <= LONGEST_RETRY


@given(st.lists(st.tuples(st.integers(0, 10 << 20), st.floats(0, 20)), max_size=30))
async def test_the_pace_is_kept_on_the_average(parts: list[tuple[int, float]]) -> None:
    now = 0.0

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    pacer = Pacer(lambda: 1e6, clock=lambda: now, sleep=sleep)
    begun: list[tuple[float, int]] = []
    for size, rest in parts:
        await pacer(size)
        begun.append((now, size))
        now += rest
    for index, (at, _) in enumerate(begun):
        sent = 0
        for later, size in begun[index:]:
            assert sent <= (later - at) * 1e6 + 1
            sent += size
