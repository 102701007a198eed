"""Which codec a track's RTP parameters mean, and its payload format."""

from collections.abc import Sequence

from media.parameters import RtpCodecParameters
from recorder.depacketize.assembler import PayloadFormat
from recorder.depacketize.av1 import Av1
from recorder.depacketize.h264 import H264
from recorder.depacketize.vp8 import Vp8
from recorder.depacketize.vp9 import Vp9
from recorder.webm.tracks import Codec

_NAMES: dict[str, Codec] = {
    "audio/opus": "opus",
    "video/vp8": "vp8",
    "video/vp9": "vp9",
    "video/av1": "av1",
    "video/h264": "h264",
}


class UnsupportedCodec(Exception):
    """None of these codecs can be recorded."""


def choose(codecs: Sequence[RtpCodecParameters]) -> tuple[Codec, int, int]:
    """(codec, payload type, clock rate) of the first that can be recorded. Raises UnsupportedCodec."""
    for codec in codecs:
        name = _NAMES.get(codec.mime_type.lower())
        if name is not None:
            return name, codec.payload_type, codec.clock_rate
    raise UnsupportedCodec(", ".join(codec.mime_type for codec in codecs) or "none given")


def payload_format(codec: Codec) -> PayloadFormat:
    match codec:
        case "vp8":
            return Vp8()
        case "vp9":
            return Vp9()
        case "av1":
            return Av1()
        case "h264":
            return H264()
        case "opus":
            raise UnsupportedCodec("opus is no picture")
