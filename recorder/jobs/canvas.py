"""The film's picture in memory: YUV 4:2:0 planes that parts are painted into."""

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from recorder.jobs.layout import Box, Layout, fit

Plane = NDArray[np.uint8]
Planes = tuple[Plane, Plane, Plane]
BLACK = (16, 128, 128)
_BORDER = 2


class Painter:
    """``frame`` is always the whole picture; it is painted over and over."""

    def __init__(self, layout: Layout) -> None:
        self.frame = VideoFrame(layout.width, layout.height, "yuv420p")
        self._layout = layout
        self._planes = views(self.frame)
        self._main = _Scaled(layout.main)
        self._inset = _Scaled(layout.inset)
        self._inset_shown = False
        clear(self._planes, Box(0, 0, layout.width, layout.height))

    def main(self, picture: VideoFrame) -> None:
        """Raises av.error.FFmpegError when the picture cannot be converted: nothing has changed then."""
        before = self._main.place
        self._main.take(picture)
        if before != self._main.place:
            clear(self._planes, self._layout.main)
        self._main.paint(self._planes)
        if self._inset_shown:
            self._paint_inset()

    def inset(self, picture: VideoFrame | None) -> None:
        """None: no camera. Raises av.error.FFmpegError."""
        if picture is not None:
            before = self._inset.place
            self._inset.take(picture)
            if self._inset_shown and before != self._inset.place:
                self._take_inset_away()
            self._inset_shown = True
            self._paint_inset()
        elif self._inset_shown:
            self._inset_shown = False
            self._take_inset_away()

    def chat(self, picture: VideoFrame) -> None:
        """As large as the layout's place for it, in yuv420p."""
        box = self._layout.chat
        assert box is not None
        paste(self._planes, views(picture), box)

    def _paint_inset(self) -> None:
        place = self._inset.place
        if place is None:
            return
        if self._layout.chat is None:
            grown = Box(
                place.x - _BORDER, place.y - _BORDER, place.width + 2 * _BORDER, place.height + 2 * _BORDER
            )
            clear(self._planes, grown)
        self._inset.paint(self._planes)

    def _take_inset_away(self) -> None:
        box = self._layout.inset
        clear(
            self._planes,
            Box(box.x - _BORDER, box.y - _BORDER, box.width + 2 * _BORDER, box.height + 2 * _BORDER)
            if self._layout.chat is None
            else box,
        )
        self._main.paint(self._planes)


class _Scaled:
    """The newest picture of one source, as large as its place."""

    def __init__(self, box: Box) -> None:
        self.place: Box | None = None
        self._box = box
        self._planes: Planes | None = None
        self._frame: VideoFrame | None = None
        self._reformatter = VideoReformatter()

    def take(self, picture: VideoFrame) -> None:
        place = fit(picture.width, picture.height, self._box)
        frame = picture
        if (picture.width, picture.height, picture.format.name) != (place.width, place.height, "yuv420p"):
            frame = self._reformatter.reformat(
                picture, place.width, place.height, "yuv420p", interpolation=Interpolation.BILINEAR
            )
        self._planes = views(frame)
        self._frame = frame  # the planes are its memory
        self.place = place

    def paint(self, canvas: Planes) -> None:
        if self._planes is not None and self.place is not None:
            paste(canvas, self._planes, self.place)


def views(frame: VideoFrame) -> Planes:
    """The planes of a yuv420p frame, without their padding; valid as long as the frame lives."""
    y, u, v = (
        np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
        for plane in frame.planes
    )
    return y, u, v


def paste(canvas: Planes, picture: Planes, place: Box) -> None:
    for index, (target, source) in enumerate(zip(canvas, picture, strict=True)):
        part = _part(target, place, index)
        part[:] = source[: part.shape[0], : part.shape[1]]


def clear(canvas: Planes, place: Box) -> None:
    for index, target in enumerate(canvas):
        _part(target, place, index)[:] = BLACK[index]


def _part(plane: Plane, place: Box, index: int) -> Plane:
    shrink = 2 if index else 1
    return plane[place.y // shrink : place.bottom // shrink, place.x // shrink : place.right // shrink]


def from_rgb(pixels: NDArray[np.uint8]) -> VideoFrame:
    """(height, width, 3), both even."""
    return av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p")
