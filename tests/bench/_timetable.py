"""When the packets of a fanout bench leave: video as bursts (frames) or evenly, and voice every 20 ms beside it."""

from collections.abc import Iterator
from typing import NamedTuple

FRAMES = 30
"""A second, when they are bursts."""
VOICE = 50
"""Packets a second."""
VIDEO_SIZE = VOICE_SIZE = 1_200
"""Of the plain RTP packet that the publisher sends."""


class Load(NamedTuple):
    """``video``: packets a second; ``bursts``: a frame's packets at once, or every packet by itself."""

    video: int
    bursts: bool

    @property
    def name(self) -> str:
        return "bursts" if self.bursts else "paced"

    @property
    def packets(self) -> int:
        """A second, voice included."""
        return self.video + VOICE


class Moment(NamedTuple):
    """``at``: seconds since the start. Voice is never in one moment with video."""

    at: float
    video: int
    voice: int


def timetable(load: Load, seconds: float) -> list[Moment]:
    return sorted([*_video(load, seconds), *_voice(seconds)])


def _video(load: Load, seconds: float) -> Iterator[Moment]:
    steps = FRAMES if load.bursts else load.video
    before = 0
    for step in range(int(seconds * steps)):
        # A rate that is no multiple of the frames: some have one packet more.
        after = load.video * (step + 1) // steps
        if after > before:
            yield Moment(step / steps, after - before, 0)
        before = after


def _voice(seconds: float) -> Iterator[Moment]:
    """A third of a frame beside the frames."""
    for step in range(int(seconds * VOICE)):
        yield Moment((step + 1 / 3) / VOICE, 0, 1)


def gathered(moments: list[Moment], seconds: float) -> list[Moment]:
    """What a sender that waits up to ``seconds`` for more of one destination has to send, and when."""
    found: list[Moment] = []
    for at, video, voice in moments:
        last = found[-1] if found else None
        if last is not None and at <= last.at:
            found[-1] = Moment(last.at, last.video + video, last.voice + voice)
        else:
            found.append(Moment(at + seconds, video, voice))
    return found
