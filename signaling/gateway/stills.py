"""The stills of shared screens that rest: the newest of each live share, in memory and nowhere else.

A still is a picture (a full and a light one of the same size) and parts over it: patches, small
pictures of what changed since, and holes, through which viewers see the video. Everything a publisher says of a
share carries a number that grows; what comes late is refused, so that no old picture covers a newer one.
Who may is asked by the callers.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

from classroom.ids import LessonId, ParticipantId, ShareId
from classroom.lesson.events import Source
from classroom.lesson.stage import effective_paused
from classroom.lesson.state import LessonState, Phase
from signaling.gateway.host import Change
from signaling.gateway.metrics import Metrics
from signaling.gateway.sockets import Sockets
from signaling.gateway.stills_image import BANDS, StillImage
from signaling.wire import server

MAX_FULL = 2 * 1024 * 1024
MAX_LIGHT = 512 * 1024
MAX_PATCH = 512 * 1024
MAX_PARTS = 48
MAX_KEPT = 128 * 1024 * 1024
"""Bytes of all pictures of all lessons together."""

Variant = Literal["full", "light"]
VARIANTS: tuple[Variant, ...] = ("full", "light")

Allowance = Callable[[LessonId, ParticipantId, bool], float | None]
"""How many bytes a second a viewer's stills may take, None: as many as the connection carries; of a picture that is
the first of what it shows, or of one that makes it sharper."""
GiveWay = Callable[[LessonId, ParticipantId, int], Awaitable[None]]
"""A viewer's pictures wait for so many bytes."""

Listener = Callable[[LessonId, ShareId, int, StillImage], None]


async def nobody_gives_way(lesson: LessonId, participant: ParticipantId, octets: int) -> None:
    """Where there is no media to wait."""


def unlimited(lesson: LessonId, participant: ParticipantId, first: bool) -> float | None:  # noqa: ARG001
    return None


class StillRefused(Exception):
    """``code``: outdated, invalid or busy."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass
class _Part:
    area: server.StillArea
    number: int = 0
    image: StillImage | None = None


@dataclass
class _Still:
    number: int
    width: int
    height: int
    images: dict[Variant, StillImage] = field(default_factory=dict)
    parts: list[_Part] = field(default_factory=list)

    @property
    def size(self) -> int:
        patches = (len(part.image.data) for part in self.parts if part.image is not None)
        return sum(len(image.data) for image in self.images.values()) + sum(patches)


@dataclass
class _OfShare:
    """``last``: the highest number heard of."""

    last: int = 0
    still: _Still | None = None


def has_stills(state: LessonState, share: ShareId) -> bool:
    """A screen that is being shown now."""
    entry = state.shares.get(share)
    return (
        state.phase is Phase.LIVE
        and entry is not None
        and entry.source is Source.SCREEN
        and not effective_paused(state, entry)
    )


class Stills:
    """``allowance`` is whoever's who knows the viewers' links."""

    def __init__(self, sockets: Sockets, metrics: Metrics) -> None:
        self.allowance: Allowance = unlimited
        self.give_way: GiveWay = nobody_gives_way
        self.listeners: list[Listener] = []
        """Told of every picture of a still that was taken. Must not block and must not raise."""
        self._sockets = sockets
        self._metrics = metrics
        self._lessons: dict[LessonId, dict[ShareId, _OfShare]] = defaultdict(dict)
        self._kept = 0

    # --- from the publisher ---

    def put_image(
        self,
        lesson: LessonId,
        share: ShareId,
        number: int,
        variant: Variant,
        image: StillImage,
        hole: server.StillArea | None,
    ) -> None:
        """A new still, or the other variant of the present one. Raises StillRefused."""
        if image.mime_type == BANDS and variant != "light":
            raise StillRefused("invalid", "bands are for the light picture alone")
        known = self._lessons[lesson].get(share) or _OfShare()
        if known.still is not None and known.still.number == number:
            still = known.still
            if (still.width, still.height) != (image.width, image.height) or variant in still.images:
                raise StillRefused("invalid", "not the other variant of this still")
            self._need_room(image, 0)
        elif number > known.last:
            still = _Still(number, image.width, image.height)
            if hole is not None:
                still.parts.append(_Part(_inside(hole, still)))
            self._need_room(image, 0 if known.still is None else known.still.size)
            self._forget(known)
            known.last, known.still = number, still
        else:
            raise StillRefused("outdated", "something newer is known of the share")
        self._lessons[lesson][share] = known
        still.images[variant] = image
        self._keep(image, variant)
        self._tell(lesson, share, still)
        for listener in self.listeners:
            listener(lesson, share, number, image)

    def put_patch(
        self,
        lesson: LessonId,
        share: ShareId,
        still_number: int,
        number: int,
        area: server.StillArea,
        image: StillImage,
    ) -> None:
        """Raises StillRefused."""
        if image.mime_type == BANDS:
            raise StillRefused("invalid", "bands are for the light picture alone")
        known, still = self._present(lesson, share, still_number)
        if number <= known.last:
            raise StillRefused("outdated", "something newer is known of the share")
        _inside(area, still)
        if (area.width, area.height) != (image.width, image.height):
            raise StillRefused("invalid", "the picture has not the size of the area")
        self._need_room(image, 0)
        self._add(lesson, share, known, _Part(area, number, image))
        self._keep(image, "patch")

    def moved(
        self,
        lesson: LessonId,
        share: ShareId,
        still_number: int,
        number: int,
        area: server.StillArea | None,
    ) -> None:
        """What the still shows there is not so any more; None: nowhere. Raises StillRefused."""
        known = self._lessons[lesson].setdefault(share, _OfShare())
        if number <= known.last:
            raise StillRefused("outdated", "something newer is known of the share")
        known.last = number
        still = known.still
        if still is None or still.number > still_number:
            return
        if area is None or still.number < still_number:
            self._drop(lesson, share, known)
        else:
            self._add(lesson, share, known, _Part(_inside(area, still), number))

    def drop(self, lesson: LessonId, share: ShareId) -> None:
        known = self._lessons[lesson].get(share)
        if known is not None:
            self._drop(lesson, share, known)

    # --- for the viewers ---

    def present(self, lesson: LessonId) -> tuple[server.StillShown, ...]:
        here = self._lessons.get(lesson, {})
        return tuple(_shown(share, known.still) for share, known in here.items() if known.still is not None)

    def image(self, lesson: LessonId, share: ShareId, number: int, part: str) -> StillImage | None:
        """``part``: full, light, or a patch's number. None when it is not there, or not any more."""
        known = self._lessons.get(lesson, {}).get(share)
        still = None if known is None else known.still
        if still is None or still.number != number:
            return None
        for variant in VARIANTS:
            if part == variant:
                return still.images.get(variant)
        return next((one.image for one in still.parts if one.number and str(one.number) == part), None)

    def is_first(self, lesson: LessonId, share: ShareId, part: str) -> bool:
        """Whether viewers have nothing else of what this picture shows."""
        known = self._lessons.get(lesson, {}).get(share)
        return part != "full" or known is None or known.still is None or "light" not in known.still.images

    # --- the lesson goes on ---

    def changed(self, change: Change) -> None:
        """A listener of the hosts: stills go with their share, with its pause and with the lesson."""
        here = self._lessons.get(change.lesson)
        if here is None:
            return
        for share, known in tuple(here.items()):
            if not has_stills(change.new, share):
                self._drop(change.lesson, share, known)
            if share not in change.new.shares:
                del here[share]
        if not here or change.new.phase is not Phase.LIVE:
            for known in here.values():
                self._forget(known)
            del self._lessons[change.lesson]

    @property
    def kept(self) -> int:
        """Bytes of pictures."""
        return self._kept

    # --- small things ---

    def _present(self, lesson: LessonId, share: ShareId, number: int) -> tuple[_OfShare, _Still]:
        known = self._lessons.get(lesson, {}).get(share)
        if known is None or known.still is None or known.still.number != number:
            raise StillRefused("outdated", "not the present still of the share")
        return known, known.still

    def _add(self, lesson: LessonId, share: ShareId, known: _OfShare, part: _Part) -> None:
        """Over those before it. What it covers wholly is forgotten."""
        still = known.still
        assert still is not None
        covered = [one for one in still.parts if _covers(part.area, one.area)]
        still.parts = [one for one in still.parts if one not in covered]
        self._lose(*covered)
        known.last = part.number
        if len(still.parts) >= MAX_PARTS:
            self._drop(lesson, share, known)
            raise StillRefused("outdated", "too many parts: send a new still")
        still.parts.append(part)
        self._tell(lesson, share, still)

    def _need_room(self, image: StillImage, freed: int) -> None:
        if self._kept - freed + len(image.data) > MAX_KEPT:
            raise StillRefused("busy", "no room for more stills")

    def _keep(self, image: StillImage, kind: str) -> None:
        self._kept += len(image.data)
        self._metrics.stills.labels(kind).inc()
        self._metrics.still_bytes_kept.set(self._kept)

    def _lose(self, *parts: _Part) -> None:
        self._kept -= sum(len(part.image.data) for part in parts if part.image is not None)
        self._metrics.still_bytes_kept.set(self._kept)

    def _forget(self, known: _OfShare) -> None:
        if known.still is not None:
            self._kept -= known.still.size
            known.still = None
            self._metrics.still_bytes_kept.set(self._kept)

    def _drop(self, lesson: LessonId, share: ShareId, known: _OfShare) -> None:
        if known.still is not None:
            gone = server.StillGone(share, known.still.number)
            self._forget(known)
            self._sockets.tell_admitted(lesson, gone)

    def _tell(self, lesson: LessonId, share: ShareId, still: _Still) -> None:
        self._sockets.tell_admitted(lesson, server.Still(_shown(share, still)))


def _shown(share: ShareId, still: _Still) -> server.StillShown:
    def size(image: StillImage | None) -> int:
        return 0 if image is None else len(image.data)

    return server.StillShown(
        share=share,
        still=still.number,
        width=still.width,
        height=still.height,
        full_bytes=size(still.images.get("full")),
        light_bytes=size(still.images.get("light")),
        parts=tuple(
            server.StillPart(part.area, part.number if part.image else 0, size(part.image))
            for part in still.parts
        ),
    )


def _inside(area: server.StillArea, still: _Still) -> server.StillArea:
    if area.x + area.width > still.width or area.y + area.height > still.height:
        raise StillRefused("invalid", "the area is not inside the picture")
    return area


def _covers(outer: server.StillArea, inner: server.StillArea) -> bool:
    return (
        outer.x <= inner.x
        and outer.y <= inner.y
        and outer.x + outer.width >= inner.x + inner.width
        and outer.y + outer.height >= inner.y + inner.height
    )
