"""What forwarding must know of the picture a packet belongs to: numbers to move, temporal layer, whether one may
switch up here. Looks only at the payload's head and the descriptor; a lying sender harms its own picture."""

from collections.abc import Callable
from typing import NamedTuple

from media.rtp import keyframe, vp8, vp9
from media.rtp.descriptor import Templates
from media.rtp.vp8 import PictureNumbers

NOT_UP, UP_TO_ITSELF, UP_TO_ALL = 0, 1, 2


class Picture(NamedTuple):
    """``up``: whether one may switch up here. ``UP_TO_ITSELF``: this picture depends on the base layer alone.
    ``UP_TO_ALL``: to who has got this one, all that follows may be given."""

    key_frame_start: bool
    numbers: PictureNumbers | None
    temporal: int
    up: int


Read = Callable[[bytes, int, int, bytes], Picture]
"""``(packet, payload_start, payload_end, descriptor) -> Picture``. ``descriptor``: the dependency descriptor's element."""

SOUND = Picture(True, None, 0, UP_TO_ALL)


def reader(codec: str) -> Read:
    """Of one stream (it remembers templates). ``codec``: ``fanout.port.CodecName``."""
    match codec:
        case "vp8":
            return _vp8
        case "vp9":
            return _vp9
        case "av1":
            return _Av1()
        case "h264":
            return _h264
    return _sound


def _vp8(packet: bytes, start: int, end: int, _descriptor: bytes) -> Picture:
    key = keyframe.vp8(packet, start, end)
    temporal, synced = vp8.layer(packet, start, end)
    up = UP_TO_ALL if key else UP_TO_ITSELF if synced else NOT_UP
    return Picture(key, vp8.read(packet, start, end), temporal, up)


def _vp9(packet: bytes, start: int, end: int, _descriptor: bytes) -> Picture:
    key = keyframe.vp9(packet, start, end)
    numbers, layer = vp9.read(packet, start, end)
    return Picture(key, numbers, layer.temporal, UP_TO_ALL if layer.up or key else NOT_UP)


def _h264(packet: bytes, start: int, end: int, _descriptor: bytes) -> Picture:
    return Picture(keyframe.h264(packet, start, end), None, 0, UP_TO_ALL)


def _sound(_packet: bytes, _start: int, _end: int, _descriptor: bytes) -> Picture:
    return SOUND


class _Av1:
    """Frames above the base layer refer to nothing before the last base picture in the modes browsers send
    (L1T2, L1T3), so a base picture is where one may switch up."""

    def __init__(self) -> None:
        self._templates = Templates()

    def __call__(self, packet: bytes, start: int, end: int, descriptor: bytes) -> Picture:
        temporal = self._templates.temporal(descriptor) if descriptor else 0
        return Picture(
            keyframe.av1(packet, start, end), None, temporal, UP_TO_ALL if temporal == 0 else NOT_UP
        )
