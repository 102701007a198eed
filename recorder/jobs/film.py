"""The MP4 file that is written: H.264 and AAC, as every player takes them."""

from fractions import Fraction
from pathlib import Path

import av
from av.audio.frame import AudioFrame
from av.video.frame import PictureType, VideoFrame

from recorder.jobs.slots import SLOT_MS
from recorder.jobs.sound import RATE, Samples

KEY_EVERY_MS = 10_000
AUDIO_BITS = 96_000
_VIDEO = {
    "preset": "veryfast",
    "crf": "25",
    "profile": "high",
    "forced-idr": "1",
}
_MILLISECONDS = Fraction(1, 1000)


class Film:
    """Owns the file. ``finish`` makes it whole (the index goes to its beginning); ``close`` leaves it as it is.

    Raises OSError (av.error.FFmpegError is one, or a ValueError) when it cannot be written.
    """

    def __init__(self, path: Path, width: int, height: int, title: str = "", threads: int = 2) -> None:
        self._container = av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"})
        self._container.metadata["title"] = title
        video = self._container.add_stream("libx264", rate=1000 // SLOT_MS, options=_VIDEO)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        video.time_base = video.codec_context.time_base = _MILLISECONDS
        video.codec_context.gop_size = KEY_EVERY_MS // SLOT_MS
        video.codec_context.thread_count = threads
        # As browsers and cameras send pictures (BT.601, video range).
        video.codec_context.color_range = 1
        video.codec_context.colorspace = 6
        video.codec_context.color_primaries = 6
        video.codec_context.color_trc = 6
        audio = self._container.add_stream("aac", rate=RATE, layout="stereo")
        audio.bit_rate = AUDIO_BITS
        self._video, self._audio = video, audio
        self._samples = 0
        self._keyed_at: int | None = None

    def picture(self, ms: int, frame: VideoFrame) -> None:
        """``ms`` grows. The frame may be painted over afterwards."""
        frame.pts = ms
        frame.time_base = _MILLISECONDS
        is_key = self._keyed_at is None or ms - self._keyed_at >= KEY_EVERY_MS
        frame.pict_type = PictureType.I if is_key else PictureType.NONE
        if is_key:
            self._keyed_at = ms
        self._container.mux(self._video.encode(frame))

    def sound(self, samples: Samples) -> None:
        """(channels, n) at 48 kHz."""
        frame = AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
        frame.sample_rate = RATE
        frame.pts = self._samples
        frame.time_base = Fraction(1, RATE)
        self._samples += samples.shape[1]
        self._container.mux(self._audio.encode(frame))

    def finish(self) -> None:
        self._container.mux(self._video.encode(None))
        self._container.mux(self._audio.encode(None))
        self._container.close()

    def close(self) -> None:
        self._container.close()
