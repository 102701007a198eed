"""The programme's sound: all voices decoded, summed on the recording's time line, encoded as one Opus.

The time line has sound throughout, silence included: 20 ms frames from the recording's start on.
"""

from fractions import Fraction

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from numpy.typing import NDArray

from recorder.depacketize import opus

FRAME_MS = 20
FRAME = 960
RATE = 48000
AHEAD_FRAMES = 1000
"""20 s: what a worker held back while there was no recorder, and then some."""
BIT_RATE = 64_000
SILENCE = b"\xfc\xff\xfe"
"""20 ms of nothing, stereo (RFC 6716: CELT, full band)."""
_QUIET_FRAMES = 5

Samples = NDArray[np.float32]


class Mixer:
    """``next``: index of the 20 ms frame that is mixed next."""

    def __init__(self, first: int = 0) -> None:
        self.next = first
        self.late = 0
        self.malformed = 0
        self._sums: dict[int, Samples] = {}
        self._encoder: AudioCodecContext | None = None
        self._quiet = _QUIET_FRAMES

    def add(self, start: float, samples: Samples) -> None:
        """``start``: ms of recording time; ``samples``: (n, 2) at 48 kHz. What is too late is left out."""
        position = round(start * RATE / 1000)
        horizon = self.next * FRAME
        if position < horizon:
            self.late += 1
            samples = samples[horizon - position :]
            position = horizon
        while len(samples):
            index, inside = divmod(position, FRAME)
            if index >= self.next + AHEAD_FRAMES:
                self.late += 1
                return
            part = samples[: FRAME - inside]
            frame = self._sums.get(index)
            if frame is None:
                frame = self._sums[index] = np.zeros((FRAME, 2), np.float32)
            frame[inside : inside + len(part)] += part
            samples = samples[len(part) :]
            position += len(part)

    def forget(self) -> None:
        """What was added and not yet mixed."""
        self._sums.clear()

    def mix(self, until: float) -> list[tuple[int, bytes]]:
        """(ms, Opus packet) of every frame that ends by ``until`` ms of recording time."""
        packets = []
        while (self.next + 1) * FRAME_MS <= until:
            index, self.next = self.next, self.next + 1
            packets.append((index * FRAME_MS, self._encode(self._sums.pop(index, None))))
        return packets

    def _encode(self, frame: Samples | None) -> bytes:
        if frame is None:
            self._quiet += 1
            if self._quiet > _QUIET_FRAMES:
                return SILENCE
            frame = np.zeros((FRAME, 2), np.float32)
        else:
            self._quiet = 0
        if self._encoder is None:
            self._encoder = _open_encoder()
        sound = av.AudioFrame.from_ndarray(soft_clip(frame).reshape(1, -1), format="flt", layout="stereo")
        sound.sample_rate = RATE
        sound.pts = None
        packets = self._encoder.encode(sound)
        return bytes(packets[0]) if packets else SILENCE


class VoiceDecoder:
    """Opus → samples of one voice. Opened with the first packet, so a silent voice costs nothing."""

    def __init__(self) -> None:
        self._decoder: AudioCodecContext | None = None

    def decode(self, packet: bytes) -> Samples | None:
        """(n, 2) at 48 kHz; None when there is nothing to hear (DTX) or nothing could be decoded."""
        if len(packet) <= 2 or not opus.samples(packet):
            return None
        if self._decoder is None:
            self._decoder = av.CodecContext.create("opus", "r")
            self._decoder.sample_rate = RATE
            self._decoder.layout = "stereo"
        try:
            planes = [frame.to_ndarray() for frame in self._decoder.decode(av.Packet(packet))]
        except av.error.FFmpegError:
            return None
        if not planes:
            return None
        return np.concatenate(planes, axis=1).T.astype(np.float32, copy=False)


def soft_clip(samples: Samples) -> Samples:
    """Leaves what is below 0.8 alone and bends the rest towards 1."""
    peak = float(np.max(np.abs(samples)))
    if not np.isfinite(peak):
        return np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
    if peak <= 0.8:
        return samples
    size = np.abs(samples)
    bent = 0.8 + 0.2 * np.tanh((size - 0.8) / 0.2)
    return np.where(size > 0.8, np.sign(samples) * bent, samples).astype(np.float32)


def _open_encoder() -> AudioCodecContext:
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate = RATE
    encoder.layout = "stereo"
    encoder.format = "flt"
    encoder.bit_rate = BIT_RATE
    encoder.time_base = Fraction(1, RATE)
    encoder.options = {"application": "audio", "compression_level": "5", "frame_duration": "20"}
    encoder.open()
    return encoder
