"""One WebM file on disk: the writer's bytes sent through a recording's channel, its cues journalled."""

import os
from pathlib import Path

from recorder import journal
from recorder.control import RecordedFile
from recorder.disk import Channel
from recorder.journal import CueMade, FileFacts, FileMade, Line, Retracked, Synced
from recorder.resume import Origin
from recorder.webm.head import HEAD_SIZE
from recorder.webm.scan import Tail, read_whole, scan, without_first_block
from recorder.webm.tracks import Track
from recorder.webm.writer import Cue, WebmWriter


class JournalFile:
    """Appends facts; owned by the recording. What is not ``write`` is called in the disk's thread."""

    def __init__(self, channel: Channel, directory: Path) -> None:
        self._channel = channel
        self._path = directory / journal.NAME
        self._descriptor = -1
        self._position = 0
        self._unsynced = False

    def write(self, line: Line) -> None:
        data = journal.encode_line(line)
        self._channel.submit(lambda: self._append(data), len(data))

    def append(self, line: Line) -> None:
        self._append(journal.encode_line(line))

    def sync(self) -> None:
        if self._unsynced:
            self._unsynced = False
            self._channel.files.sync(self._descriptor)

    def close(self) -> None:
        """Idempotent."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            self._channel.files.close(descriptor)

    def _append(self, data: bytes) -> None:
        files = self._channel.files
        if self._descriptor < 0:
            self._descriptor = files.open(self._path)
            self._position = files.size(self._descriptor)
            # After a line that was torn: what follows is a line of its own.
            data = b"\n" + data if self._position else data
        files.write(self._descriptor, self._position, data)
        self._position += len(data)
        self._unsynced = True


class WebmFile:
    """``made``: what the journal says of it. Times given to ``block`` are of the file (ms from its start)."""

    def __init__(
        self,
        channel: Channel,
        journal_file: JournalFile,
        directory: Path,
        started_at: int,
        made: FileMade,
        *,
        facts: FileFacts | None = None,
        tail: Tail | None = None,
    ) -> None:
        self._channel = channel
        self._journal = journal_file
        self._path = directory / made.name
        self._descriptor = -1
        self._length = 0
        """What was written, in the disk's thread; ``_synced``: what will stay."""
        self._unsynced = False
        self.made = made
        self.last: dict[int, int] = {} if tail is None else dict(tail.ends)
        """ms of the last block by track."""
        self.origins: dict[int, Origin] = {} if tail is None else dict(tail.origins)
        self._flushed = dict(self.last)
        tracks = made.tracks if facts is None else facts.tracks
        begin = started_at + made.start
        if tail is None or tail.cut < HEAD_SIZE:
            self._writer = WebmWriter(tracks, started_at=begin)
            cut = HEAD_SIZE
        else:
            cut = tail.cut
            end = max(tail.ends.values(), default=0)
            self._writer = WebmWriter(tracks, started_at=begin, position=cut, cues=tail.cues, end=end)
        if facts is None:
            journal_file.write(made)
        head = self._writer.head()
        channel.submit(lambda: self._begin(head, cut), len(head))

    @property
    def start(self) -> int:
        """ms of recording time at the file's timestamp 0."""
        return self.made.start

    @property
    def end(self) -> int:
        """ms of the last block."""
        return self._writer.end

    @property
    def cues(self) -> list[Cue]:
        return self._writer.cues

    @property
    def tracks(self) -> dict[int, Track]:
        return self._writer.tracks

    def block(self, track: int, ms: int, data: bytes, *, key: bool, origin: Origin | None = None) -> None:
        """``ms`` is moved up where it is not later than the track's last."""
        before = self.last.get(track)
        if before is not None and ms <= before:
            ms = before + 1
        self._append(self._writer.block(track, ms, data, key=key, origin=origin))
        if origin is not None:
            self.origins[track] = origin
        self.last[track] = ms

    def flush_older(self, ms: int) -> None:
        """Sends a cluster on its way that began before ``ms``."""
        since = self._writer.open_since
        if since is not None and since < ms:
            self._append(self._writer.flush())

    def hold(self, ms: int) -> None:
        """Sends everything up to ``ms`` on its way; of what is later, all that is not yet written is dropped."""
        for track, last in self._writer.drop_from(ms).items():
            before = self._flushed.get(track) if last is None else last
            if before is None:
                del self.last[track]
            else:
                self.last[track] = before
            self.origins.pop(track, None)
        self._append(self._writer.flush())

    def retrack(self, track: Track, placeholders: list[Cue]) -> None:
        """Replaces what the head says of ``track``; placeholders of another codec are blotted out by
        turning their blocks into Void elements (one byte each)."""
        writer = self._writer
        self._append(writer.flush())
        if writer.tracks[track.number].codec != track.codec:
            self._channel.submit(self._tell_synced)
            self._channel.submit(lambda: self._blot([cue.at for cue in placeholders]))
            writer.cues = [cue for cue in writer.cues if cue not in placeholders]
        writer.tracks[track.number] = track
        head = writer.head()
        self._channel.submit(lambda: self._write(0, head), len(head))
        self._journal.write(Retracked(self.made.name, tuple(writer.tracks.values())))
        # Before there is any picture of this codec in the file.
        self._channel.submit(self._journal.sync)

    def finish(self, duration: int) -> RecordedFile:
        """Cues, head, fsync, close; done when the channel has done it. ``duration``: of this file, ms."""
        position = self._writer.position
        tail, head = self._writer.finish(duration)
        self._channel.submit(lambda: self._write(position, tail), len(tail))
        self._channel.submit(lambda: self._write(0, head), len(head))
        self._channel.submit(self._close_synced)
        return self.described(duration)

    def described(self, duration: int) -> RecordedFile:
        """As the manifest tells of it; ``duration`` in ms."""
        video = next((t for t in self.tracks.values() if t.is_video), None)
        container = "x-matroska" if video is not None and video.codec == "h264" else "webm"
        made = self.made
        return RecordedFile(
            name=made.name,
            role=made.role,
            mime_type=f"{'video' if video is not None else 'audio'}/{container}",
            start=made.start,
            duration=duration,
            bytes=self._writer.position,
            share=made.share,
            participant=made.participant,
            source=made.source,
        )

    def close(self) -> None:
        """Gives the descriptor back, in the disk's thread; idempotent."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            self._channel.files.close(descriptor)

    def sync(self) -> int | None:
        """In the disk's thread. The length up to which the file stays as it is; None: no more than before."""
        if not self._unsynced or self._descriptor < 0:
            return None
        self._channel.files.sync(self._descriptor)
        self._unsynced = False
        return self._length

    def _append(self, data: bytes) -> None:
        if not data:
            return
        self._flushed = dict(self.last)
        position = self._writer.position - len(data)
        self._channel.submit(lambda: self._write(position, data), len(data))
        for cue in self._writer.take_cues():
            self._journal.write(CueMade(self.made.name, cue))

    def _begin(self, head: bytes, cut: int) -> None:
        files = self._channel.files
        self._descriptor = files.open(self._path)
        if files.size(self._descriptor) > cut:
            # What is cut off must not come back behind what is written in its place.
            files.truncate(self._descriptor, cut)
            files.sync(self._descriptor)
        self._length = cut
        self._write(0, head)
        files.sync_directory(self._path.parent)

    def _write(self, offset: int, data: bytes) -> None:
        self._channel.files.write(self._descriptor, offset, data)
        self._length = max(self._length, offset + len(data))
        self._unsynced = True

    def _tell_synced(self) -> None:
        """What is about to be changed in its place is no longer judged by its checksum."""
        self.sync()
        self._journal.append(Synced({self.made.name: self._length}))
        self._journal.sync()

    def _blot(self, clusters: list[int]) -> None:
        """Their first blocks become Void elements, to stay so before anything else tells of another codec."""
        for at in clusters:
            cluster = read_whole(self._read, at, self._length)
            self._write(at, without_first_block(cluster))
        if clusters:
            self._channel.files.sync(self._descriptor)

    def _read(self, offset: int, length: int) -> bytes:
        return self._channel.files.read(self._descriptor, offset, length)

    def _close_synced(self) -> None:
        self._channel.files.sync(self._descriptor)
        self.close()


def recover_tail(directory: Path, facts: FileFacts) -> Tail:
    """In the disk's thread. A file that was never begun has an empty tail."""
    try:
        descriptor = os.open(directory / facts.made.name, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return Tail(0, {}, [])
    try:
        size = os.fstat(descriptor).st_size
        video = next((track.number for track in facts.tracks if track.is_video), None)
        cue_track = facts.tracks[0].number if video is None else video
        return scan(
            lambda at, length: os.pread(descriptor, length, at),
            size,
            facts.cues,
            cue_track,
            video is None,
            facts.synced,
        )
    finally:
        os.close(descriptor)
