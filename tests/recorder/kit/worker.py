"""A media worker's taps without its network: the real connection, and the real seconds it holds."""

import asyncio
import time

from media.held import Budget, Held
from media.tap import TapReader
from media.tapping import TapConnection
from recorder.control import KeyFrameWanted, OpenRecording, RecordingOpened, SetStage
from tests.recorder.kit.process import RecorderProcess
from tests.recorder.kit.sender import Stream, VideoTrack, VoiceTrack, add_track


class TapWorker:
    """Sends a stream in real time; goes on holding while there is no recorder."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.sent = 0
        self._budget = Budget()
        self._held: dict[int, Held] = {}
        self._connection: TapConnection | None = None
        self.dropped = 0

    @property
    def now(self) -> float:
        """ms since the stream's epoch."""
        return time.time() * 1000 - self.stream.epoch

    async def attach(
        self, recorder: RecorderProcess, recording: str = "r1", stage: str | None = "s1"
    ) -> None:
        """As the gateway does it: the taps, of which the recorder then learns whose they are; then the stage."""
        opened = await recorder.ask(OpenRecording(recording, "l1", int(self.stream.epoch)))
        assert isinstance(opened, RecordingOpened), opened
        self.step()
        self._connection = TapConnection(opened.tap_address, lambda _: None)
        await self._connection.connect()
        for track in self.stream.tracks:
            self._connection.replay(track.tap, self._of(track.tap))
            source = "microphone" if isinstance(track, VoiceTrack) else "screen"
            request = add_track(recording, track, share=f"s{track.tap}", source=source)
            await recorder.ask(request)
            if isinstance(track, VideoTrack):
                track.key_wanted = True
        await recorder.ask(SetStage(recording, stage))

    def detach(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self.dropped += connection.dropped
            connection.close()

    def step(self) -> None:
        """What was captured since the last."""
        frames = b"".join(f for _, f in self.stream.until(self.now, delay=lambda track: 0.0))
        for frame in TapReader().feed(frames):
            self._of(frame.tap).add(frame.type, frame.arrival, frame.packet)
            self.sent += 1
            if self._connection is not None:
                self._connection.write(frame.type, frame.tap, frame.packet, frame.arrival)

    def answer(self, recorder: RecorderProcess) -> None:
        """Key frames that were asked for."""
        wanted = {notice.share for notice in recorder.notices if isinstance(notice, KeyFrameWanted)}
        recorder.notices.clear()
        for track in self.stream.tracks:
            if isinstance(track, VideoTrack) and f"s{track.tap}" in wanted:
                track.key_wanted = True

    async def play(self, recorder: RecorderProcess, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.step()
            self.answer(recorder)
            await asyncio.sleep(0.02)

    def _of(self, tap: int) -> Held:
        return self._held.setdefault(tap, Held(self._budget))
