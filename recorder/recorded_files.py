"""The files of one open recording: made, taken up again, made to last, told of in journal and manifest, closed."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct, structs

from recorder import journal, manifest, salvage
from recorder.control import RecordedFile
from recorder.disk import Channel
from recorder.journal import Begun, FileMade, Line, Paused, Synced
from recorder.manifest import Manifest
from recorder.mixer import FRAME_MS
from recorder.programme import AUDIO, NAME
from recorder.salvage import Found
from recorder.sharefile import SILENCE_MS
from recorder.stills import Stills
from recorder.time import Pause, RecordingClock
from recorder.webm.scan import Tail
from recorder.webmfile import JournalFile, WebmFile, recover_tail

SYNCED_EVERY = 20
"""Rounds of syncing between two lines that tell of it: what a recovery checks, not what is lost."""


class Left(Struct):
    """What was on the disk. ``found`` None: nothing."""

    found: Found | None
    tails: dict[str, Tail]


def look(directory: Path) -> Left:
    """In the disk's thread. Raises OSError."""
    directory.mkdir(mode=0o750, exist_ok=True)
    try:
        found = salvage.find(directory)
    except journal.NoJournal:
        return Left(None, {})
    return Left(found, {name: recover_tail(directory, facts) for name, facts in found.journal.files.items()})


class RecordedFiles:
    """Iterates over its WebM files. What is private is called in the disk's thread."""

    def __init__(
        self, directory: Path, channel: Channel, begun: Begun, clock: RecordingClock, left: Left
    ) -> None:
        self.begun = begun
        self._clock = clock
        self._directory = directory
        self._channel = channel
        self._journal = JournalFile(channel, directory)
        self._files: dict[str, WebmFile] = {}
        self._rounds = 0
        self._safe: dict[str, int] = {}
        """What the journal is still to be told."""
        found = left.found
        lines: list[Line] = [begun] if found is None else found.missing
        for line in lines:
            self._journal.write(line)
        known = None if found is None else found.journal
        self.stills = Stills(channel, self._journal, directory, () if known is None else known.stills)
        for name, facts in () if known is None else known.files.items():
            self._files[name] = WebmFile(
                channel,
                self._journal,
                directory,
                begun.started_at,
                facts.made,
                facts=facts,
                tail=left.tails[name],
            )

    def __iter__(self) -> Iterator[WebmFile]:
        return iter(self._files.values())

    def make(self, made: FileMade) -> WebmFile:
        """Under a further name where there is one of its name."""
        name, number = made.name, 2
        while name in self._files:
            stem, _, extension = made.name.rpartition(".")
            name = f"{stem}-{number}.{extension}"
            number += 1
        made = structs.replace(made, name=name)
        file = WebmFile(self._channel, self._journal, self._directory, self.begun.started_at, made)
        self._files[name] = file
        self.save_manifest()
        return file

    def of_share(self, share: str) -> WebmFile | None:
        """The newest file of a share that was here before."""
        found = [f for f in self if f.made.role == "share" and f.made.share == share]
        return found[-1] if found else None

    def note_pauses(self, pauses: tuple[Pause, ...]) -> None:
        self._journal.write(Paused(pauses))

    def save_manifest(self) -> None:
        current = self._manifest()
        self._channel.submit(lambda: manifest.save(self._directory, current, self._channel.files))

    async def begin(self) -> None:
        """From here on there is a journal to take it up by. Raises OSError, and has then left nothing open."""
        self.save_manifest()
        self._channel.submit(self._begin_to_last)
        await self._channel.run(lambda: None)
        if self._channel.failed is not None:
            await self._channel.run(self._give_up)
            raise self._channel.failed

    def sync(self) -> None:
        """Soon makes all that was written so far outlast a power loss."""
        files = tuple(self)
        self._rounds += 1
        tell = self._rounds % SYNCED_EVERY == 0
        self._channel.submit(lambda: self._sync(files, tell=tell))

    async def finish(self, *, close: bool) -> Manifest:
        """Makes the files whole. Raises OSError."""
        finished = self._finished()
        # Made just before the power went, with nothing in it: it tells nobody anything.
        empty = {name for name, file in self._files.items() if close and not file.last and name != NAME}
        files = tuple(file for file in finished if file.name not in empty)
        duration = max((file.start + file.duration for file in files), default=0)
        files += self.stills.described()
        result = structs.replace(self._manifest(), closed=close, duration=duration, files=files)
        failed = self._channel.failed

        def seal() -> None:
            if (error := self._channel.failed or failed) is not None:
                self._close()
                raise error
            for file in self:
                file.close()
            for name in empty:
                self._channel.files.remove(self._directory / name)
            manifest.save(self._directory, result, self._channel.files)
            self._journal.sync()
            self._journal.close()
            if close:
                self._channel.files.remove(self._directory / journal.NAME)

        await self._channel.run(seal)
        return result

    def _finished(self) -> list[RecordedFile]:
        finished = []
        for file in self:
            last = FRAME_MS if AUDIO in file.tracks or not file.tracks[1].is_video else SILENCE_MS
            finished.append(file.finish(file.end + last if file.last else 0))
        return finished

    def _manifest(self) -> Manifest:
        files = tuple(file.described(file.end) for file in self) + self.stills.described()
        begun = self.begun
        return Manifest(
            begun.recording, begun.lesson, begun.started_at, files=files, pauses=self._clock.pauses
        )

    def _begin_to_last(self) -> None:
        self._sync(tuple(self), tell=True)
        for directory in (self._directory, self._directory.parent):
            self._channel.files.sync_directory(directory)

    def _sync(self, files: tuple[WebmFile, ...], *, tell: bool) -> None:
        """The journal tells of what is on the disk already, never of what will be."""
        for file in files:
            if (length := file.sync()) is not None:
                self._safe[file.made.name] = length
        if tell and self._safe:
            self._journal.append(Synced(self._safe))
            self._safe = {}
        self._journal.sync()

    def _close(self) -> None:
        for file in self:
            file.close()
        self._journal.close()

    def _give_up(self) -> None:
        """A directory that was made for nothing goes."""
        self._close()
        with contextlib.suppress(OSError):
            self._directory.rmdir()
