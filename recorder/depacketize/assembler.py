"""Collects the packets of a frame by timestamp and marker; what is inside is the payload format's job."""

from typing import Protocol

from msgspec import Struct

from recorder.rtp import RtpPacket

LARGEST_FRAME = 8 << 20


class MalformedPayload(Exception):
    """These payloads are no whole frame."""


class Frame(Struct, frozen=True):
    """As Matroska stores it. ``timestamp``: RTP's, 32 bits. ``width``/``height``: 0 when not said in
    this frame. ``private``: the codec's private data, on key frames of codecs that have some."""

    timestamp: int
    key: bool
    data: bytes
    width: int = 0
    height: int = 0
    private: bytes = b""


class PayloadFormat(Protocol):
    """One codec's RTP payload format. Instances may keep parameter sets between frames."""

    def starts(self, payload: bytes) -> bool:
        """Whether this surely is the first packet of a key frame, or of any frame where that is said."""

    def join(self, payloads: list[bytes]) -> Frame:
        """Raises MalformedPayload. The timestamp is filled in by the caller."""


class FrameAssembler:
    """``wants_key`` is true while deltas are of no use: at the start and after a loss."""

    def __init__(self, payload_format: PayloadFormat) -> None:
        self._format = payload_format
        self._payloads: list[bytes] = []
        self._size = 0
        self._timestamp: int | None = None
        self._broken = True
        self.wants_key = True
        self.dropped = 0

    def go_on(self) -> None:
        """What comes next follows a frame that is known, without a gap."""
        self._lose()
        self.wants_key = self._broken = False

    def push(self, packet: RtpPacket, gap: bool) -> list[Frame]:
        """Whole frames, in order; ``gap`` as given by Reorder."""
        frames: list[Frame] = []
        if gap:
            self._lose()
            self._timestamp = None
        if packet.timestamp != self._timestamp:
            if self._payloads:
                frames += self._finish()
            self._timestamp = packet.timestamp
            self._broken = gap and bool(packet.payload) and not self._format.starts(packet.payload)
        if packet.payload and not self._broken:
            self._payloads.append(packet.payload)
            self._size += len(packet.payload)
            if self._size > LARGEST_FRAME:
                self._lose()
        if packet.marker:
            if self._payloads:
                frames += self._finish()
            elif self._broken:
                self._broken = False
        return frames

    def _finish(self) -> list[Frame]:
        payloads, self._payloads, self._size = self._payloads, [], 0
        try:
            frame = self._format.join(payloads)
        except (MalformedPayload, IndexError):
            self._lose()
            return []
        if self.wants_key and not frame.key:
            self.dropped += 1
            return []
        self.wants_key = False
        assert self._timestamp is not None
        return [Frame(self._timestamp, frame.key, frame.data, frame.width, frame.height, frame.private)]

    def _lose(self) -> None:
        self.wants_key = True
        self._broken = True
        self.dropped += 1
        self._payloads.clear()
        self._size = 0
