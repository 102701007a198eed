"""Pictures that carry a machine-readable counter, encoded with PyAV."""

from fractions import Fraction
from functools import lru_cache

import av
import numpy as np

from tests.recorder.kit.av1 import Av1Encoder

BITS = 16
ENCODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9", "h264": "libx264", "av1": "libsvtav1"}
OPTIONS = {
    "vp8": {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "g": "9999"},
    "vp9": {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "g": "9999"},
    "h264": {"preset": "ultrafast", "tune": "zerolatency", "g": "9999", "sc_threshold": "0"},
    "av1": {"preset": "11", "crf": "40", "svtav1-params": "pred-struct=1:lookahead=0:keyint=-1:lp=1"},
}


def draw(counter: int, width: int, height: int) -> np.ndarray:
    """Grey picture with the counter as BITS white or black blocks in one row, and their inverse below."""
    picture = np.full((height, width), 128, np.uint8)
    block = width // BITS
    for bit in range(BITS):
        value = 235 if counter >> bit & 1 else 16
        picture[: height // 2, bit * block : (bit + 1) * block] = value
        picture[height // 2 :, bit * block : (bit + 1) * block] = 251 - value
    return picture


def read_counter(luma: np.ndarray) -> int | None:
    """None when this is no such picture."""
    height, width = luma.shape
    block = width // BITS
    counter = 0
    for bit in range(BITS):
        x = bit * block + block // 2
        top, bottom = int(luma[height // 4, x]), int(luma[height * 3 // 4, x])
        if abs(top - bottom) < 80:
            return None
        counter |= (top > bottom) << bit
    return counter


def picture(counter: int, width: int, height: int, pts: int, *, key: bool) -> av.VideoFrame:
    """``draw``, for an encoder. ``pts``: by a clock of 90 kHz."""
    chroma = np.full((height // 2, width), 128, np.uint8)
    frame = av.VideoFrame.from_ndarray(np.vstack((draw(counter, width, height), chroma)), format="yuv420p")
    frame.pts = pts
    frame.time_base = Fraction(1, 90000)
    if key:
        frame.pict_type = av.video.frame.PictureType.I
    return frame


def new_context(codec: str, width: int, height: int) -> av.VideoCodecContext:
    context = av.CodecContext.create(ENCODERS[codec], "w")
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base = Fraction(1, 90000)
    context.framerate = Fraction(25)
    if codec != "av1":
        context.bit_rate = 600_000
    context.thread_count = 1
    context.options = OPTIONS[codec]
    return context


class _Encoder:
    """As ``Av1Encoder``, in this process."""

    def __init__(self, codec: str, width: int, height: int) -> None:
        self._context = new_context(codec, width, height)

    def frame(self, counter: int, pts: int, *, key: bool = False) -> list[bytes]:
        shown = picture(counter, self._context.width, self._context.height, pts, key=key)
        return [bytes(packet) for packet in self._context.encode(shown)]


class VideoEncoder:
    """Frames with counters 0, 1, 2 …"""

    def __init__(self, codec: str, width: int = 320, height: int = 192) -> None:
        self.codec, self.width, self.height = codec, width, height
        self.counter = 0
        self._pts = 0
        self._ready: list[bytes] = []
        self._encoder = self._open()

    def _open(self) -> _Encoder | Av1Encoder:
        if self.codec == "av1":
            return Av1Encoder(self.width, self.height)
        return _Encoder(self.codec, self.width, self.height)

    def resize(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._encoder = self._open()

    def frame(self, *, key: bool = False) -> bytes:
        """Empty when the encoder (AV1) is a frame behind."""
        if key and self.counter and isinstance(self._encoder, Av1Encoder):
            self._ready += self._encoder.flush()
            self._encoder = self._open()
        self._ready += self._encoder.frame(self.counter, self._pts, key=key)
        self._pts += 3600
        self.counter += 1
        return self._ready.pop(0) if self._ready else b""


@lru_cache
def tone_packets(count: int, *, hertz: float = 440.0, beep_every: int = 0) -> tuple[bytes, ...]:
    """20 ms Opus packets of a tone; with ``beep_every`` only each so-many-th packet sounds, for 3 packets."""
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = 48000, "stereo", "flt"
    encoder.bit_rate = 48000
    encoder.time_base = Fraction(1, 48000)
    packets = []
    for index in range(count):
        at = (np.arange(960) + index * 960) / 48000
        loud = not beep_every or index % beep_every < 3
        wave = (0.3 * np.sin(2 * np.pi * hertz * at) * loud).astype(np.float32)
        sound = av.AudioFrame.from_ndarray(np.repeat(wave, 2).reshape(1, -1), format="flt", layout="stereo")
        sound.sample_rate = 48000
        sound.pts = index * 960
        packets += [bytes(packet) for packet in encoder.encode(sound)]
    return tuple(packets)
