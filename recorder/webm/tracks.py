"""Track entries: the codec names and private data of WebM and Matroska for what browsers send."""

import struct
from typing import Literal

from msgspec import Struct, structs

from recorder.webm.ebml import binary, master, text, uint

Codec = Literal["opus", "vp8", "vp9", "av1", "h264"]

CODEC_IDS: dict[Codec, str] = {
    "opus": "A_OPUS",
    "vp8": "V_VP8",
    "vp9": "V_VP9",
    "av1": "V_AV1",
    "h264": "V_MPEG4/ISO/AVC",
}
OPUS_PRE_SKIP = 312
"""Samples at 48 kHz: what libopus looks ahead."""


class Track(Struct, frozen=True):
    """``number`` 1–126. ``private``: av1C or avcC; Opus makes its own OpusHead."""

    number: int
    codec: Codec
    width: int = 0
    height: int = 0
    channels: int = 2
    private: bytes = b""

    @property
    def is_video(self) -> bool:
        return self.codec != "opus"

    def sized(self, width: int, height: int, private: bytes) -> "Track":
        return structs.replace(self, width=width, height=height, private=private)


def opus_head(channels: int) -> bytes:
    """RFC 7845 §5.1, mapping family 0."""
    return b"OpusHead" + struct.pack("<BBHIhB", 1, channels, OPUS_PRE_SKIP, 48000, 0, 0)


def track_entry(track: Track) -> bytes:
    children = [
        uint(0xD7, track.number),
        uint(0x73C5, track.number),
        uint(0x9C, 0),
        text(0x22B59C, "und"),
        text(0x86, CODEC_IDS[track.codec]),
        uint(0x83, 1 if track.is_video else 2),
    ]
    if track.codec == "opus":
        children += [
            uint(0x56AA, OPUS_PRE_SKIP * 1_000_000_000 // 48000),
            uint(0x56BB, 80_000_000),
            binary(0x63A2, opus_head(track.channels)),
            master(0xE1, _float_rate(), uint(0x9F, track.channels)),
        ]
    else:
        if track.private:
            children.append(binary(0x63A2, track.private))
        children.append(master(0xE0, uint(0xB0, track.width or 1280), uint(0xBA, track.height or 720)))
    return master(0xAE, *children)


def _float_rate() -> bytes:
    return binary(0xB5, struct.pack("!d", 48000.0))
