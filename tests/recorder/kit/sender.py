"""A scripted media worker: tracks of encoded material as tapped packets, on a clock of its own."""

import asyncio
import random
from collections.abc import Iterable

from media import tap
from media.parameters import RtpCodecParameters
from recorder.control import AddTrack
from tests.recorder.kit import packetize
from tests.recorder.kit.material import VideoEncoder, tone_packets

MIME = {
    "vp8": "video/VP8",
    "vp9": "video/VP9",
    "h264": "video/H264",
    "av1": "video/AV1",
    "opus": "audio/opus",
}


class VideoTrack:
    """``packets(at)``: the next frame's packets, captured at ``at`` ms of the sender's time."""

    def __init__(
        self, number: int, codec: str = "vp8", *, fps: float = 25, width: int = 320, height: int = 192
    ) -> None:
        self.tap, self.codec, self.ssrc = number, codec, 1000 + number
        self.encoder = VideoEncoder(codec, width, height)
        self.interval = 1000 / fps
        self.key_wanted = True
        self._seq = random.Random(number).randrange(0x8000)
        self._base = random.Random(number + 1).randrange(1 << 32)

    def timestamp(self, at: float) -> int:
        return (self._base + round(at * 90)) & 0xFFFFFFFF

    def packets(self, at: float) -> list[bytes]:
        frame = self.encoder.frame(key=self.key_wanted)
        self.key_wanted = False
        return self.wrap(frame, at)

    def wrap(self, frame: bytes, at: float) -> list[bytes]:
        payloads = frame and packetize.PACKETIZERS[self.codec](frame, self.encoder.counter)
        packets = []
        for i, payload in enumerate(payloads):
            marker = i == len(payloads) - 1
            packets.append(
                packetize.rtp(
                    payload, pt=101, seq=self._seq, ts=self.timestamp(at), ssrc=self.ssrc, marker=marker
                )
            )
            self._seq += 1
        return packets

    def report(self, at: float, ntp: float) -> bytes:
        return packetize.sender_report(self.ssrc, ntp, self.timestamp(at))


class VoiceTrack:
    interval = 20.0

    def __init__(self, number: int, *, hertz: float = 440.0, beep_every: int = 0) -> None:
        self.tap, self.codec, self.ssrc = number, "opus", 1000 + number
        self._material = tone_packets(500, hertz=hertz, beep_every=beep_every)
        self._index = 0
        self._seq = random.Random(number).randrange(0x8000)
        self._base = random.Random(number + 1).randrange(1 << 32)

    def timestamp(self, at: float) -> int:
        return (self._base + round(at * 48)) & 0xFFFFFFFF

    def packets(self, at: float) -> list[bytes]:
        payload = self._material[self._index % len(self._material)]
        self._index += 1
        packet = packetize.rtp(
            payload, pt=101, seq=self._seq, ts=self.timestamp(at), ssrc=self.ssrc, marker=False
        )
        self._seq += 1
        return [packet]

    def report(self, at: float, ntp: float) -> bytes:
        return packetize.sender_report(self.ssrc, ntp, self.timestamp(at))


Track = VideoTrack | VoiceTrack


def add_track(recording: str, track: Track, *, share: str, source: str, participant: str = "p1") -> AddTrack:
    audio = track.codec == "opus"
    codec = RtpCodecParameters(
        mime_type=MIME[track.codec],
        payload_type=101,
        clock_rate=48000 if audio else 90000,
        channels=2 if audio else None,
    )
    return AddTrack(recording, track.tap, share, participant, source, "audio" if audio else "video", (codec,))


class Stream:
    """Several tracks sent together; ``capture`` 0 is ``epoch`` ms since the epoch at the sender.

    ``delay``: ms a packet is under way, by track number.
    """

    def __init__(self, tracks: Iterable[Track], epoch: float) -> None:
        self.tracks = list(tracks)
        self.epoch = epoch
        self._next = {track.tap: 0.0 for track in self.tracks}
        self._reported = {track.tap: -1e9 for track in self.tracks}

    def join(self, track: Track, at: float) -> None:
        self.tracks.append(track)
        self._next[track.tap] = at
        self._reported[track.tap] = -1e9

    def skip(self, at: float) -> None:
        """Nothing is captured before ``at``."""
        for track in self.tracks:
            while self._next[track.tap] < at:
                self._next[track.tap] += track.interval

    def until(
        self, at: float, *, delay=lambda track: 20.0, lose=lambda track: False
    ) -> list[tuple[float, bytes]]:
        """(arrival ms since the epoch, tap frame) of everything captured before ``at``, by arrival."""
        out = []
        for track in self.tracks:
            while self._next[track.tap] < at:
                now = self._next[track.tap]
                arrival = self.epoch + now + delay(track)
                out += [
                    (arrival, tap.encode(tap.RTP, track.tap, int(arrival * 1e6), packet))
                    for packet in track.packets(now)
                    if not lose(track)
                ]
                if now - self._reported[track.tap] >= 1000:
                    self._reported[track.tap] = now
                    report = track.report(now, self.epoch + now)
                    out.append((arrival, tap.encode(tap.RTCP, track.tap, int(arrival * 1e6), report)))
                self._next[track.tap] += track.interval
        out.sort(key=lambda item: item[0])
        return out


async def connect(address: str) -> asyncio.StreamWriter:
    scheme, _, rest = address.partition(":")
    if scheme == "unix":
        return (await asyncio.open_unix_connection(rest))[1]
    host, _, port = rest.rpartition(":")
    return (await asyncio.open_connection(host, int(port)))[1]
