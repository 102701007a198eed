"""A closed recording written straight to disk: for whatever works on recordings afterwards."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from recorder import manifest
from recorder.control import RecordedFile
from recorder.manifest import Manifest
from recorder.programme import AUDIO, VIDEO
from recorder.webm.tracks import Track
from recorder.webm.writer import WebmWriter
from tests.recorder.kit.material import VideoEncoder, tone_packets

Block = tuple[int, int, bytes, bool]
"""Track, ms, data, key."""


def write_webm(path: Path, tracks: Sequence[Track], blocks: Iterable[Block]) -> int:
    """Its duration in ms."""
    writer = WebmWriter(tracks, started_at=0)
    with path.open("wb") as file:
        file.write(writer.head())
        for track, ms, data, key in blocks:
            file.write(writer.block(track, ms, data, key=key))
        duration = writer.end + 20
        tail, head = writer.finish(duration)
        file.write(tail)
        file.seek(0)
        file.write(head)
    return duration


def pictures(
    encoder: VideoEncoder, ms: int, *, fps: float = 25, start: int = 0, key_every: int = 2000
) -> list[Block]:
    """With counters 0, 1, 2 … at ``fps``."""
    blocks: list[Block] = []
    keyed: int | None = None
    count = round(ms * fps / 1000)
    for index in range(count):
        at = round(start + index * 1000 / fps)
        key = keyed is None or at - keyed >= key_every
        if key:
            keyed = at
        blocks.append((VIDEO, at, encoder.frame(key=key), key))
    return blocks


def voice(ms: int, *, beep_every: int = 0) -> list[Block]:
    packets = tone_packets(min(500, ms // 20), beep_every=beep_every)
    return [(AUDIO, index * 20, packets[index % len(packets)], True) for index in range(ms // 20)]


class WrittenRecording:
    """Files are added one by one; ``save`` writes the manifest."""

    def __init__(self, directory: Path, recording: str = "r1") -> None:
        self.directory = directory / recording
        self.directory.mkdir(parents=True)
        self.recording = recording
        self.files: list[RecordedFile] = []

    def add(
        self,
        name: str,
        codec: str,
        blocks: list[Block],
        *,
        start: int = 0,
        size: tuple[int, int] = (320, 192),
        **facts: str,
    ) -> None:
        """``blocks``: in ms of the file. With facts of a share it is one, else of the programme."""
        tracks = [Track(VIDEO, codec, *size)] if any(b[0] == VIDEO for b in blocks) else []
        if any(b[0] == AUDIO for b in blocks):
            tracks.append(Track(AUDIO, "opus"))
        blocks = sorted(blocks, key=lambda block: (block[1], -block[0]))
        path = self.directory / name
        duration = write_webm(path, tracks, blocks)
        role = "share" if facts else "programme"
        bytes_ = path.stat().st_size
        self.files.append(RecordedFile(name, role, "video/webm", start, duration, bytes_, **facts))

    def save(self) -> Manifest:
        duration = max(file.start + file.duration for file in self.files)
        made = Manifest(self.recording, "l1", 0, closed=True, duration=duration, files=tuple(self.files))
        manifest.save(self.directory, made)
        return made
