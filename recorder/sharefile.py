"""One share in its own file. The file is made with the first frame, when its codec is known in full."""

from collections.abc import Callable

from recorder.depacketize import Frame, opus
from recorder.journal import FileMade
from recorder.mixer import SILENCE
from recorder.resume import Origin
from recorder.webm.tracks import Codec, Track
from recorder.webmfile import WebmFile

_TRACK = 1
SILENCE_MS = 20
SHORT_SILENCES = ((10.0, b"\xf4\xff\xfe"), (5.0, b"\xec\xff\xfe"), (2.5, b"\xe4\xff\xfe"))
LONGEST_SILENCE_MS = 4 * 3_600_000


class ShareFile:
    """Times in ms of recording time. ``make`` opens a file on disk; ``file`` is one taken up again."""

    def __init__(self, make: Callable[[FileMade], WebmFile], facts: FileMade, file: WebmFile | None) -> None:
        self._make = make
        self._facts = facts
        self.file = file
        self._end: float | None = None
        """Of the last sound, in ms of the file."""

    def picture(self, time: float, frame: Frame, codec: Codec, origin: Origin | None = None) -> None:
        if self.file is None:
            if not frame.key:
                return
            track = Track(_TRACK, codec, frame.width, frame.height, private=frame.private)
            self.file = self._open(time, track)
        ms = round(time) - self.file.made.start
        self.file.block(_TRACK, max(0, ms), frame.data, key=frame.key, origin=origin)

    def sound(self, start: float, packet: bytes, origin: Origin | None = None) -> None:
        """Gaps are filled with silence, since players count sound instead of looking at its time."""
        if self.file is None:
            self.file = self._open(start, Track(_TRACK, "opus"))
        at = max(0.0, start - self.file.made.start)
        last = self.file.last.get(_TRACK)
        if last is not None and at <= last:
            return  # Of the same moment as what was written before a pause.
        if last is not None:
            self._fill(self.file, last + SILENCE_MS if self._end is None else self._end, at)
        self.file.block(_TRACK, round(at), packet, key=True, origin=origin)
        self._end = at + opus.samples(packet) / 48

    def _fill(self, file: WebmFile, at: float, until: float) -> None:
        at = max(at, until - LONGEST_SILENCE_MS)
        while until - at >= SILENCE_MS:
            file.block(_TRACK, round(at), SILENCE, key=True)
            at += SILENCE_MS
        for length, silence in SHORT_SILENCES:
            if until - at >= length:
                file.block(_TRACK, round(at), silence, key=True)
                at += length

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
