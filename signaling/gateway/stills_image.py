"""What an uploaded still says it is: PNG or WebP, and how large. Only the header is read, nothing is decoded.

PNG: RFC 2083, 3 (signature, IHDR first, IEND last). WebP: RFC 9649, 2.3 to 2.7 (one RIFF chunk: ``VP8 ``,
``VP8L`` or ``VP8X``, the latter without animation). Bands: a light picture of text; web/src/media/still-bands.ts
says how they lie.
"""

from typing import Literal

from msgspec import Struct

MAX_SIDE = 8192
MAX_PIXELS = 1 << 24
"""16.7 million: a screen of 5120×2880 passes. What a viewer has to decode is bounded by this, not by bytes."""

_PNG = b"\x89PNG\r\n\x1a\n"
_IHDR = b"\x00\x00\x00\rIHDR"
_IEND = b"\x00\x00\x00\x00IEND\xaeB`\x82"
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_ANIMATED = 0x02


BANDS: Literal["image/vnd.classroom.bands"] = "image/vnd.classroom.bands"
_BANDS = b"BND1"
MimeType = Literal["image/png", "image/webp", "image/vnd.classroom.bands"]


class BadImage(Exception):
    """``code``: unsupported_media_type (none of these), or invalid (one that cannot be)."""

    def __init__(self, code: Literal["unsupported_media_type", "invalid"], detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class StillImage(Struct, frozen=True):
    """``width`` and ``height`` in pixels."""

    data: bytes
    mime_type: MimeType
    width: int
    height: int


def read_image(data: bytes) -> StillImage:
    """Raises BadImage."""
    if data.startswith(_PNG):
        return _checked(data, "image/png", *_png_size(data))
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _checked(data, "image/webp", *_webp_size(data))
    if data.startswith(_BANDS):
        return _checked(data, BANDS, *_bands_size(data))
    raise BadImage("unsupported_media_type", "send a PNG or a WebP picture")


def _checked(data: bytes, mime_type: MimeType, width: int, height: int) -> StillImage:
    if not 0 < width <= MAX_SIDE or not 0 < height <= MAX_SIDE or width * height > MAX_PIXELS:
        raise BadImage("invalid", f"{width}×{height} pixels")
    return StillImage(data, mime_type, width, height)


def _png_size(data: bytes) -> tuple[int, int]:
    if len(data) < 8 + 25 + 12 or data[8:16] != _IHDR or not data.endswith(_IEND):
        raise BadImage("invalid", "not a whole PNG")
    depth, colour, compression, filtering = data[24:28]
    if depth not in _DEPTHS.get(colour, ()) or compression or filtering:
        raise BadImage("invalid", "not a PNG that can be")
    return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])


def _webp_size(data: bytes) -> tuple[int, int]:
    length = int.from_bytes(data[4:8], "little")
    if len(data) < 30 or length + 8 != len(data):
        raise BadImage("invalid", "not a whole WebP")
    kind, body = data[12:16], data[20:]
    if kind == b"VP8L" and body[0] == 0x2F:
        bits = int.from_bytes(body[1:5], "little")
        if bits >> 29:
            raise BadImage("invalid", "a version of lossless WebP that is not known")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and not body[0] & 1 and body[3:6] == b"\x9d\x01\x2a":
        return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF
    if kind == b"VP8X" and not body[0] & _ANIMATED:
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    raise BadImage("invalid", "not a WebP that can be")


def _bands_size(data: bytes) -> tuple[int, int]:
    if len(data) < 10:
        raise BadImage("invalid", "not whole bands")
    return int.from_bytes(data[4:6]), int.from_bytes(data[6:8])
