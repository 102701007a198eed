"""What becomes of one share's packets: its own file, and the programme where it belongs there."""

from collections.abc import Callable

from recorder.clock import SenderClock
from recorder.control import AddTrack
from recorder.depacketize import Frame
from recorder.journal import FileMade
from recorder.programme import Programme
from recorder.resume import Gate, Origin
from recorder.sharefile import ShareFile
from recorder.track import TrackReceiver
from recorder.webm.tracks import Codec
from recorder.webmfile import WebmFile


class RecordedShare:
    """A TrackSink. While ``congested`` pictures are dropped, up to the next key frame after it.

    ``last``: what came of this share by another tap; None: its file and the programme tell themselves."""

    def __init__(
        self,
        request: AddTrack,
        codec: Codec,
        payload_type: int,
        rate: int,
        sender: SenderClock,
        programme: Programme,
        make_file: Callable[[FileMade], WebmFile],
        file: WebmFile | None,
        congested: Callable[[], bool],
        last: Origin | None = None,
    ) -> None:
        self.tap = request.tap
        self._share = request.share
        self.codec = codec
        self._programme = programme
        self._congested = congested
        self._voice = programme.mixer.voice() if codec == "opus" else None
        self._skipping = False
        self._last_key: float | None = None
        self.dropped = 0
        if file is not None and not any(t.codec == codec for t in file.tracks.values()):
            file = None
        facts = FileMade(
            name=f"share-{request.share}",
            role="share",
            start=0,
            tracks=(),
            share=request.share,
            participant=request.participant,
            source=request.source,
        )
        self._own = ShareFile(make_file, facts, file)
        self.last = last
        self._own_gate = Gate(last if last is not None or file is None else file.origins.get(1))
        self._gate = Gate(last if codec == "opus" or last is not None else programme.end)
        ends = (self._own_gate.origin, self._gate.origin)
        self.receiver = TrackReceiver(codec, payload_type, rate, sender, self, ends)

    @property
    def file(self) -> WebmFile | None:
        return self._own.file

    @property
    def pictured(self) -> bool:
        """A key frame has come."""
        return self._last_key is not None

    def wants_key(self, now: float, every: float) -> bool:
        """Whether nothing can be written without a key frame, or one is due."""
        if self.codec == "opus" or not self.receiver.packets:
            return False
        if self._skipping or self.receiver.wants_key:
            return True
        return self._last_key is not None and now - self._last_key >= every

    def close(self) -> None:
        self.receiver.close()
        if self._voice is not None:
            self._programme.mixer.leave(self._voice)

    def picture(self, time: float, frame: Frame) -> None:
        if time < 0:
            self._skipping = True
            return
        if self._congested():
            self._skipping = True
        elif frame.key:
            self._skipping = False
        if self._skipping:
            self.dropped += 1
            return
        if frame.key:
            self._last_key = time
        self.last = origin = Origin(self.receiver.ssrc or 0, frame.timestamp, round(time))
        if self._own_gate.passes(origin, self.receiver.reached, key=frame.key):
            self._own.picture(time, frame, self.codec, origin)
        if self._gate.passes(origin, self.receiver.reached, key=frame.key):
            if not frame.key and self._programme.end in self.receiver.reached:
                self._programme.go_on(self._share)
            self._programme.picture(self._share, time, frame, self.codec, origin)

    def sound(self, start: float, packet: bytes, timestamp: int) -> None:
        self.last = origin = Origin(self.receiver.ssrc or 0, timestamp, round(start))
        if self._own_gate.sounds(origin):
            self._own.sound(start, packet, origin)
        if self._voice is not None and self._gate.sounds(origin):
            self._voice.add(start, packet)
