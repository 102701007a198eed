"""Stills are kept with the recording, over a crash too, and never without bound."""

import pytest
from msgspec import structs

from recorder import manifest, stills
from recorder.control import AddStill, CloseRecording, RecorderDone, RecorderFailed, RecordingClosed


def still(at, data=b"picture", *, share="s1", mime="image/webp"):
    return AddStill("r1", share, "p1", at, mime, data)


def kept(closed):
    assert isinstance(closed, RecordingClosed)
    return [(file.name, file.start, file.bytes) for file in closed.files if file.role == "still"]


async def test_stills_survive_the_recorder_and_are_in_the_manifest(studio_at, opening):
    studio = await studio_at()
    await studio.recorder.handle(opening)
    for request in (
        still(1000),
        still(1000, b"better picture"),  # of the same moment: takes its place
        still(2000, b"too soon"),
        still(9000, b"better picture"),  # the same again
        still(10_000, b"a", mime="image/png"),
        still(10_500, b"another's", share="s2"),
    ):
        assert await studio.recorder.handle(request) == RecorderDone()
    await studio.close()

    after = await studio_at(studio.directory)
    assert await after.recorder.handle(opening)
    await after.recorder.handle(still(20_000, b"after"))
    directory = studio.directory / "r1"
    await after.close()
    (directory / "still-10000-s1.png").write_bytes(b"")  # as a power loss leaves it
    last = await studio_at(studio.directory)
    closed = await last.recorder.handle(CloseRecording("r1"))
    assert kept(closed) == [
        ("still-1000-s1.webp", 1000, 14),
        ("still-10500-s2.webp", 10_500, 9),
        ("still-20000-s1.webp", 20_000, 5),
    ]
    assert (directory / "still-1000-s1.webp").read_bytes() == b"better picture"
    assert manifest.load(directory).files == closed.files


@pytest.mark.parametrize(
    "request_",
    [
        still(1, mime="text/html"),
        still(1, b""),
        still(-1),
        still(1, bytes(stills.MAX_PART + 1)),
        still(1, mime="image/vnd.classroom.bands"),
        structs.replace(still(1), part=1),
        structs.replace(still(1), part=1, parts=stills.MAX_PARTS + 1),
        still(1, share="../s"),
    ],
)
async def test_what_is_no_still_changes_nothing(studio, opening, request_):
    await studio.recorder.handle(opening)
    assert isinstance(await studio.recorder.handle(request_), RecorderFailed)
    assert kept(await studio.recorder.handle(CloseRecording("r1"))) == []


async def test_there_is_a_bound(studio, opening, monkeypatch):
    monkeypatch.setattr(stills, "MOST", 3)
    monkeypatch.setattr(stills, "MOST_BYTES", 10)
    await studio.recorder.handle(opening)
    for index in range(6):
        await studio.recorder.handle(still(index * 5000, bytes([index]) * (4 if index < 2 else 3)))
    assert len(kept(await studio.recorder.handle(CloseRecording("r1")))) == 2


async def test_large_ones_come_in_parts(studio, opening):
    await studio.recorder.handle(opening)
    parts = [
        structs.replace(still(7, letter), part=index, parts=3)
        for index, letter in enumerate([b"a", b"b", b"c"])
    ]
    other = [
        structs.replace(still(9000, letter), part=index, parts=2) for index, letter in enumerate([b"d", b"e"])
    ]
    for request in (
        parts[1],  # without its beginning
        *parts[:2],
        *other,  # another begins instead
        parts[2],
        *parts[:1],
        *parts,  # begun anew
    ):
        assert await studio.recorder.handle(request) == RecorderDone()
    assert kept(await studio.recorder.handle(CloseRecording("r1"))) == [("still-9000-s1.webp", 9000, 2)]
    assert (studio.directory / "r1" / "still-9000-s1.webp").read_bytes() == b"de"
