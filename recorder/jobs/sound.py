"""The programme's sound as one row of samples without gaps, so that it stays in step with the pictures."""

from collections.abc import Generator, Iterator, Sequence

import av
import numpy as np
from av.audio.frame import AudioFrame
from numpy.typing import NDArray

from recorder.jobs.clips import Clip

RATE = 48_000
CHANNELS = 2
_TOLERANCE = RATE // 50
"""Samples that a packet may be off its place before silence is put in, or sound left out."""

Samples = NDArray[np.float32]


class Line:
    """Puts pieces at their places: pure. ``position``: of the sample that comes next."""

    def __init__(self) -> None:
        self.position = 0

    def place(self, at: int, samples: Samples) -> list[Samples]:
        """``at``: where the piece (channels, n) belongs. What to write, so that the row has no gap."""
        off = at - self.position
        pieces = []
        if off > _TOLERANCE:
            pieces.append(silence(off))
        elif off < -_TOLERANCE:
            samples = samples[:, -off:]
        if samples.shape[1]:
            pieces.append(samples)
        self.position += sum(piece.shape[1] for piece in pieces)
        return pieces

    def until(self, at: int) -> list[Samples]:
        """Silence up to ``at``."""
        missing = at - self.position
        if missing <= 0:
            return []
        self.position = at
        return [silence(missing)]


def silence(samples: int) -> Samples:
    return np.zeros((CHANNELS, samples), np.float32)


class Sound:
    """``before(ms)`` gives what sounds before a time, silence included. ``close`` is idempotent."""

    def __init__(self, clips: Sequence[Clip]) -> None:
        self.skipped = 0
        self._line = Line()
        self._pieces = self._decode(clips)
        self._next = next(self._pieces, None)

    def before(self, ms: float) -> list[Samples]:
        end = round(ms * RATE / 1000)
        found: list[Samples] = []
        while self._next is not None and self._next[0] < end:
            found += self._line.place(*self._next)
            self._next = next(self._pieces, None)
        # What is under way may still reach over the end: silence only where nothing comes for long.
        if self._next is None or self._next[0] > end + RATE:
            found += self._line.until(end)
        return found

    def close(self) -> None:
        self._pieces.close()
        self._next = None

    def _decode(self, clips: Sequence[Clip]) -> Generator[tuple[int, Samples]]:
        for clip in clips:
            for ms, samples in self._of_clip(clip):
                if ms >= clip.until:
                    break
                yield round(ms * RATE / 1000), samples

    def _of_clip(self, clip: Clip) -> Iterator[tuple[float, Samples]]:
        try:
            container = av.open(str(clip.path))
        except (av.error.FFmpegError, OSError):
            self.skipped += 1
            return
        with container:
            if not container.streams.audio:
                return
            stream = container.streams.audio[0]
            packets = container.demux(stream)
            resampler = av.AudioResampler(format="fltp", layout="stereo", rate=RATE)
            while True:
                try:
                    packet = next(packets, None)
                    if packet is None:
                        return
                    frames = [made for frame in packet.decode() for made in resampler.resample(frame)]
                except (av.error.FFmpegError, ValueError, MemoryError):
                    self.skipped += 1
                    continue
                for frame in frames:
                    if frame.pts is not None and frame.time_base is not None:
                        yield clip.start + float(frame.pts * frame.time_base) * 1000, _samples(frame)


def _samples(frame: AudioFrame) -> Samples:
    found: Samples = frame.to_ndarray().astype(np.float32, copy=False)
    return np.nan_to_num(found)
