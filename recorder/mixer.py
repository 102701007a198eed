"""The programme's sound: all voices decoded, summed on the recording's time line, encoded as one Opus.

The time line has sound throughout, silence included: 20 ms frames from the recording's start on.
"""

import numpy as np

from recorder import voices
from recorder.depacketize import opus
from recorder.libopus import RATE
from recorder.voices import Samples

FRAME_MS = 20
FRAME = 960
AHEAD_FRAMES = 1000
"""20 s: what a worker held back while there was no recorder, and then some."""
SILENCE = b"\xfc\xff\xfe"
"""20 ms of nothing, stereo (RFC 6716: CELT, full band)."""
_QUIET_FRAMES = 5
_MOST_WAITING = 1500


class Mixer:
    """``next``: index of the 20 ms frame that is mixed next."""

    def __init__(self, first: int = 0) -> None:
        self.next = first
        self.late = 0
        self._voices: list[Voice] = []
        self._sums: dict[int, Samples] = {}
        self._encoder: voices.Encoder | None = None
        self._quiet = _QUIET_FRAMES

    def voice(self) -> "Voice":
        """A further one; ``leave`` when it ends."""
        voice = Voice()
        self._voices.append(voice)
        return voice

    def leave(self, voice: "Voice") -> None:
        """What it still has to say is added before."""
        if voice in self._voices:
            self._decode(voice)
            self._voices.remove(voice)

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
        """Drops what is not mixed yet."""
        self._sums.clear()
        for voice in self._voices:
            voice.waiting.clear()

    def mix(self, until: float) -> list[tuple[int, bytes]]:
        """(ms, Opus packet) of every frame that ends by ``until`` ms of recording time."""
        packets: list[tuple[int, bytes]] = []
        if (self.next + 1) * FRAME_MS > until:
            return packets
        for voice in self._voices:
            self._decode(voice)
        while (self.next + 1) * FRAME_MS <= until:
            index, self.next = self.next, self.next + 1
            packets.append((index * FRAME_MS, self._encode(self._sums.pop(index, None))))
        return packets

    def _decode(self, voice: "Voice") -> None:
        """All of a voice together: its decoder's tables are then at hand."""
        waiting, voice.waiting = voice.waiting, []
        for start, packet in waiting:
            samples = voice.decode(packet)
            if samples is not None:
                self.add(start, samples)

    def _encode(self, frame: Samples | None) -> bytes:
        if frame is None:
            self._quiet += 1
            if self._quiet > _QUIET_FRAMES:
                return SILENCE
            frame = np.zeros((FRAME, 2), np.float32)
        else:
            self._quiet = 0
        if self._encoder is None:
            self._encoder = voices.encoder()
        return self._encoder.encode(soft_clip(frame)) or SILENCE


class Voice:
    """One voice's packets until they are mixed, and its decoder, opened with the first packet: so a silent
    voice costs nothing."""

    def __init__(self) -> None:
        self.waiting: list[tuple[float, bytes]] = []
        self.dropped = 0
        self._decoder: voices.Decoder | None = None

    def add(self, start: float, packet: bytes) -> None:
        """``start``: ms of recording time."""
        if len(packet) <= 2:
            return  # DTX: nothing to hear
        if len(self.waiting) >= _MOST_WAITING:
            self.dropped += 1
            return
        self.waiting.append((start, packet))

    def decode(self, packet: bytes) -> Samples | None:
        """(n, 2) at 48 kHz, good until the next call; None when nothing could be decoded."""
        if not opus.samples(packet):
            return None
        if self._decoder is None:
            self._decoder = voices.decoder()
        return self._decoder.decode(packet)


def soft_clip(samples: Samples) -> Samples:
    """Leaves what is below 0.8 alone and bends the rest towards 1."""
    peak = max(float(samples.max()), -float(samples.min()))
    if not np.isfinite(peak):
        return np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
    if peak <= 0.8:
        return samples
    size = np.abs(samples)
    bent = 0.8 + 0.2 * np.tanh((size - 0.8) / 0.2)
    return np.where(size > 0.8, np.sign(samples) * bent, samples).astype(np.float32)
