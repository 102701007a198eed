"""One share in its own file. The file is made with the first frame, when its codec is known in full."""

from collections.abc import Callable

from recorder.depacketize import Frame
from recorder.journal import FileMade
from recorder.mixer import SILENCE
from recorder.webm.tracks import Codec, Track
from recorder.webmfile import WebmFile

_TRACK = 1
SILENCE_MS = 20
LONGEST_SILENCE_MS = 4 * 3_600_000


class ShareFile:
    """Times in ms of recording time. ``make`` opens a file on disk; ``file`` is one taken up again."""

    def __init__(self, make: Callable[[FileMade], WebmFile], facts: FileMade, file: WebmFile | None) -> None:
        self._make = make
        self._facts = facts
        self.file = file

    def picture(self, time: float, frame: Frame, codec: Codec) -> None:
        if self.file is None:
            if not frame.key:
                return
            track = Track(_TRACK, codec, frame.width, frame.height, private=frame.private)
            self.file = self._open(time, track)
        ms = round(time) - self.file.made.start
        self.file.block(_TRACK, max(0, ms), frame.data, key=frame.key)

    def sound(self, start: float, packet: bytes) -> None:
        """Gaps are filled with silence, since players count sound instead of looking at its time."""
        if self.file is None:
            self.file = self._open(start, Track(_TRACK, "opus"))
        ms = max(0, round(start) - self.file.made.start)
        last = self.file.last.get(_TRACK)
        if last is not None:
            fill = last + SILENCE_MS
            if ms - fill > LONGEST_SILENCE_MS:
                fill = ms - LONGEST_SILENCE_MS
            while ms - fill >= SILENCE_MS:
                self.file.block(_TRACK, fill, SILENCE, key=True)
                fill += SILENCE_MS
        self.file.block(_TRACK, ms, packet, key=True)

    def _open(self, time: float, track: Track) -> WebmFile:
        facts = self._facts
        extension = "mkv" if track.codec == "h264" else "webm"
        return self._make(
            FileMade(
                name=f"{facts.name}.{extension}",
                role="share",
                start=max(0, round(time)),
                tracks=(track,),
                share=facts.share,
                participant=facts.participant,
                source=facts.source,
            )
        )
