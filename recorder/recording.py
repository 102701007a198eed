"""One recording: its directory, its tracks, its programme and its share files."""

from collections.abc import Callable
from pathlib import Path

from media import tap
from media.tap import TapFrame
from recorder.clock import SenderClock
from recorder.control import (
    AddStill,
    AddTrack,
    KeyFrameWanted,
    OpenRecording,
    RecorderNotice,
    RecordingClosed,
    RecordingTrouble,
)
from recorder.depacketize.codecs import choose
from recorder.disk import Channel, Disk, is_full
from recorder.journal import Begun, FileMade, Journal
from recorder.mixer import FRAME_MS
from recorder.programme import AUDIO, DELAY_MS, NAME, TRACKS, VIDEO, Programme
from recorder.recorded_files import RecordedFiles, look
from recorder.recorded_share import RecordedShare
from recorder.time import Pause, RecordingClock, recording_time

KEY_FRAME_PAUSE_MS = 1000.0
"""A share is not asked for key frames more often."""
SHARE_KEY_FRAME_EVERY_MS = 30_000.0
CLUSTER_WAIT_MS = 600.0
"""A cluster goes to disk this long after its first frame though none follows."""
Notify = Callable[[RecorderNotice], None]


class Recording:
    """Made by ``begin``. ``wall``: ms since the epoch; inside, times are ms of recording time."""

    def __init__(
        self,
        channel: Channel,
        files: RecordedFiles,
        clock: RecordingClock,
        programme: Programme,
        notify: Notify,
    ) -> None:
        self.begun = files.begun
        self.clock = clock
        self.stopped = False
        """The disk failed: what is on it is kept, nothing is added."""
        self._channel = channel
        self._files = files
        self._programme = programme
        self._notify = notify
        self._shares: dict[str, RecordedShare] = {}
        self._leaving: dict[str, RecordedShare] = {}
        """By share: what still comes in the codec it had before."""
        self._senders: dict[str, SenderClock] = {}
        self._asked: dict[str, float] = {}
        self._troubled = False
        self.dropped = 0

    @classmethod
    async def begin(
        cls, directory: Path, disk: Disk, request: OpenRecording, notify: Notify, *, check_space: bool = True
    ) -> "Recording":
        """Anew, or where a crash has left it (then the journal's ``started_at`` counts). Raises OSError."""
        made: list[Recording] = []
        channel = Channel(disk, lambda error: made[0].fail(error), check_space=check_space)
        left = await channel.run(lambda: look(directory))
        known = None if left.found is None else left.found.journal
        begun = Begun(request.recording, request.lesson, request.started_at) if known is None else known.begun
        clock = RecordingClock(begun.started_at, () if known is None else known.pauses)
        files = RecordedFiles(directory, channel, begun, clock, left)
        recording = cls(channel, files, clock, _programme(files, known), notify)
        made.append(recording)
        recording._learn(request.pauses or clock.pauses)
        await files.begin()
        return recording

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
            self._files.make,
            known.file if known is not None else self._files.of_share(request.share),
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
            self._files.stills.add(request)

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
            for file in self._files:
                file.hold(round(at) - file.made.start)

    def _learn(self, pauses: tuple[Pause, ...]) -> None:
        if pauses != self.clock.pauses:
            self.clock.set_pauses(pauses)
            self._files.note_pauses(pauses)

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
        for file in self._files:
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
            self._files.sync()

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
        self.stopped = True
        for share in (*self._leaving.values(), *self._shares.values()):
            share.close()
        return (await self._files.finish(close=close)).as_reply()

    def _leave(self, share: str, leaving: RecordedShare | None) -> None:
        """In place of whatever was leaving."""
        before = self._leaving.pop(share, None)
        if before is not None:
            before.close()
        if leaving is not None:
            self._leaving[share] = leaving

    # --- inside ----------------------------------------------------------------------------------

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


def _programme(files: RecordedFiles, known: Journal | None) -> Programme:
    """In the last of its parts that are there."""
    parts = [file for file in files if file.made.role == "programme"]
    if not parts:
        parts = [files.make(FileMade(NAME, "programme", 0, TRACKS))]
    last = parts[-1]
    before = None if known is None else known.files.get(last.made.name)
    sounds = [part.start + part.last[AUDIO] for part in parts if AUDIO in part.last]
    return Programme(
        last,
        lambda tracks, start: files.make(FileMade(NAME, "programme", start, tracks)),
        parts=len(parts),
        first=max(sounds) // FRAME_MS + 1 if sounds else 0,
        # Only the first part begins without knowing its picture.
        pictured=len(parts) > 1 or (before is not None and before.pictured),
        last_picture=float(last.start + last.last.get(VIDEO, 0)),
        resumed=known is not None,
        end=last.origins.get(VIDEO),
    )
