"""Pictures out of a row of recorded files, one after the other on the recording's time."""

from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import av
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from msgspec import Struct

from recorder.control import RecordedFile

MAX_PIXELS = 8192 * 4320
"""A picture with more is no screen; decoding it would take memory that others need."""


class Clip(Struct, frozen=True):
    """``start``: ms of recording time at the file's time 0. Pictures from ``until`` on are left out."""

    path: Path
    start: int
    until: float = float("inf")


def row(directory: Path, files: Sequence[RecordedFile]) -> tuple[Clip, ...]:
    """Each is shown until the next begins."""
    ordered = sorted(files, key=lambda file: file.start)
    ends = [float(file.start) for file in ordered[1:]] + [float("inf")]
    return tuple(
        Clip(directory / file.name, file.start, end) for file, end in zip(ordered, ends, strict=True)
    )


class Pictures:
    """``next_at``: when the next picture is due; None at the end. ``skipped`` counts what cannot be decoded.

    Owns the open file; ``close`` is idempotent.
    """

    def __init__(self, clips: Sequence[Clip], threads: int = 2) -> None:
        self.skipped = 0
        self._threads = threads
        self._frames = self._decode(clips)
        self._next: tuple[float, VideoFrame] | None = None
        self._advance()

    @property
    def next_at(self) -> float | None:
        return None if self._next is None else self._next[0]

    def before(self, ms: float) -> tuple[float, VideoFrame] | None:
        """The newest picture before ``ms`` that was not taken yet. Those it covers are passed over."""
        found = None
        while self._next is not None and self._next[0] < ms:
            found = self._next
            self._advance()
        return found

    def close(self) -> None:
        self._frames.close()
        self._next = None

    def _advance(self) -> None:
        self._next = next(self._frames, None)

    def _decode(self, clips: Sequence[Clip]) -> Generator[tuple[float, VideoFrame]]:
        last = float("-inf")
        for clip in clips:
            for ms, frame in self._of_clip(clip):
                if ms >= last:
                    last = ms
                    yield ms, frame

    def _of_clip(self, clip: Clip) -> Iterator[tuple[float, VideoFrame]]:
        try:
            container = av.open(str(clip.path))
        except (av.error.FFmpegError, OSError):
            self.skipped += 1
            return
        with container:
            if not container.streams.video:
                return
            stream = container.streams.video[0]
            prepare(stream, self._threads)
            packets = container.demux(stream)
            while True:
                try:
                    packet = next(packets, None)
                    if packet is None:
                        return
                    frames = packet.decode()
                except (av.error.FFmpegError, ValueError, MemoryError):
                    self.skipped += 1
                    continue
                for frame in frames:
                    ms = _time(clip, stream, frame)
                    if ms is None or not isinstance(frame, VideoFrame):
                        continue
                    if ms >= clip.until:
                        return
                    yield ms, frame


def prepare(stream: VideoStream, threads: int) -> None:
    """Before the first picture is decoded."""
    context = stream.codec_context
    context.thread_count = threads
    stream.thread_type = "AUTO" if threads > 1 else "NONE"
    context.options = {"max_pixels": str(MAX_PIXELS)}


def largest(clips: Sequence[Clip]) -> tuple[int, int]:
    """Width and height that the files' heads tell; a picture may still be larger."""
    width = height = 0
    for clip in clips:
        try:
            with av.open(str(clip.path)) as container:
                for stream in container.streams.video:
                    width, height = max(width, stream.width), max(height, stream.height)
        except (av.error.FFmpegError, OSError):
            continue
    return width, height


def _time(clip: Clip, stream: VideoStream, frame: object) -> float | None:
    pts = getattr(frame, "pts", None)
    base = stream.time_base
    return None if pts is None or base is None else clip.start + float(pts * base) * 1000
