"""Opus to samples and back: through libopus in place where PyAV brings it, through PyAV's frames otherwise."""

from fractions import Fraction
from typing import Protocol

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from numpy.typing import NDArray

from recorder import libopus
from recorder.libopus import RATE

Samples = NDArray[np.float32]
BIT_RATE = 64_000
COMPLEXITY = 5


class Decoder(Protocol):
    def decode(self, packet: bytes) -> Samples | None:
        """(n, 2) at 48 kHz, good until the next call; None when nothing could be decoded."""


class Encoder(Protocol):
    def encode(self, frame: Samples) -> bytes | None:
        """``frame``: (n, 2) at 48 kHz. None: nothing yet."""


def decoder() -> Decoder:
    return libopus.Decoder() if libopus.library() is not None else AvDecoder()


def encoder() -> Encoder:
    return libopus.Encoder(BIT_RATE, COMPLEXITY) if libopus.library() is not None else AvEncoder()


class AvDecoder:
    def __init__(self) -> None:
        self._context: AudioCodecContext = av.CodecContext.create("opus", "r")
        self._context.sample_rate = RATE
        self._context.layout = "stereo"

    def decode(self, packet: bytes) -> Samples | None:
        try:
            planes = [frame.to_ndarray() for frame in self._context.decode(av.Packet(packet))]
        except av.error.FFmpegError:
            return None
        if not planes:
            return None
        return np.concatenate(planes, axis=1).T.astype(np.float32, copy=False)


class AvEncoder:
    def __init__(self) -> None:
        context = av.CodecContext.create("libopus", "w")
        context.sample_rate = RATE
        context.layout = "stereo"
        context.format = "flt"
        context.bit_rate = BIT_RATE
        context.time_base = Fraction(1, RATE)
        context.options = {
            "application": "audio",
            "compression_level": str(COMPLEXITY),
            "frame_duration": "20",
        }
        context.open()
        self._context: AudioCodecContext = context

    def encode(self, frame: Samples) -> bytes | None:
        sound = av.AudioFrame.from_ndarray(frame.reshape(1, -1), format="flt", layout="stereo")
        sound.sample_rate = RATE
        sound.pts = None
        packets = self._context.encode(sound)
        return bytes(packets[0]) if packets else None
