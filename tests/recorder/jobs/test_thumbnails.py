"""Small pictures: which, and that each shows its moment."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from recorder.jobs.report import JobError
from recorder.jobs.thumbnails import MOST, moments, thumbnails
from recorder.jobs.thumbnails_index import INDEX, Thumbnails
from tests.recorder.kit.material import VideoEncoder, read_counter
from tests.recorder.kit.written import WrittenRecording, pictures


@given(st.integers(0, 20 * 3_600_000))
def test_never_too_many_and_never_too_dense(duration):
    found = moments(duration)
    assert 1 <= len(found) <= MOST
    assert found.step >= 10_000
    assert found[-1] + found.step >= duration


def test_each_shows_its_moment(tmp_path):
    recording = WrittenRecording(tmp_path)
    first = pictures(VideoEncoder("vp8", 640, 360), 240_000, fps=0.5, key_every=10_000)
    recording.add("programme.webm", "vp8", first, size=(640, 360))
    second = VideoEncoder("h264", 640, 360)
    second.counter = 500
    later = pictures(second, 60_000, fps=0.5, key_every=20_000)
    recording.add("programme-2.webm", "vp9", [(1, 0, b"junk", True)], start=240_000)
    recording.add("programme-3.mkv", "h264", later, start=250_000, size=(640, 360))
    out = tmp_path / "out"
    out.mkdir()
    told = []
    names = thumbnails(
        recording.directory, recording.save(), lambda name: out / name, tell=told.append, check=lambda: None
    )
    found = msgspec.json.decode((out / INDEX).read_bytes(), type=Thumbnails)
    assert set(names) == {path.name for path in out.iterdir()} == {*found.sheets, INDEX}
    assert told[-1] == 1.0
    assert list(found.at_ms) == sorted(set(found.at_ms))
    assert len(found.at_ms) == pytest.approx(27, abs=2)
    sheet = np.asarray(Image.open(out / found.sheets[0]).convert("L"))
    for index, ms in enumerate(found.at_ms):
        row, column = divmod(index, found.columns)
        tile = sheet[row * found.height :, column * found.width :][: found.height, : found.width]
        expected = ms // 2000 if ms < 240_000 else 500 + (ms - 250_000) // 2000
        assert read_counter(tile) == expected, ms


def test_nothing_to_see_is_said_so(tmp_path):
    recording = WrittenRecording(tmp_path)
    recording.add("programme.webm", "vp8", [(1, 0, b"junk", True)])
    with pytest.raises(JobError):
        thumbnails(
            recording.directory, recording.save(), lambda n: tmp_path / n, tell=print, check=lambda: None
        )
