"""Whatever a crash has left of a recording's files is finished, and can be read; nobody else's is touched."""

import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recorder.control import (
    AddStill,
    CloseRecording,
    ListRecordings,
    OpenRecording,
    RecorderFailed,
    RecordingClosed,
    RecordingsOpen,
    SetStage,
)
from recorder.webm.head import build_head
from recorder.webm.head_read import BadHead, read_head
from recorder.webm.tracks import Track
from tests.recorder.conftest import EPOCH, Studio
from tests.recorder.kit import reading
from tests.recorder.kit.sender import Stream, VideoTrack, VoiceTrack
from tests.recorder.test_power import PNG, add, check_file, play


@pytest.fixture
async def left(tmp_path):
    """A recording's directory as it is in the middle of a lesson."""
    root = tmp_path / "running"
    studio = Studio(root, f"unix:{tmp_path}/running.sock")
    await studio.recorder.start()
    await studio.recorder.handle(OpenRecording("r1", "lesson1", int(EPOCH)))
    screen, voice = VideoTrack(1), VoiceTrack(2)
    stream = Stream([screen, voice], EPOCH)
    await add(studio, screen, voice)
    await studio.recorder.handle(SetStage("r1", "s1"))
    await play(studio, stream, 2_500)
    await studio.recorder.handle(AddStill("r1", "s1", "p1", 2_400, "image/png", PNG))
    stream.tracks.remove(screen)
    stream.join(VideoTrack(11, "h264"), 2_500)
    await add(studio, stream.tracks[-1])
    await play(studio, stream, 5_000)
    shutil.copytree(root, tmp_path / "left")
    await studio.close()
    return tmp_path / "left"


async def finish(tmp_path, root):
    studio = Studio(root, f"unix:{tmp_path}/finish.sock")
    await studio.recorder.start()
    listed = await studio.recorder.handle(ListRecordings())
    closed = await studio.recorder.handle(CloseRecording("r1"))
    again = await studio.recorder.handle(CloseRecording("r1"))
    await studio.close()
    return listed, closed, again


def read_all(directory, closed):
    assert isinstance(closed, RecordingClosed)
    for file in closed.files:
        if file.role == "still":
            assert (directory / file.name).stat().st_size == file.bytes
        elif check_file(directory / file.name, file):
            kind = "audio" if file.mime_type.startswith("audio") else "video"
            assert reading.packet_times(directory / file.name, kind) or file.role == "programme"


FILES = ["journal", "manifest.json", "programme.webm", "programme-2.webm", "share-s1.webm", "share-s1.mkv",
         "share-s2.webm", "still-2400-s1.png"]  # fmt: skip


def harm(path, how, share):
    data = path.read_bytes()
    cut = round(share * len(data))
    match how:
        case "cut":
            path.write_bytes(data[:cut])
        case "gone":
            path.unlink()
        case "zeros":
            path.write_bytes(data[:cut] + bytes(len(data) - cut))
        case "hole":
            path.write_bytes(data[:cut] + bytes(min(512, len(data) - cut)) + data[cut + 512 :])


async def test_files_cut_off_anywhere(tmp_path, left):
    assert sorted(path.name for path in (left / "r1").iterdir()) == sorted(FILES)
    anything = st.tuples(st.sampled_from(FILES), st.sampled_from(["cut", "gone", "zeros"]), st.floats(0, 1))
    told = st.tuples(st.sampled_from(FILES[:2]), st.just("hole"), st.floats(0, 1))
    harms = anything | told
    runs: list[list[tuple[str, str, float]]] = []

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(harms, min_size=1, max_size=8, unique_by=lambda harm: harm[0]))
    def collect(harms):
        runs.append(harms)

    collect()
    for number, harms in enumerate(runs):
        root = tmp_path / f"harmed{number}"
        shutil.copytree(left, root)
        for name, how, share in harms:
            harm(root / "r1" / name, how, share)
        listed, closed, again = await finish(tmp_path, root)
        try:
            if isinstance(closed, RecorderFailed):
                harmed = {name for name, _, _ in harms}
                assert closed.code == "no_such_recording"
                assert {"journal", "manifest.json", "programme.webm"} <= harmed, (
                    "there was something to go by"
                )
            else:
                assert listed == RecordingsOpen(("r1",))
                assert again == closed
                read_all(root / "r1", closed)
        except AssertionError as error:
            raise AssertionError(str(harms)) from error
        shutil.rmtree(root)


@pytest.mark.parametrize("lost", [("journal",), ("journal", "manifest.json")])
async def test_without_a_journal_all_of_it_is_found(tmp_path, left, lost):
    for name in lost:
        (left / "r1" / name).unlink()
    _, closed, _ = await finish(tmp_path, left)
    read_all(left / "r1", closed)
    assert {file.name for file in closed.files} == set(FILES) - {
        "journal",
        "manifest.json",
        "still-2400-s1.png",
    }
    assert closed.started_at == int(EPOCH)
    assert closed.lesson == ("" if "manifest.json" in lost else "lesson1")
    assert closed.duration > 3_500
    by_name = {file.name: file for file in closed.files}
    assert by_name["programme-2.webm"].start > 2_400
    assert by_name["share-s1.mkv"].start > 2_400
    if "manifest.json" not in lost:
        assert by_name["share-s1.mkv"].participant == "p1"
        assert by_name["share-s1.mkv"].share == "s1"


async def test_what_is_not_ours_stays_as_it_is(tmp_path, left):
    directory = left / "r1"
    (directory / "notes.txt").write_text("a teacher's")
    (directory / "share-x.webm").write_bytes(b"no head of ours")
    (directory / "inside").mkdir()
    (directory / "share-link.webm").symlink_to("/etc/passwd")
    (left / "empty").mkdir()
    (left / "file").write_text("x")
    listed, closed, _ = await finish(tmp_path, left)
    assert listed == RecordingsOpen(("r1",))
    read_all(directory, closed)
    assert not {"notes.txt", "share-x.webm", "share-link.webm"} & {file.name for file in closed.files}
    assert (directory / "notes.txt").read_text() == "a teacher's"
    assert (directory / "share-x.webm").read_bytes() == b"no head of ours"
    assert (directory / "share-link.webm").is_symlink()


tracks = st.builds(
    Track,
    st.integers(1, 126),
    st.sampled_from(["vp8", "vp9", "av1", "h264"]),
    st.integers(1, 8192),
    st.integers(1, 8192),
    private=st.binary(max_size=200),
)


@given(tracks, st.integers(0, 2**42), st.integers(1, 2), st.none() | st.integers(0, 10**8))
def test_heads_are_read_as_they_were_written(video, started_at, channels, duration):
    both = (video, Track(127 - video.number, "opus", channels=channels))
    if both[0].number == both[1].number:
        return
    found = read_head(build_head(both, started_at=started_at, duration=duration))
    assert (found.started_at, found.tracks) == (started_at, both)


@given(st.binary(max_size=100).map(lambda data: data.ljust(4096, b"\0")) | st.binary(max_size=5000))
def test_anything_is_a_head_or_a_typed_error(data):
    with pytest.raises(BadHead):
        read_head(data)
