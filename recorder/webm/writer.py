"""The writer: blocks in, bytes to append out; at the end the cues and a finished head."""

import struct
import zlib
from collections.abc import Iterable, Sequence

from msgspec import Struct

from recorder import resume
from recorder.resume import Origin
from recorder.webm.ebml import VOID, binary, element_id, master, uint, vint
from recorder.webm.head import HEAD_SIZE, build_head, segment_data_start
from recorder.webm.tracks import Track

CLUSTER = 0x1F43B675
CLUSTER_TIMESTAMP = 0xE7
SIMPLE_BLOCK = 0xA3
CRC32 = 0xBF
CUES = 0x1C53BB6B
CLUSTER_SPAN = 500
"""ms of media in a cluster at most: what an abrupt end can cost, beside what waits for the disk."""
CLUSTER_BYTES = 4 << 20


class Cue(Struct, frozen=True, array_like=True):
    """A place to start playing from: ``at`` is the file offset of the cluster."""

    track: int
    ms: int
    at: int


class WebmWriter:
    """Sans-I/O. ``block`` and ``flush`` return what is to be appended at ``position`` (now including it).

    ``position``, ``cues`` and ``end`` are given when a file is taken up again (see ``scan``).
    """

    def __init__(
        self,
        tracks: Sequence[Track],
        *,
        started_at: int,
        position: int = HEAD_SIZE,
        cues: Iterable[Cue] = (),
        end: int = 0,
    ) -> None:
        self.tracks = {track.number: track for track in tracks}
        self.started_at = started_at
        self.position = position
        self.cues = list(cues)
        self.end = end
        """ms of the last block known."""
        self._cue_track = next((t.number for t in tracks if t.is_video), tracks[0].number)
        self._blocks: list[tuple[int, int, bytes, Origin | None]] = []
        """(track, ms, element, origin)"""
        self._size = 0
        self._start = 0
        self._fresh: list[Cue] = []
        self._given = end
        """ms of the last block that was given out."""

    def head(self) -> bytes:
        return build_head(list(self.tracks.values()), started_at=self.started_at)

    @property
    def open_since(self) -> int | None:
        """Timestamp of the cluster that is not yet on its way to disk."""
        return self._start if self._blocks else None

    def block(self, track: int, ms: int, data: bytes, *, key: bool, origin: Origin | None = None) -> bytes:
        """Timestamps may step back a little between tracks, never within one. ``origin``: kept with the
        cluster, in a Void element that no player looks into, for who takes the file up again."""
        out = b""
        leads = key and track == self._cue_track and self.tracks[track].is_video
        if self._blocks and (
            leads or not -1000 <= ms - self._start < CLUSTER_SPAN or self._size + len(data) > CLUSTER_BYTES
        ):
            out = self.flush()
        if not self._blocks:
            self._start = ms
            self._maybe_cue(track, ms, leads)
        block = (
            b"\xa3"
            + vint(len(data) + 4)
            + struct.pack("!BhB", 0x80 | track, ms - self._start, 0x80 if key else 0)
            + data
        )
        self._blocks.append((track, ms, block, origin))
        self._size += len(block)
        if ms > self.end:
            self.end = ms
        return out

    def flush(self) -> bytes:
        """Ends the cluster."""
        if not self._blocks:
            return b""
        stamp = uint(CLUSTER_TIMESTAMP, self._start)
        origins = {track: origin for track, _, _, origin in self._blocks if origin is not None}
        marks = b"".join(binary(VOID, resume.encode(track, origin)) for track, origin in origins.items())
        body = cluster_of(b"".join((stamp, *(block[2] for block in self._blocks), marks)))
        self._blocks.clear()
        self._given = self.end
        self._size = 0
        self.position += len(body)
        return body

    def drop_from(self, ms: int) -> dict[int, int | None]:
        """Drops what is at ``ms`` or later and not given out. Returns the tracks that lost blocks, each with
        the time of its last block in the cluster that is open."""
        lost = {block[0] for block in self._blocks if block[1] >= ms}
        if not lost:
            return {}
        kept = [block for block in self._blocks if block[1] < ms]
        if self._blocks[0][1] >= ms:
            # What led the cluster is gone: what there is before it is of the same moment.
            lost, kept = {block[0] for block in self._blocks}, []
            self.cues = [cue for cue in self.cues if cue.at != self.position]
            self._fresh = [cue for cue in self._fresh if cue.at != self.position]
        self._blocks = kept
        self._size = sum(len(block[2]) for block in kept)
        self.end = max([self._given, *(block[1] for block in kept)])
        return {track: max((b[1] for b in kept if b[0] == track), default=None) for track in lost}

    def take_cues(self) -> list[Cue]:
        """New cues of clusters that were given out since the last call, for the journal."""
        fresh = [cue for cue in self._fresh if cue.at < self.position]
        self._fresh = self._fresh[len(fresh) :]
        return fresh

    def finish(self, duration: int) -> tuple[bytes, bytes]:
        """(what to append, the head that replaces the first HEAD_SIZE bytes)."""
        tail = self.flush()
        cues_at = self.position
        cues = cues_element(self.cues, self.head())
        tail += cues
        self.position += len(cues)
        head = build_head(
            list(self.tracks.values()),
            started_at=self.started_at,
            duration=duration,
            cues_at=cues_at if self.cues else None,
            file_size=self.position,
        )
        return tail, head

    def _maybe_cue(self, track: int, ms: int, leads: bool) -> None:
        """Video: every key frame. Sound alone: one a second."""
        if not leads:
            if self.tracks[self._cue_track].is_video or track != self._cue_track:
                return
            if self.cues and ms - self.cues[-1].ms < 1000:
                return
        cue = Cue(track, ms, self.position)
        self.cues.append(cue)
        self._fresh.append(cue)


def cues_element(cues: Sequence[Cue], head: bytes) -> bytes:
    """Empty when there are none. ``head``: the file's, of any length of time."""
    if not cues:
        return b""
    base = segment_data_start(head)
    return binary(CUES, b"".join(_cue_point(cue, base) for cue in cues))


def _cue_point(cue: Cue, base: int) -> bytes:
    return master(
        0xBB,
        uint(0xB3, cue.ms),
        master(0xB7, uint(0xF7, cue.track), uint(0xF1, cue.at - base)),
    )


def cluster_of(content: bytes) -> bytes:
    """With its checksum in front (RFC 8794, 11.3.1), by which a cluster is known that a power loss has torn."""
    checked = element_id(CRC32) + b"\x84" + zlib.crc32(content).to_bytes(4, "little") + content
    return element_id(CLUSTER) + vint(len(checked), 4) + checked
