"""Reads back what ``build_head`` has written: for files whose journal is lost."""

from collections.abc import Iterator

from msgspec import Struct

from recorder.webm.ebml import Malformed, Truncated, read_header
from recorder.webm.head import HEAD_SIZE, MATROSKA_EPOCH_MS
from recorder.webm.tracks import CODEC_IDS, Codec, Track

_SEGMENT, _INFO, _TRACKS, _DATE = 0x18538067, 0x1549A966, 0x1654AE6B, 0x4461
_CODECS: dict[bytes, Codec] = {name.encode(): codec for codec, name in CODEC_IDS.items()}


class BadHead(Exception):
    """This is no head of ours."""


class Head(Struct):
    """``started_at``: ms since the epoch at timestamp 0."""

    started_at: int
    tracks: tuple[Track, ...]


def read_head(data: bytes) -> Head:
    """Of the first HEAD_SIZE bytes of a file. Raises BadHead."""
    try:
        return _read(data)
    except (Malformed, Truncated, IndexError) as error:
        raise BadHead from error


def _read(data: bytes) -> Head:
    if len(data) < HEAD_SIZE:
        raise BadHead
    front = read_header(data)
    segment = front.length + (front.size or 0)
    header = read_header(data, segment)
    if header.id != _SEGMENT:
        raise BadHead
    started_at: int | None = None
    tracks: list[Track] = []
    for identifier, body in _children(data[segment + header.length : HEAD_SIZE]):
        if identifier == _INFO:
            date = dict(_children(body)).get(_DATE, b"")
            started_at = int.from_bytes(date, "big", signed=True) // 1_000_000 + MATROSKA_EPOCH_MS
        elif identifier == _TRACKS:
            tracks = [_track(dict(_children(entry))) for _, entry in _children(body)]
    if started_at is None or not tracks:
        raise BadHead
    return Head(started_at, tuple(tracks))


def _track(fields: dict[int, bytes]) -> Track:
    number, codec = int.from_bytes(fields.get(0xD7, b""), "big"), _CODECS.get(fields.get(0x86, b""))
    if codec is None or not 0 < number < 127:
        raise BadHead
    if codec == "opus":
        channels = dict(_children(fields.get(0xE1, b""))).get(0x9F, b"\x02")
        return Track(number, codec, channels=int.from_bytes(channels, "big"))
    size = dict(_children(fields.get(0xE0, b"")))
    return Track(
        number,
        codec,
        int.from_bytes(size.get(0xB0, b""), "big"),
        int.from_bytes(size.get(0xBA, b""), "big"),
        private=fields.get(0x63A2, b""),
    )


def _children(data: bytes) -> Iterator[tuple[int, bytes]]:
    offset = 0
    while offset < len(data):
        header = read_header(data, offset)
        start = offset + header.length
        offset = start + (header.size or 0)
        if header.size is None or offset > len(data):
            raise BadHead
        yield header.id, data[start:offset]
