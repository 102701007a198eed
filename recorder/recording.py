"""One recording: its directory, its tracks, its programme and its share files."""

import contextlib
from collections.abc import Callable
from pathlib import Path

from msgspec import structs

from media import tap
from media.tap import TapFrame
from recorder import journal, manifest, salvage
from recorder.clock import SenderClock
from recorder.control import (
    AddStill,
    AddTrack,
    KeyFrameWanted,
    OpenRecording,
    RecordedFile,
    RecorderNotice,
    RecordingClosed,
    RecordingTrouble,
)
from recorder.depacketize.codecs import choose
from recorder.disk import Channel, Disk, is_full
from recorder.journal import Begun, FileMade, Journal, Paused, Synced
from recorder.manifest import Manifest
from recorder.mixer import FRAME_MS
from recorder.programme import AUDIO, DELAY_MS, NAME, TRACKS, VIDEO, Programme
from recorder.recorded_share import RecordedShare
from recorder.salvage import Found
from recorder.sharefile import SILENCE_MS
from recorder.stills import Stills
from recorder.time import Pause, RecordingClock, recording_time
from recorder.webm.scan import Tail
from recorder.webmfile import JournalFile, WebmFile, recover_tail

KEY_FRAME_PAUSE_MS = 1000.0
"""A share is not asked for key frames more often."""
SHARE_KEY_FRAME_EVERY_MS = 30_000.0
CLUSTER_WAIT_MS = 600.0
"""A cluster goes to disk this long after its first frame though none follows."""
SYNCED_EVERY = 20
"""Rounds of syncing between two lines that tell of it: what a recovery checks, not what is lost."""
Notify = Callable[[RecorderNotice], None]


class Recording:
    """Made by ``begin``. ``wall``: ms since the epoch; inside, times are ms of recording time."""

    def __init__(
        self, directory: Path, channel: Channel, begun: Begun, pauses: tuple[Pause, ...], notify: Notify
    ) -> None:
        self.begun = begun
        self.clock = RecordingClock(begun.started_at, pauses)
        self.stopped = False
        """The disk failed: what is on it is kept, nothing is added."""
        self._directory = directory
        self._channel = channel
        self._journal = JournalFile(channel, directory)
        self._notify = notify
        self._shares: dict[str, RecordedShare] = {}
        self._leaving: dict[str, RecordedShare] = {}
        """By share: what still comes in the codec it had before."""
        self._senders: dict[str, SenderClock] = {}
        self._files: dict[str, WebmFile] = {}
        self._asked: dict[str, float] = {}
        self._troubled = False
        self._rounds = 0
        self._safe: dict[str, int] = {}
        """What the journal is still to be told, in the disk's thread."""
        self._stills = Stills(channel, self._journal, directory)
        self._programme: Programme
        self.dropped = 0

    @classmethod
    async def begin(
        cls, directory: Path, disk: Disk, request: OpenRecording, notify: Notify, *, check_space: bool = True
    ) -> "Recording":
        """Anew, or where a crash has left it (then the journal's ``started_at`` counts). Raises OSError."""
        made: list[Recording] = []
        channel = Channel(disk, lambda error: made[0].fail(error), check_space=check_space)
        begun = Begun(request.recording, request.lesson, request.started_at)
        left, tails = await channel.run(lambda: _prepare(directory))
        found = None if left is None else left.journal
        pauses = () if found is None else found.pauses
        recording = cls(directory, channel, begun if found is None else found.begun, pauses, notify)
        made.append(recording)
        for line in (begun,) if left is None else left.missing:
            recording._journal.write(line)
        recording._learn(request.pauses or pauses)
        recording._take_up(found, tails)
        recording._save_manifest()
        channel.submit(recording._begin_to_last)
        await channel.run(lambda: None)
        if channel.failed is not None:
            await channel.run(recording._give_up)
            raise channel.failed
        return recording

    def _take_up(self, found: Journal | None, tails: dict[str, Tail]) -> None:
        for name, facts in () if found is None else found.files.items():
            tail = tails[name]
            self._files[name] = WebmFile(
                self._channel,
                self._journal,
                self._directory,
                self.begun.started_at,
                facts.made,
                facts=facts,
                tail=tail,
            )
        if found is not None:
            self._stills = Stills(self._channel, self._journal, self._directory, found.stills)
        parts = [file for file in self._files.values() if file.made.role == "programme"]
        if not parts:
            parts = [self._make_file(FileMade(NAME, "programme", 0, TRACKS))]
        last = parts[-1]
        before = None if found is None else found.files.get(last.made.name)
        sounds = [part.start + part.last[AUDIO] for part in parts if AUDIO in part.last]
        self._programme = Programme(
            last,
            lambda tracks, start: self._make_file(FileMade(NAME, "programme", start, tracks)),
            parts=len(parts),
            first=max(sounds) // FRAME_MS + 1 if sounds else 0,
            # Only the first part begins without knowing its picture.
            pictured=len(parts) > 1 or (before is not None and before.pictured),
            last_picture=float(last.start + last.last.get(VIDEO, 0)),
            resumed=found is not None,
            end=last.origins.get(VIDEO),
        )

    # --- what is asked of it ---------------------------------------------------------------------

    def add_track(self, request: AddTrack) -> None:
        """Raises UnsupportedCodec. A share that is here already goes on in its file; one that changes its
        codec goes on by its older tap until the first picture of the new one."""
        codec, payload_type, rate = choose(request.codecs)
        known = self._shares.get(request.share)
        if known is not None and known.tap == request.tap and known.codec == codec:
            return
        if known is not None and known.tap != request.tap and known.codec != codec:
            self._leave(request.share, known)
        elif known is not None:
            known.close()
        sender = self._senders.setdefault(request.participant, SenderClock())
        self._shares[request.share] = RecordedShare(
            request,
            codec,
            payload_type,
            rate,
            sender,
            self._programme,
            self._make_file,
            known.file if known is not None else self._file_of(request.share),
            lambda: self._channel.congested,
            known.last if known is not None and known.codec == codec else None,
        )

    def taps(self, share: str) -> set[int]:
        """By which the share's packets come."""
        found = (self._shares.get(share), self._leaving.get(share))
        return {one.tap for one in found if one is not None}

    def end_track(self, share: str) -> None:
        self._leave(share, None)
        found = self._shares.pop(share, None)
        if found is not None:
            found.close()

    def add_still(self, request: AddStill) -> None:
        """Raises BadStill."""
        if not self.stopped and not self.clock.paused:
            self._stills.add(request)

    def set_stage(self, share: str | None, wall: float) -> None:
        now = self.clock.time(wall)
        self._programme.set_stage(share, now)
        self._want_keys(now)

    def set_pauses(self, pauses: tuple[Pause, ...]) -> None:
        """What was received of a pause already is left out, as far as it is not on disk. Nothing of what is
        tapped now goes on: after a pause each share is added again, since its sender's clock is then further
        from the recording's by the pause."""
        known = self.clock.pauses
        if pauses == known:
            return
        changed = next((new for new, old in zip(pauses, (*known, None), strict=False) if new != old), None)
        if changed is not None:
            self._hold(recording_time(changed.at, self.begun.started_at, pauses))
        self._learn(pauses)

    def _hold(self, at: float) -> None:
        for share in (*self._leaving.values(), *self._shares.values()):
            share.receiver.tick(float("inf"))
            share.close()
        self._leaving.clear()
        self._shares.clear()
        self._senders.clear()
        self._asked.clear()
        if not self.stopped:
            self._programme.hold(at)
            for file in self._files.values():
                file.hold(round(at) - file.made.start)

    def _learn(self, pauses: tuple[Pause, ...]) -> None:
        if pauses != self.clock.pauses:
            self.clock.set_pauses(pauses)
            self._journal.write(Paused(pauses))

    def frame(self, share: str, frame: TapFrame, wall: float) -> None:
        found = self._shares.get(share)
        leaving = self._leaving.get(share)
        if leaving is not None and leaving.tap == frame.tap:
            found = leaving
        now = self.clock.time(wall)
        if found is None or self.stopped or self._channel.overrun or not self.clock.recorded(wall):
            self.dropped += 1
        elif frame.type == tap.RTP:
            found.receiver.rtp(frame.packet, now)
            if leaving is not None and found is not leaving and found.pictured:
                self._leave(share, None)
        else:
            found.receiver.rtcp(frame.packet)

    def tick(self, wall: float) -> None:
        if self.stopped:
            return
        now = self.clock.time(wall)
        for share in (*self._leaving.values(), *self._shares.values()):
            share.receiver.tick(now)
        if self._channel.overrun:
            self._trouble("slow_disk")
            return
        self._programme.tick(now)
        for file in self._files.values():
            wait = CLUSTER_WAIT_MS + (DELAY_MS if file.made.role == "programme" else 0)
            file.flush_older(round(now - wait) - file.made.start)
        if self._channel.congested:
            self._trouble("slow_disk")
            return
        if self._troubled and self._channel.caught_up:
            self._troubled = False
            self._notify(RecordingTrouble(self.begun.recording, "disk_well"))
        self._want_keys(now)

    @property
    def failed(self) -> OSError | None:
        """Why it cannot go on."""
        return self._channel.failed

    def sync(self) -> None:
        """Soon makes all that was written so far outlast a power loss."""
        if not self.stopped:
            files = tuple(self._files.values())
            self._rounds += 1
            tell = self._rounds % SYNCED_EVERY == 0
            self._channel.submit(lambda: self._sync(files, tell=tell))

    def _sync(self, files: tuple[WebmFile, ...], *, tell: bool) -> None:
        """In the disk's thread. The journal tells of what is on the disk already, never of what will be."""
        for file in files:
            if (length := file.sync()) is not None:
                self._safe[file.made.name] = length
        if tell and self._safe:
            self._journal.append(Synced(self._safe))
            self._safe = {}
        self._journal.sync()

    def _begin_to_last(self) -> None:
        """In the disk's thread: from here on there is a journal to take it up by."""
        self._sync(tuple(self._files.values()), tell=True)
        for directory in (self._directory, self._directory.parent):
            self._channel.files.sync_directory(directory)

    def fail(self, error: OSError) -> None:
        """Called by the channel when something could not be written."""
        self.stopped = True
        self._troubled = False
        self._trouble("disk_full" if is_full(error) else "disk_failed")

    # --- the end ---------------------------------------------------------------------------------

    async def finish(self, wall: float | None, *, close: bool) -> RecordingClosed:
        """Makes the files whole. ``wall``: up to when there is sound; None: as far as there is.

        Not ``close``: the recording may be taken up again. Raises OSError.
        """
        if not self.stopped:
            for share in (*self._leaving.values(), *self._shares.values()):
                share.receiver.tick(float("inf"))
            if wall is not None:
                self._programme.tick(self.clock.time(wall), delay=0.0)
        finished = self._finished_files()
        # Made just before the power went, with nothing in it: it tells nobody anything.
        empty = {name for name, file in self._files.items() if close and not file.last and name != NAME}
        files = tuple(file for file in finished if file.name not in empty)
        duration = max((file.start + file.duration for file in files), default=0)
        files += self._stills.described()
        result = structs.replace(self._manifest(), closed=close, duration=duration, files=files)
        failed = self._channel.failed

        def seal() -> None:
            if (error := self._channel.failed or failed) is not None:
                self._close_files()
                raise error
            for file in self._files.values():
                file.close()
            for name in empty:
                self._channel.files.remove(self._directory / name)
            manifest.save(self._directory, result, self._channel.files)
            self._journal.sync()
            self._journal.close()
            if close:
                self._channel.files.remove(self._directory / journal.NAME)

        self.stopped = True
        for share in (*self._leaving.values(), *self._shares.values()):
            share.close()
        await self._channel.run(seal)
        return result.as_reply()

    def _finished_files(self) -> list[RecordedFile]:
        finished = []
        for file in self._files.values():
            last = FRAME_MS if AUDIO in file.tracks or not file.tracks[1].is_video else SILENCE_MS
            finished.append(file.finish(file.end + last if file.last else 0))
        return finished

    def _leave(self, share: str, leaving: RecordedShare | None) -> None:
        """In place of whatever was leaving."""
        before = self._leaving.pop(share, None)
        if before is not None:
            before.close()
        if leaving is not None:
            self._leaving[share] = leaving

    # --- inside ----------------------------------------------------------------------------------

    def _make_file(self, made: FileMade) -> WebmFile:
        name, number = made.name, 2
        while name in self._files:
            stem, _, extension = made.name.rpartition(".")
            name = f"{stem}-{number}.{extension}"
            number += 1
        file = WebmFile(
            self._channel,
            self._journal,
            self._directory,
            self.begun.started_at,
            structs.replace(made, name=name),
        )
        self._files[name] = file
        self._save_manifest()
        return file

    def _file_of(self, share: str) -> WebmFile | None:
        """The newest file of a share that was here before."""
        found = [f for f in self._files.values() if f.made.role == "share" and f.made.share == share]
        return found[-1] if found else None

    def _manifest(self) -> Manifest:
        files = tuple(file.described(file.end) for file in self._files.values()) + self._stills.described()
        begun = self.begun
        return Manifest(
            begun.recording, begun.lesson, begun.started_at, files=files, pauses=self.clock.pauses
        )

    def _close_files(self) -> None:
        """In the disk's thread."""
        for file in self._files.values():
            file.close()
        self._journal.close()

    def _give_up(self) -> None:
        """In the disk's thread. A directory that was made for nothing goes."""
        self._close_files()
        with contextlib.suppress(OSError):
            self._directory.rmdir()

    def _save_manifest(self) -> None:
        current = self._manifest()
        self._channel.submit(lambda: manifest.save(self._directory, current, self._channel.files))

    def _want_keys(self, now: float) -> None:
        wanted = self._programme.wants_key(now)
        for share, recorded in self._shares.items():
            if share == wanted or recorded.wants_key(now, SHARE_KEY_FRAME_EVERY_MS):
                self._ask(share, now)

    def _ask(self, share: str, now: float) -> None:
        asked = self._asked.get(share)
        if asked is None or now - asked >= KEY_FRAME_PAUSE_MS:
            self._asked[share] = now
            self._notify(KeyFrameWanted(self.begun.recording, share))

    def _trouble(self, code: str) -> None:
        if not self._troubled:
            self._troubled = True
            self._notify(RecordingTrouble(self.begun.recording, code))


def _prepare(directory: Path) -> tuple[Found | None, dict[str, Tail]]:
    """In the disk's thread."""
    directory.mkdir(mode=0o750, exist_ok=True)
    try:
        found = salvage.find(directory)
    except journal.NoJournal:
        return None, {}
    return found, {name: recover_tail(directory, facts) for name, facts in found.journal.files.items()}
