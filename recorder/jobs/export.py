"""The film of a recording: the programme, the teacher's camera in a corner, the chat beside it."""

import math
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Generic, TypeVar

import av
from av.video.frame import VideoFrame

from recorder.control import RecordedFile
from recorder.jobs import layout, slots
from recorder.jobs.canvas import Painter
from recorder.jobs.chat import ChatPanel
from recorder.jobs.clips import Pictures, largest, row
from recorder.jobs.film import Film
from recorder.jobs.report import JobError
from recorder.jobs.request import ChatLine, ExportDetails, Stage
from recorder.jobs.sound import Sound
from recorder.manifest import Manifest

T = TypeVar("T")
CAMERA_GONE_MS = 3000
"""A camera that sent nothing for so long is off."""
INSET_EVERY_MS = 80
"""Beside a screen that rests the camera alone makes a picture of the film no more often: each costs as much as
one of the screen."""


class Cast:
    """Who is seen: the recording's files by what they are for."""

    def __init__(self, directory: Path, manifest: Manifest, details: ExportDetails) -> None:
        programme = [file for file in manifest.files if file.role == "programme"]
        cameras = [
            file
            for file in manifest.files
            if file.role == "share" and file.source == "camera" and file.participant == details.camera
        ]
        screens = [file for file in manifest.files if file.role == "share" and file.source == "screen"]
        self.programme = row(directory, programme)
        self.camera = row(directory, cameras) if details.camera else ()
        self.stages = details.stages or stages_of(screens)
        widest, tallest = largest(self.programme)
        if screens:
            # The head tells only of the first picture; a screen may come later, or grow.
            widest, tallest = max(widest, layout.SIZES[-1][0]), max(tallest, layout.SIZES[-1][1])
        self.layout = layout.plan(widest, tallest, chat=details.chat is not None)


def stages_of(screens: Sequence[RecordedFile]) -> tuple[Stage, ...]:
    """Where the lesson's log does not tell: there is a screen while one was recorded."""
    edges = sorted(
        [(file.start, 1) for file in screens] + [(file.start + file.duration, -1) for file in screens]
    )
    found: list[Stage] = []
    count = 0
    for ms, change in edges:
        count += change
        if not found or found[-1].screen != (count > 0):
            found.append(Stage(ms, count > 0))
    return tuple(found)


class Composer:
    """Paints what happened before a time; ``step`` says whether anything is to be seen anew."""

    def __init__(self, cast: Cast, chat: Sequence[ChatLine], threads: int) -> None:
        self.painter = Painter(cast.layout)
        self._main = Pictures(cast.programme, threads)
        self._camera = Pictures(cast.camera, threads)
        self._stages = Queue(cast.stages, lambda stage: stage.at_ms)
        self._chat = Queue(sorted(chat, key=lambda line: line.at_ms), lambda line: line.at_ms)
        self._panel = None if cast.layout.chat is None else ChatPanel(cast.layout.chat)
        self._screen = False
        self._camera_seen: float | None = None
        self._camera_picture: VideoFrame | None = None
        self._inset_shown = False
        self._begun = False
        self.pictured = False
        self.skipped = 0

    def close(self) -> None:
        self._main.close()
        self._camera.close()

    @property
    def undecodable(self) -> int:
        return self.skipped + self._main.skipped + self._camera.skipped

    def coming(self, shown: float) -> list[float | None]:
        """When something happens next that the film has to show; ``shown``: when it last showed anything."""
        camera = self._camera.next_at if self._screen else None
        if camera is not None:
            camera = max(camera, shown + INSET_EVERY_MS)
        gone = None
        if self._inset_shown and self._camera_seen is not None:
            gone = self._camera_seen + CAMERA_GONE_MS
        return [self._main.next_at, camera, gone, self._stages.next_at, self._chat.next_at]

    def step(self, until: float) -> bool:
        changed = self._draw_chat(until)
        for stage in self._stages.before(until):
            self._screen = stage.screen
        if (found := self._main.before(until)) is not None:
            changed |= self._paint(self.painter.main, found[1])
            self.pictured = True
        return self._draw_camera(until) or changed

    def _draw_camera(self, until: float) -> bool:
        found = self._camera.before(until)
        if found is not None:
            self._camera_seen, self._camera_picture = found
        seen = self._camera_seen
        wanted = self._screen and seen is not None and until - seen < CAMERA_GONE_MS
        if wanted and self._camera_picture is not None and (found is not None or not self._inset_shown):
            self._inset_shown = True
            return self._paint(self.painter.inset, self._camera_picture)
        if self._inset_shown and not wanted:
            self._inset_shown = False
            self.painter.inset(None)
            return True
        return False

    def _draw_chat(self, until: float) -> bool:
        if self._panel is None:
            return False
        messages = self._chat.before(until)
        for message in messages:
            self._panel.add(message)
        if not messages and self._begun:
            return False
        self._begun = True
        return self._paint(self.painter.chat, self._panel.draw())

    def _paint(self, paint: Callable[[VideoFrame], None], picture: VideoFrame) -> bool:
        try:
            paint(picture)
        except (av.error.FFmpegError, ValueError, MemoryError):
            self.skipped += 1
            return False
        return True


class Queue(Generic[T]):
    """Things in order of time, taken as time passes."""

    def __init__(self, things: Sequence[T], at: Callable[[T], float]) -> None:
        self._things = things
        self._at = at
        self._taken = 0

    @property
    def next_at(self) -> float | None:
        return self._at(self._things[self._taken]) if self._taken < len(self._things) else None

    def before(self, ms: float) -> list[T]:
        found: list[T] = []
        while (at := self.next_at) is not None and at < ms:
            found.append(self._things[self._taken])
            self._taken += 1
        return found


def export(
    directory: Path,
    manifest: Manifest,
    details: ExportDetails,
    path: Path,
    *,
    tell: Callable[[float], None],
    check: Callable[[], None],
    threads: int = 2,
) -> None:
    """Writes ``path``. ``check`` is called all the time and may raise. Raises JobError, OSError."""
    cast = Cast(directory, manifest, details)
    duration = manifest.duration
    if not cast.programme or duration <= 0:
        raise JobError("unreadable", "the recording is empty")
    film = Film(path, cast.layout.width, cast.layout.height, threads=threads)
    with (
        closing(film),
        closing(Composer(cast, details.chat or (), threads)) as composer,
        closing(Sound(cast.programme)) as sound,
    ):
        slot, last, shown = 0, math.ceil(duration / slots.SLOT_MS), None
        while slot <= last:
            check()
            changed = composer.step(slots.shows_until(slot))
            if changed or shown is None or slot - shown >= slots.AT_LEAST_EVERY or slot == last:
                film.picture(slot * slots.SLOT_MS, composer.painter.frame)
                shown = slot
            for piece in sound.before(min(duration, slot * slots.SLOT_MS)):
                film.sound(piece)
            tell(0.99 * slot / last)
            slot = slots.next_slot(slot, shown, composer.coming(shown * slots.SLOT_MS))
            slot = min(slot, last) if slot > last and shown != last else slot
        for piece in sound.before(duration):
            film.sound(piece)
        if not composer.pictured and composer.undecodable:
            raise JobError("unreadable", f"{composer.undecodable} pictures, none of which can be decoded")
        film.finish()
    tell(1.0)
