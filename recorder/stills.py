"""Stills of shared screens, kept beside the recording's files: pictures as they came, never decoded here."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from msgspec import structs

from recorder.control import AddStill, RecordedFile
from recorder.disk import Channel
from recorder.journal import StillMade
from recorder.webmfile import JournalFile

MAX_PART = 900_000
"""Bytes of a part: what fits into a message of the bus."""
MAX_PARTS = 3
"""Of one still: so that the largest that the gateway takes (2 MiB) can be kept."""
MOST = 1000
MOST_BYTES = 256 << 20
"""Of a recording's stills together."""
APART_MS = 3000
"""Between two of a share: what rests more shortly is only heard of as pictures of its video."""
_ENDINGS = {"image/png": "png", "image/webp": "webp"}


class BadStill(ValueError):
    """It is no still that can be kept."""


class Stills:
    """``known``: what the journal tells after a crash. Times are ms of recording time."""

    def __init__(
        self, channel: Channel, journal: JournalFile, directory: Path, known: Iterable[StillMade] = ()
    ) -> None:
        self.dropped = 0
        self._channel = channel
        self._journal = journal
        self._directory = directory
        self._kept: dict[tuple[str, int], StillMade] = {}
        self._newest: dict[str, tuple[int, bytes]] = {}
        self._coming: dict[str, list[AddStill]] = {}
        """By share: the parts of the still that is on its way."""
        for still in known:
            if _whole(directory, still):
                self._kept[still.share, still.at_ms] = still

    def add(self, request: AddStill) -> None:
        """A further one of the same share and time is a better picture, and takes the place of the first.
        Raises BadStill; what is too much is dropped and counted."""
        ending = _ENDINGS.get(request.mime_type)
        if (
            ending is None
            or not 0 < len(request.data) <= MAX_PART
            or request.at_ms < 0
            or not 0 <= request.part < request.parts <= MAX_PARTS
        ):
            raise BadStill(f"{len(request.data)} bytes of {request.mime_type[:50]}")
        whole = self._gather(request)
        if whole is not None:
            self._keep(whole, ending)

    def _gather(self, request: AddStill) -> AddStill | None:
        """All of it, with the last part. Parts of what is not going on are let go."""
        if request.parts == 1:
            self._coming.pop(request.share, None)
            return request
        here = self._coming.setdefault(request.share, [])
        first = here[0] if here else request
        if request.part == 0:
            here.clear()
        elif len(here) != request.part or (first.at_ms, first.parts) != (request.at_ms, request.parts):
            here.clear()
            return None
        here.append(request)
        if len(here) < request.parts:
            return None
        del self._coming[request.share]
        return structs.replace(request, data=b"".join(part.data for part in here), part=0, parts=1)

    def _keep(self, request: AddStill, ending: str) -> None:
        key = (request.share, request.at_ms)
        before = self._kept.get(key)
        if not self._has_room(request, before):
            self.dropped += 1
            return
        digest = hashlib.blake2b(request.data, digest_size=16).digest()
        newest = self._newest.get(request.share)
        if newest is not None and newest[1] == digest:
            return
        self._newest[request.share] = (request.at_ms, digest)
        name = f"still-{request.at_ms}-{request.share}.{ending}"
        made = StillMade(
            name, request.share, request.participant, request.at_ms, request.mime_type, len(request.data)
        )
        self._kept[key] = made
        path, data = self._directory / name, request.data
        self._channel.submit(lambda: self._channel.files.write_whole(path, data), len(data))
        self._journal.write(made)
        if before is not None and before.name != name:
            old = self._directory / before.name
            self._channel.submit(lambda: self._channel.files.remove(old))

    def described(self) -> tuple[RecordedFile, ...]:
        """In order of time."""
        return tuple(
            RecordedFile(
                name=still.name,
                role="still",
                mime_type=still.mime_type,
                start=still.at_ms,
                duration=0,
                bytes=still.bytes,
                share=still.share,
                participant=still.participant,
                source="screen",
            )
            for still in sorted(self._kept.values(), key=lambda still: (still.at_ms, still.share))
        )

    def _has_room(self, request: AddStill, before: StillMade | None) -> bool:
        if self._channel.congested:
            return False
        if before is not None:
            return True
        newest = self._newest.get(request.share)
        if newest is not None and request.at_ms - newest[0] < APART_MS:
            return False
        total = sum(still.bytes for still in self._kept.values())
        return len(self._kept) < MOST and total + len(request.data) <= MOST_BYTES


def _whole(directory: Path, still: StillMade) -> bool:
    try:
        return (directory / still.name).stat().st_size == still.bytes
    except OSError:
        return False
