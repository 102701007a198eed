"""The chat beside the picture: the newest messages, drawn when one is added."""

from collections import deque
from pathlib import Path

import numpy as np
from av.video.frame import VideoFrame
from PIL import Image, ImageDraw, ImageFont

from recorder.jobs import wrap
from recorder.jobs.canvas import from_rgb
from recorder.jobs.layout import Box
from recorder.jobs.request import ChatLine

_FONTS = Path(__file__).with_name("fonts")
_BACKGROUND = (24, 26, 31)
_NAME = (148, 187, 255)
_TEXT = (236, 238, 242)


class _Message:
    def __init__(self, name: list[str], text: list[str]) -> None:
        self.name = name
        self.text = text


class ChatPanel:
    def __init__(self, box: Box) -> None:
        self._box = box
        size = max(14, box.width // 19)
        self._name_font = ImageFont.truetype(str(_FONTS / "NotoSans-Bold.ttf"), size)
        self._text_font = ImageFont.truetype(str(_FONTS / "NotoSans-Regular.ttf"), size)
        self._line = round(size * 1.36)
        self._gap = round(size * 0.6)
        self._margin = size
        most = box.height // self._line + 1
        self._messages: deque[_Message] = deque(maxlen=most)

    def add(self, message: ChatLine) -> None:
        width = self._box.width - 2 * self._margin
        self._messages.append(
            _Message(
                wrap.lines(wrap.plain(message.name), width, self._name_font.getlength)[:2],
                wrap.lines(wrap.plain(message.text), width, self._text_font.getlength),
            )
        )

    def draw(self) -> VideoFrame:
        """From the bottom up, as far as there is room."""
        image = Image.new("RGB", (self._box.width, self._box.height), _BACKGROUND)
        pen = ImageDraw.Draw(image)
        bottom = self._box.height - self._margin
        for message in reversed(self._messages):
            for rows, font, colour in (
                (message.text, self._text_font, _TEXT),
                (message.name, self._name_font, _NAME),
            ):
                for row in reversed(rows):
                    bottom -= self._line
                    if bottom >= self._margin // 2:
                        pen.text((self._margin, bottom), row, font=font, fill=colour)
            bottom -= self._gap
            if bottom < self._margin:
                break
        return from_rgb(np.asarray(image))
