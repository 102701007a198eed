"""The film: decoded again with PyAV, its pictures and its sound compared with what was recorded."""

import av
import numpy as np
import pytest

from recorder.jobs.export import export
from recorder.jobs.report import JobError
from recorder.jobs.request import ChatLine, ExportDetails, Stage
from tests.recorder.kit.material import VideoEncoder, read_counter
from tests.recorder.kit.written import WrittenRecording, pictures, voice

PLAIN = ExportDetails()


def film(recording, tmp_path, details=PLAIN):
    path = tmp_path / "film.mp4"
    told = []
    export(
        recording.directory, recording.save(), details, path, tell=told.append, check=lambda: None, threads=1
    )
    assert told == sorted(told)
    assert told[-1] == 1.0
    return path


def shown(path, box=None):
    """[(ms, counter)]; ``box``: (x, y, width, height) of where the picture is."""
    found = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            luma = frame.to_ndarray(format="gray")
            if box is not None:
                x, y, width, height = box
                luma = luma[y : y + height, x : x + width]
            found.append((float(frame.pts * frame.time_base) * 1000, read_counter(luma)))
    return found


def test_plays_everywhere_and_stays_in_step(tmp_path):
    recording = WrittenRecording(tmp_path)
    blocks = pictures(VideoEncoder("vp8", 640, 360), 4000) + voice(4000, beep_every=50)
    recording.add("programme.webm", "vp8", blocks, size=(640, 360))
    path = film(recording, tmp_path)

    data = path.read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat"), "the index comes first"
    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, video.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (video.width, video.height) == (1280, 720)
        assert (audio.codec_context.name, audio.rate, audio.channels) == ("aac", 48000, 2)
        assert float(container.duration) / 1e6 == pytest.approx(4.02, abs=0.1)
        sound = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert [counter for _, counter in shown(path)][:99] == list(range(99))
    for ms, counter in shown(path)[:99]:
        assert abs(ms - counter * 40) <= 20
    # A beep each second, of 60 ms: it begins where it was recorded.
    loud = np.abs(sound) > 0.1
    begins = [at for at in np.flatnonzero(loud) if not loud[max(0, at - 24000) : at].any()]
    assert len(begins) == 4
    for second, at in enumerate(begins):
        assert abs(at / 48 - second * 1000) < 80


@pytest.mark.parametrize("codec", ["vp8", "vp9", "h264", "av1"])
def test_parts_of_other_codecs_and_sizes_go_on_one_after_the_other(tmp_path, codec):
    recording = WrittenRecording(tmp_path)
    first = VideoEncoder("vp8", 640, 360)
    recording.add("programme.webm", "vp8", pictures(first, 1000) + voice(1000), size=(640, 360))
    second = VideoEncoder(codec, 320, 180)
    second.counter = 1000
    blocks = pictures(second, 1000, fps=10) if codec == "av1" else pictures(second, 1000)
    blocks = [block for block in blocks if block[2]]
    recording.add("programme-2.webm", codec, blocks + voice(1000), start=1000, size=(320, 180))
    found = shown(film(recording, tmp_path))
    assert all(counter < 1000 for ms, counter in found if ms < 980)
    late = [counter for ms, counter in found if ms > 1100]
    assert late
    assert all(counter >= 1000 for counter in late)


def test_rests_cost_a_picture_a_second(tmp_path):
    recording = WrittenRecording(tmp_path)
    encoder = VideoEncoder("vp8", 640, 360)
    recording.add("programme.webm", "vp8", pictures(encoder, 400) + voice(10_000), size=(640, 360))
    found = shown(film(recording, tmp_path))
    assert 18 <= len(found) <= 22
    assert np.diff([ms for ms, _ in found]).max() <= 1000
    assert found[-1][1] == 9


def test_camera_is_beside_a_screen_and_only_there(tmp_path):
    recording = WrittenRecording(tmp_path)
    recording.add(
        "programme.webm",
        "vp8",
        pictures(VideoEncoder("vp8", 640, 360), 8000, fps=5) + voice(8000),
        size=(640, 360),
    )
    camera = VideoEncoder("vp8", 320, 180)
    camera.counter = 500
    facts = {"share": "c", "participant": "t", "source": "camera"}
    recording.add("share-c.webm", "vp8", pictures(camera, 3000, fps=5), size=(320, 180), **facts)
    other = {**facts, "share": "d", "participant": "somebody"}
    recording.add("share-d.webm", "vp8", pictures(VideoEncoder("vp8"), 1000, fps=5), **other)
    stages = (Stage(0, False), Stage(1000, True))
    path = film(recording, tmp_path, ExportDetails(camera="t", stages=stages))
    inset = (1280 - 256 - 16, 720 - 144 - 16, 256, 144)
    found = shown(path, inset)
    beside = [(ms, counter) for ms, counter in found if counter is not None and counter >= 500]
    assert beside[0][0] == pytest.approx(1000, abs=210)
    # Gone a few seconds after its last picture.
    assert 3000 < beside[-1][0] < 6200
    for ms, counter in beside[:8]:
        assert abs(ms - (counter - 500) * 200) <= 220
    whole = [counter for ms, counter in shown(path) if ms < 900]
    assert whole[:4] == [0, 1, 2, 3]


def test_chat_is_beside_the_picture_from_its_moment_on(tmp_path):
    recording = WrittenRecording(tmp_path)
    recording.add(
        "programme.webm",
        "vp8",
        pictures(VideoEncoder("vp8", 640, 360), 3000, fps=5) + voice(3000),
        size=(640, 360),
    )
    chat = (ChatLine(1500, "Nguyễn Thị Hồng", "Thưa thầy, em chưa hiểu ạ"),)
    path = film(recording, tmp_path, ExportDetails(chat=chat))
    ink = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            luma = frame.to_ndarray(format="gray")
            panel = luma[144:, 1024:]
            ink.append((float(frame.pts * frame.time_base) * 1000, int((panel > 120).sum())))
    assert all(pixels == 0 for ms, pixels in ink if ms < 1480)
    assert all(pixels > 200 for ms, pixels in ink if ms > 1520)


def test_bad_pictures_are_skipped(tmp_path):
    recording = WrittenRecording(tmp_path)
    blocks = pictures(VideoEncoder("vp8", 640, 360), 3000, key_every=1000)
    blocks = [
        (track, ms, data if not 1000 < ms < 1900 else b"\xff" * 40, key) for track, ms, data, key in blocks
    ]
    recording.add("programme.webm", "vp8", blocks + voice(3000), size=(640, 360))
    path = recording.directory / "programme.webm"
    # And a piece of the file itself is lost.
    with path.open("r+b") as file:
        file.seek(path.stat().st_size * 9 // 10)
        file.write(b"\x00" * 2000)
    found = shown(film(recording, tmp_path))
    assert [counter for ms, counter in found if ms < 990] == list(range(25))
    assert any(counter is not None and counter >= 50 for _, counter in found)


def test_nothing_readable_is_said_so(tmp_path):
    recording = WrittenRecording(tmp_path)
    blocks = [(1, index * 40, b"\xff" * 50, True) for index in range(20)]
    recording.add("programme.webm", "vp8", blocks)
    with pytest.raises(JobError) as raised:
        film(recording, tmp_path)
    assert raised.value.failed.code == "unreadable"
    assert not any(recording.directory.glob("*.mp4"))
