"""The head of a file: always ``HEAD_SIZE`` bytes, so that any change of it is one write of one page."""

from collections.abc import Sequence

from recorder.webm.ebml import UNKNOWN_SIZE_8, binary, float64, master, text, uint, vint, void
from recorder.webm.tracks import Track, track_entry

HEAD_SIZE = 4096
MATROSKA_EPOCH_MS = 978_307_200_000
"""2001-01-01 in ms since the Unix epoch, from where DateUTC counts."""

_EBML = 0x1A45DFA3
_SEGMENT = 0x18538067
_INFO = 0x1549A966
_TRACKS = 0x1654AE6B
_CUES = 0x1C53BB6B


class HeadTooLarge(Exception):
    """The codecs' private data do not fit the head."""


def build_head(
    tracks: Sequence[Track],
    *,
    started_at: int,
    duration: int | None = None,
    cues_at: int | None = None,
    file_size: int | None = None,
) -> bytes:
    """``started_at``: ms since the epoch of timestamp 0. ``duration`` in ms, ``cues_at`` and
    ``file_size`` in bytes from the file's first: all None while the file is open."""
    matroska = any(track.codec == "h264" for track in tracks)
    front = master(
        _EBML,
        uint(0x4286, 1),
        uint(0x42F7, 1),
        uint(0x42F2, 4),
        uint(0x42F3, 8),
        text(0x4282, "matroska" if matroska else "webm"),
        uint(0x4287, 4),
        uint(0x4285, 2),
    )
    segment_data = len(front) + 12
    size = UNKNOWN_SIZE_8 if file_size is None else vint(file_size - segment_data, 8)
    front += _SEGMENT.to_bytes(4, "big") + size

    info = master(
        _INFO,
        uint(0x2AD7B1, 1_000_000),
        binary(0x4461, ((started_at - MATROSKA_EPOCH_MS) * 1_000_000).to_bytes(8, "big", signed=True)),
        text(0x4D80, "classroom"),
        text(0x5741, "classroom"),
        *([] if duration is None else [float64(0x4489, float(duration))]),
    )
    entries = master(_TRACKS, *(track_entry(track) for track in tracks))
    seek_size = len(_seek_head(0, 0, 0 if cues_at is not None else None))
    info_at = seek_size
    seek = _seek_head(info_at, info_at + len(info), None if cues_at is None else cues_at - segment_data)
    body = front + seek + info + entries
    rest = HEAD_SIZE - len(body)
    if rest < 2:
        raise HeadTooLarge(f"{len(body)} bytes")
    return body + void(rest)


def segment_data_start(head: bytes) -> int:
    """Where positions of cues are counted from."""
    return head.index(_SEGMENT.to_bytes(4, "big")) + 12


def _seek_head(info: int, tracks: int, cues: int | None) -> bytes:
    entries = [_seek(_INFO, info), _seek(_TRACKS, tracks)]
    if cues is not None:
        entries.append(_seek(_CUES, cues))
    return master(0x114D9B74, *entries)


def _seek(identifier: int, position: int) -> bytes:
    return master(0x4DBB, binary(0x53AB, identifier.to_bytes(4, "big")), uint(0x53AC, position, 8))
