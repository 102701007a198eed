"""A growing file as it stands is a whole one, the same bytes whenever it is asked for."""

import contextlib
import io
import os
from pathlib import Path

import av
import pytest

from recorder import journal, snapshot
from recorder.journal import Begun, CueMade, FileMade, Line
from recorder.programme import NAME, TRACKS, VIDEO
from recorder.snapshot import NoSnapshot, Snapshot
from recorder.webm.writer import WebmWriter
from tests.recorder.kit.material import VideoEncoder
from tests.recorder.kit.written import Block, pictures, voice


class Growing:
    """What the recorder has on disk while it records."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._writer = WebmWriter(TRACKS, started_at=0)
        self._file = (directory / NAME).open("wb", buffering=0)
        self._file.write(self._writer.head())
        self._note(Begun("r", "l", 0), FileMade(NAME, "programme", 0, TRACKS))

    def grow(self, blocks: list[Block]) -> None:
        for block in blocks:
            track, ms, data, key = block
            self._file.write(self._writer.block(track, ms, data, key=key))
        self._note(*(CueMade(NAME, cue) for cue in self._writer.take_cues()))

    def _note(self, *lines: Line) -> None:
        with (self.directory / journal.NAME).open("ab") as file:
            file.write(b"".join(map(journal.encode_line, lines)))


def resting(ms: int) -> list[Block]:
    """Voice, and a picture that is written again every two seconds."""
    ((_, _, picture, _),) = pictures(VideoEncoder("vp8", 160, 96), 40)
    shown = [(VIDEO, at, picture, True) for at in range(0, ms, 2_000)]
    return sorted(shown + voice(ms), key=lambda block: block[1])


def whole(directory: Path, found: Snapshot, step: int = 1000) -> bytes:
    """Fetched range by range, as a player does."""
    data = (directory / found.name).read_bytes()
    out = b""
    for start in range(0, found.size, step):
        for piece in found.pieces(start, min(start + step, found.size)):
            out += piece if isinstance(piece, bytes) else data[piece[0] : piece[0] + piece[1]]
    return out


def test_it_plays_and_seeks_and_stays_what_it_was(tmp_path: Path) -> None:
    growing = Growing(tmp_path)
    assert snapshot.programme(tmp_path) == ()
    encoder = VideoEncoder("vp8", 160, 96)
    blocks = sorted(pictures(encoder, 6_000, fps=10) + voice(6_000), key=lambda block: block[1])
    growing.grow(blocks[: len(blocks) * 2 // 3])
    (first,) = snapshot.programme(tmp_path)
    before = whole(tmp_path, first)
    assert len(before) == first.size
    growing.grow(blocks[len(blocks) * 2 // 3 :])
    assert whole(tmp_path, snapshot.at(tmp_path, NAME, first.upto), 77_777) == before
    (second,) = snapshot.programme(tmp_path)
    assert second.duration > first.duration > 3_000
    for found in (first, second):
        with av.open(io.BytesIO(whole(tmp_path, found))) as container:
            assert container.duration == found.duration * 1000
            frames = [frame.time for frame in container.decode(video=0)]
            assert frames[-1] is not None
            assert found.duration - frames[-1] * 1000 < 700
            container.seek(2_500_000, backward=True)
            reached = next(container.decode(video=0)).time
            assert reached == pytest.approx(2.0, abs=0.01)


def test_a_request_reads_the_end_alone_whatever_length_it_asks_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    growing = Growing(tmp_path)
    growing.grow(resting(120_000))
    size = (tmp_path / NAME).stat().st_size
    read = 0

    def pread(descriptor: int, length: int, at: int) -> bytes:
        nonlocal read
        data = real(descriptor, length, at)
        read += len(data)
        return data

    real = os.pread
    monkeypatch.setattr(os, "pread", pread)
    (found,) = snapshot.programme(tmp_path)
    for upto in (found.upto, found.upto - 1, found.upto // 2, found.upto // 3):
        with contextlib.suppress(NoSnapshot):
            snapshot.at(tmp_path, NAME, upto)
    assert 0 < read < size // 4


@pytest.mark.parametrize("told", [0, 1, 2, 7, 10_000])
def test_the_same_bytes_however_late_the_journal_tells_of_cues(tmp_path: Path, told: int) -> None:
    growing = Growing(tmp_path)
    growing.grow(resting(20_000))
    (found,) = snapshot.programme(tmp_path)
    lines = (tmp_path / journal.NAME).read_bytes().split(b"\n")[:-1]
    (tmp_path / journal.NAME).write_bytes(b"".join(line + b"\n" for line in lines[: 2 + told]))
    assert snapshot.programme(tmp_path) == (found,)


def test_only_parts_of_the_programme_at_lengths_they_had(tmp_path: Path) -> None:
    growing = Growing(tmp_path)
    growing.grow(voice(5_000))
    (tmp_path / "secret.webm").write_bytes(b"x" * 100_000)
    (found,) = snapshot.programme(tmp_path)
    for name, upto in ((NAME, found.upto - 1), (NAME, found.upto + 10**9), (NAME, 5), ("secret.webm", 5_000)):
        with pytest.raises(NoSnapshot):
            snapshot.at(tmp_path, name, upto)
    with pytest.raises(NoSnapshot):
        snapshot.at(tmp_path / "nowhere", NAME, found.upto)
