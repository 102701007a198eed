"""The programme: one file any ``<video>`` plays, with the picture on stage and everyone's voices.

The picture is switched at key frames and never transcoded. A file has one picture codec, that of its
first picture; where the codec changes the programme goes on in a further part, a file of its own.
"""

import heapq
from collections.abc import Callable
from typing import Protocol

from recorder import placeholder
from recorder.depacketize import Frame
from recorder.mixer import FRAME_MS, Mixer
from recorder.resume import Origin
from recorder.webm.tracks import Codec, Track
from recorder.webm.writer import Cue

VIDEO, AUDIO = 1, 2
NAME = "programme.webm"
DELAY_MS = 700.0
"""How long the mix waits for packets on their way, through a held-up process too."""
KEY_FRAME_EVERY_MS = 10_000.0
"""Where key frames are, playing can begin: so seeking decodes at most this much of the past."""
PLACEHOLDER_AFTER_MS = 2000.0
REPEAT_STILL_MS = 30_000.0
"""A key frame after which nothing came is written again, so that seeking need not go far back for it."""
TRACKS = (
    Track(VIDEO, "vp8", placeholder.WIDTH, placeholder.HEIGHT),
    Track(AUDIO, "opus"),
)
CATCH_UP_MS = 2500.0
"""How long one that is taken up again waits at most for what was sent while there was no recorder."""
STAGED_MS = 500.0
"""So long after the stage is known, which comes last of what the gateway tells again."""
_MOST_WAITING = 3000
MOST_PARTS = 100
_Waiting = tuple[float, int, str, Frame, Codec, Origin | None]


class ProgrammeFile(Protocol):
    """What the programme writes to (WebmFile)."""

    @property
    def start(self) -> int: ...
    @property
    def cues(self) -> list[Cue]: ...
    @property
    def tracks(self) -> dict[int, Track]: ...
    def block(self, track: int, ms: int, data: bytes, *, key: bool, origin: Origin | None = None) -> None: ...
    def retrack(self, track: Track, placeholders: list[Cue]) -> None: ...


class Programme:
    """Times in ms of recording time. ``file``: the part it goes on in; ``next_part`` makes a further one
    of these tracks that starts at this time. ``pictured``: a real picture is in the file already.
    ``end``: the picture that a programme taken up again ends with."""

    def __init__(
        self,
        file: ProgrammeFile,
        next_part: Callable[[tuple[Track, ...], int], ProgrammeFile],
        *,
        parts: int = 1,
        first: int = 0,
        pictured: bool = False,
        last_picture: float = 0.0,
        resumed: bool = False,
        end: Origin | None = None,
    ) -> None:
        self._file = file
        self._make_part = next_part
        self._parts = parts
        self.mixer = Mixer(first)
        self.stage: str | None = None
        """The share that is wanted."""
        self.shown: str | None = None
        """The share whose frames are written."""
        self.other_codec = 0
        self._codec: Codec | None = file.tracks[VIDEO].codec if pictured else None
        self.end = end
        self._catching_up = resumed
        self._caught_up_at: float | None = None
        self._waiting: list[_Waiting] = []
        self._order = 0
        self._ended_at: float | None = None
        self._still: bytes | None = None
        self._still_origin: Origin | None = None
        self._last_shown = last_picture
        self._last_key = last_picture
        self._last_placeholder = last_picture if last_picture else None

    def set_stage(self, share: str | None, now: float) -> None:
        """None: nothing of after ``now`` follows the last picture."""
        self.stage = share
        self._ended_at = now if share is None else None
        if self._catching_up:
            self._caught_up_at = now + STAGED_MS

    def picture(
        self, share: str, time: float, frame: Frame, codec: Codec, origin: Origin | None = None
    ) -> None:
        """A frame of any share; those not on stage pass by. While catching up nobody knows yet which that
        is."""
        if share not in (self.stage, self.shown) and not self._catching_up:
            return
        if len(self._waiting) >= _MOST_WAITING:
            self._waiting.clear()
            self.shown = None
        self._order += 1
        heapq.heappush(self._waiting, (time, self._order, share, frame, codec, origin))

    def go_on(self, share: str) -> None:
        """What comes of ``share`` follows the picture the file ends with."""
        self.end = None
        if self.shown is None:
            self.shown = share

    def wants_key(self, now: float) -> str | None:
        """The share on stage, when the programme cannot go on without a key frame or is due one."""
        if (
            self.stage is None
            or self._catching_up
            or any(w[2] == self.stage and w[3].key for w in self._waiting)
        ):
            return None
        if self.shown != self.stage or now - self._last_key >= KEY_FRAME_EVERY_MS:
            return self.stage
        return None

    def tick(self, now: float, *, delay: float = DELAY_MS) -> None:
        """Writes what is older than ``delay``."""
        if self._catching_up and delay:
            if self._caught_up_at is None:
                self._caught_up_at = now + CATCH_UP_MS
            if now < self._caught_up_at:
                return
        self._catching_up = False
        until = now - delay
        for ms, packet in self.mixer.mix(until):
            self._pictures_before(ms)
            self._write(AUDIO, ms, packet, key=True)
        self._pictures_before(until)
        if self._codec is None:
            self._place_holder()
        elif self._still is not None and self.mixed - self._last_shown >= REPEAT_STILL_MS:
            self._last_shown = float(self.mixed)
            self._write(VIDEO, self.mixed - FRAME_MS, self._still, key=True, origin=self._still_origin)

    def hold(self, at: float) -> None:
        """Writes everything up to ``at`` and forgets what is later. Goes on with a key frame."""
        self._waiting = [w for w in self._waiting if w[0] < at]
        heapq.heapify(self._waiting)
        self.tick(at, delay=0.0)
        self.mixer.forget()
        self.shown = None

    @property
    def mixed(self) -> int:
        """ms up to where there is sound."""
        return self.mixer.next * FRAME_MS

    def _pictures_before(self, until: float) -> None:
        while self._waiting and self._waiting[0][0] <= until:
            time, _, share, frame, codec, origin = heapq.heappop(self._waiting)
            self._show(share, time, frame, codec, origin)

    def _show(self, share: str, time: float, frame: Frame, codec: Codec, origin: Origin | None) -> None:
        if self._ended_at is not None and time > self._ended_at:
            self.shown = None
            return
        if share != self.shown:
            if share != self.stage or not frame.key:
                return
            self.shown = share
        if self._codec not in (None, codec):
            if not frame.key or self._parts >= MOST_PARTS:
                self.other_codec += 1
                return
            self._next_part(share, time, frame, codec)
        if frame.key:
            self._last_key = time
            if self._codec is None:
                self._first_picture(frame, codec)
        self._still = frame.data if frame.key else None
        self._last_shown = time
        self._still_origin = origin
        self._write(VIDEO, round(time), frame.data, key=frame.key, origin=origin)

    def _next_part(self, share: str, time: float, frame: Frame, codec: Codec) -> None:
        """What the share still had under way in its older codec is older than this picture."""
        self._waiting = [w for w in self._waiting if w[2] != share or w[4] == codec]
        heapq.heapify(self._waiting)
        video = Track(VIDEO, codec, frame.width, frame.height, private=frame.private)
        self._file = self._make_part((video, Track(AUDIO, "opus")), max(0, round(time)))
        self._parts += 1
        self._codec = codec

    def _first_picture(self, frame: Frame, codec: Codec) -> None:
        track = self._file.tracks[VIDEO]
        if codec != "vp8" or self._last_placeholder is None:
            track = Track(VIDEO, codec, frame.width, frame.height, private=frame.private)
        self._codec = codec
        self._file.retrack(track, [cue for cue in self._file.cues if cue.track == VIDEO])

    def _place_holder(self) -> None:
        since = self._last_placeholder
        due = PLACEHOLDER_AFTER_MS if since is None else since + KEY_FRAME_EVERY_MS
        if self.mixed >= due:
            # The very time of the sound just written: in front of anything that can still come.
            self._last_placeholder = float(self.mixed)
            self._write(VIDEO, self.mixed - FRAME_MS, placeholder.BLACK, key=True)

    def _write(self, track: int, ms: int, data: bytes, *, key: bool, origin: Origin | None = None) -> None:
        """A part may begin within a frame of sound: that frame then begins with it."""
        self._file.block(track, max(0, ms - self._file.start), data, key=key, origin=origin)
