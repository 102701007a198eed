"""Small pictures of the programme, for whoever seeks in it: only key frames are decoded."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import av
import msgspec
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from av.video.stream import VideoStream
from PIL import Image

from recorder.control import RecordedFile
from recorder.jobs.clips import Clip, prepare, row
from recorder.jobs.layout import Box, fit
from recorder.jobs.report import JobError
from recorder.jobs.thumbnails_index import INDEX, Thumbnails
from recorder.manifest import Manifest

WIDTH, HEIGHT = 192, 108
COLUMNS, ROWS = 10, 10
EVERY_MS = 10_000
MOST = 1000
_QUALITY = 78


def moments(duration: int, every: int = EVERY_MS, most: int = MOST) -> range:
    """ms for which a picture is looked for: pure. Never more than ``most``."""
    step = max(every, math.ceil(duration / most / 1000) * 1000)
    return range(0, max(1, duration), step)


def thumbnails(
    directory: Path,
    manifest: Manifest,
    name: Callable[[str], Path],
    *,
    tell: Callable[[float], None],
    check: Callable[[], None],
) -> tuple[str, ...]:
    """Writes sheets and index to ``name(file name)``; the names. Raises JobError, OSError."""
    clips = row(directory, [file for file in manifest.files if file.role == "programme"])
    wanted = moments(manifest.duration)
    sheets = _Sheets(name)
    for index, (at, picture) in enumerate(_pictures(clips, wanted)):
        check()
        sheets.add(at, picture)
        tell(index / len(wanted))
    if not sheets.at_ms:
        raise JobError("unreadable", "no picture can be decoded")
    sheets.flush()
    found = Thumbnails(WIDTH, HEIGHT, COLUMNS, ROWS, tuple(sheets.at_ms), tuple(sheets.names))
    name(INDEX).write_bytes(msgspec.json.encode(found))
    tell(1.0)
    return (*sheets.names, INDEX)


class _Sheets:
    def __init__(self, name: Callable[[str], Path]) -> None:
        self.at_ms: list[int] = []
        self.names: list[str] = []
        self._name = name
        self._sheet: Image.Image | None = None
        self._reformatter = VideoReformatter()

    def add(self, at: int, picture: VideoFrame) -> None:
        box = fit(picture.width, picture.height, Box(0, 0, WIDTH, HEIGHT))
        try:
            small = self._reformatter.reformat(
                picture, box.width, box.height, "rgb24", interpolation=Interpolation.AREA
            )
        except (av.error.FFmpegError, ValueError, MemoryError):
            return
        place = len(self.at_ms) % (COLUMNS * ROWS)
        if place == 0:
            self.flush()
            self._sheet = Image.new("RGB", (COLUMNS * WIDTH, ROWS * HEIGHT))
        assert self._sheet is not None
        line, column = divmod(place, COLUMNS)
        self._sheet.paste(
            Image.fromarray(small.to_ndarray()), (column * WIDTH + box.x, line * HEIGHT + box.y)
        )
        self.at_ms.append(at)

    def flush(self) -> None:
        sheet, self._sheet = self._sheet, None
        if sheet is None:
            return
        used = math.ceil((len(self.at_ms) - len(self.names) * COLUMNS * ROWS) / COLUMNS)
        made = f"thumbnails-{len(self.names) + 1}.jpg"
        sheet.crop((0, 0, COLUMNS * WIDTH, used * HEIGHT)).save(
            self._name(made), "JPEG", quality=_QUALITY, optimize=True
        )
        self.names.append(made)


def _pictures(clips: Sequence[Clip], wanted: range) -> Iterator[tuple[int, VideoFrame]]:
    """The key frame that is shown at, or last before, the middle after each moment; none of them twice."""
    last = -1
    for clip in clips:
        inside = [ms for ms in wanted if clip.start - wanted.step // 2 <= ms < clip.until - wanted.step // 2]
        try:
            container = av.open(str(clip.path))
        except (av.error.FFmpegError, OSError):
            continue
        with container:
            if not inside or not container.streams.video:
                continue
            stream = container.streams.video[0]
            prepare(stream, 1)
            stream.codec_context.skip_frame = "NONKEY"
            for ms in inside:
                found = _key_frame(container, stream, max(0, ms + wanted.step // 2 - clip.start))
                if found is not None and clip.start + found[0] > last:
                    last = clip.start + found[0]
                    yield last, found[1]


def _key_frame(container: InputContainer, stream: VideoStream, ms: int) -> tuple[int, VideoFrame] | None:
    """At or before ``ms`` of the file, with its ms."""
    base = stream.time_base
    if base is None:
        return None
    with suppress(av.error.FFmpegError, ValueError, MemoryError):
        container.seek(round(ms / 1000 / base), stream=stream, backward=True)
        for packet in container.demux(stream):
            if not packet.is_keyframe or packet.pts is None:
                continue
            # A decoder that holds a frame back gives it when it is flushed; the next seek begins anew.
            frames = [*packet.decode(), *stream.codec_context.decode(None)]
            stream.codec_context.flush_buffers()
            return (round(packet.pts * base * 1000), frames[0]) if frames else None
    return None


def described(directory: Path, names: Sequence[str], duration: int) -> tuple[RecordedFile, ...]:
    return tuple(
        RecordedFile(
            name=name,
            role="thumbnails",
            mime_type="application/json" if name == INDEX else "image/jpeg",
            start=0,
            duration=duration,
            bytes=(directory / name).stat().st_size,
        )
        for name in names
    )
