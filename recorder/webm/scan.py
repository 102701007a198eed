"""Finds where a file that was cut off can be written on: after its last whole cluster."""

import struct
import zlib
from collections.abc import Callable

from msgspec import Struct

from recorder import resume
from recorder.resume import Origin
from recorder.webm.ebml import VOID, Malformed, Truncated, read_header
from recorder.webm.head import HEAD_SIZE
from recorder.webm.writer import (
    CLUSTER,
    CLUSTER_BYTES,
    CLUSTER_TIMESTAMP,
    CRC32,
    SIMPLE_BLOCK,
    Cue,
    cluster_of,
)

_PROBE = 64
_LARGEST = 4 * CLUSTER_BYTES
ReadAt = Callable[[int, int], bytes]
"""(offset, length) -> at most ``length`` bytes."""


class Tail(Struct):
    """``cut``: the length that is good. ``ends``: ms of the last block by track. ``cues``: those found.
    ``origins``: by track, of the last block that had one."""

    cut: int
    ends: dict[int, int]
    cues: list[Cue]
    origins: dict[int, Origin] = {}


class Cluster(Struct):
    """``length``: with its header. ``blocks``: [(track, ms, key)]."""

    length: int
    blocks: list[tuple[int, int, bool]]
    origins: dict[int, Origin]


class BadCluster(Exception):
    """This is no whole cluster of ours."""


def scan(
    read_at: ReadAt, size: int, cues: list[Cue], cue_track: int, sound_alone: bool, synced: int = 0
) -> Tail:
    """Reads from the last of the journalled ``cues`` that is before ``synced`` and still a cluster; never the
    whole file unless the journal knows nothing. Bytes that make no sense end the file there."""
    known = [cue for cue in cues if cue.at < synced]
    while known and not _is_cluster(read_at, size, known[-1]):
        known.pop()
    position = known[-1].at if known else HEAD_SIZE
    if known:
        known.pop()
    if size < HEAD_SIZE:
        return Tail(0, {}, [])
    ends: dict[int, int] = {}
    origins: dict[int, Origin] = {}
    while position < size:
        try:
            cluster = read_cluster(read_at, position, size, checked=position >= synced)
        except BadCluster:
            break
        origins |= cluster.origins
        for index, (track, ms, key) in enumerate(cluster.blocks):
            ends[track] = max(ends.get(track, 0), ms)
            if index == 0 and track == cue_track and key:
                if sound_alone and known and ms - known[-1].ms < 1000:
                    continue
                known.append(Cue(track, ms, position))
        position += cluster.length
    if position < synced:
        # More is lost than a power loss takes: nothing is taken on trust.
        return scan(read_at, size, [], cue_track, sound_alone)
    return Tail(position, ends, known, origins)


def read_cluster(read_at: ReadAt, position: int, size: int, *, checked: bool = True) -> Cluster:
    """The one at ``position``. ``checked``: by its checksum, if it has one. Raises BadCluster."""
    try:
        whole = read_whole(read_at, position, size)
        return Cluster(len(whole), *_read_blocks(_content(whole, checked=checked)))
    except (Malformed, Truncated, struct.error, IndexError) as error:
        raise BadCluster from error


def read_whole(read_at: ReadAt, position: int, size: int) -> bytes:
    """The bytes of the cluster at ``position``. Raises BadCluster."""
    try:
        header = read_header(read_at(position, _PROBE))
    except (Malformed, Truncated) as error:
        raise BadCluster from error
    if header.id != CLUSTER or header.size is None or not 3 <= header.size <= _LARGEST:
        raise BadCluster
    length = header.length + header.size
    whole = read_at(position, length) if position + length <= size else b""
    if len(whole) != length:
        raise BadCluster
    return whole


def without_first_block(cluster: bytes) -> bytes:
    """The same length, its first block made a Void element. Raises BadCluster."""
    try:
        content = _content(cluster, checked=False)
        stamp = read_header(content)
        block = stamp.length + (stamp.size or 0)
        content = content[:block] + bytes((VOID,)) + content[block + 1 :]
    except (Malformed, Truncated, IndexError) as error:
        raise BadCluster from error
    summed = cluster_of(content)
    return summed if len(summed) == len(cluster) else cluster[: -len(content)] + content


def _content(cluster: bytes, *, checked: bool) -> bytes:
    """What is in a cluster behind its checksum, which those of older recordings do not have. Raises BadCluster."""
    offset = read_header(cluster).length
    first = read_header(cluster, offset)
    if first.id != CRC32:
        return cluster[offset:]
    offset += first.length
    content = cluster[offset + 4 :]
    if first.size != 4 or (
        checked and zlib.crc32(content) != int.from_bytes(cluster[offset : offset + 4], "little")
    ):
        raise BadCluster
    return content


def _read_blocks(body: bytes) -> tuple[list[tuple[int, int, bool]], dict[int, Origin]]:
    stamp = read_header(body)
    if stamp.id != CLUSTER_TIMESTAMP or stamp.size is None or not 1 <= stamp.size <= 8:
        raise BadCluster
    offset = stamp.length + stamp.size
    start = int.from_bytes(body[stamp.length : offset], "big")
    blocks = []
    origins: dict[int, Origin] = {}
    while offset < len(body):
        header = read_header(body, offset)
        if header.size is None or offset + header.length + header.size > len(body):
            raise BadCluster
        offset += header.length
        if header.id == SIMPLE_BLOCK:
            track, relative, flags = struct.unpack_from("!BhB", body, offset)
            blocks.append((track & 0x7F, start + relative, bool(flags & 0x80)))
        elif header.id == VOID and (mark := resume.decode(body[offset : offset + header.size])) is not None:
            origins[mark[0]] = mark[1]
        offset += header.size
    return blocks, origins


def _is_cluster(read_at: ReadAt, size: int, cue: Cue) -> bool:
    if not HEAD_SIZE <= cue.at < size:
        return False
    try:
        read_cluster(read_at, cue.at, size, checked=False)
    except BadCluster:
        return False
    return True
