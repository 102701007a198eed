"""A subscriber's browser, simulated: transport-cc feedback every 50 to 100 ms, NACK, key frame requests, pictures put together."""

from collections.abc import Callable
from itertools import pairwise

from tests.links.clock import Clock
from tests.links.outlet import Packet, Report
from tests.links.publishers import Frame

_NACK_SECONDS = 0.1
_NACKS = 10
_PLI_SECONDS = 1.0
_PATIENCE_SECONDS = 3.0


class Picture:
    """One video stream as it is shown: ``shown``: times and pictures."""

    def __init__(self) -> None:
        self.shown: list[tuple[float, Frame]] = []
        self.got: dict[Frame, set[int]] = {}
        self.decoded: set[tuple[int, int]] = set()
        self.highest = -1
        self.missing: dict[int, tuple[int, float]] = {}
        self.progress_at = 0.0
        self.asked_at = -10.0

    def stall(self, start: float, until: float) -> float:
        """The longest time without a new picture between ``start`` and ``until``."""
        times = [start, *(at for at, _ in self.shown if start < at < until), until]
        return max(b - a for a, b in pairwise(times))

    def rate(self, start: float, until: float) -> float:
        return sum(start <= at < until for at, _ in self.shown) / (until - start)


class Receiver:
    """``drift``: how much its clock is too fast. ``send``: feedback on its way to the server."""

    def __init__(
        self,
        clock: Clock,
        send: Callable[[Report], None],
        nack: Callable[[str, list[int]], None],
        pli: Callable[[str], None],
        drift: float = 0.0,
    ) -> None:
        self._clock = clock
        self._send, self._nack, self._pli = send, nack, pli
        self._drift = drift
        self._arrived: dict[int, float] = {}
        self._next = 0
        self._highest = -1
        self._octets = 0
        self.voices: list[float] = []
        self.voice_delays: list[tuple[float, float]] = []
        self.pictures: dict[str, Picture] = {}
        self.octets = 0
        self._report_after = 0.1
        clock.at(0.1, self._report)
        clock.every(0.05, self._ask)

    def take(self, packet: Packet, sent_at: float) -> None:
        now = self._clock.now
        self._arrived[packet.number] = now * (1 + self._drift) + 5_000.0
        self._highest = max(self._highest, packet.number)
        self.octets += packet.size
        self._octets += packet.size
        if packet.stream == "voice":
            self.voices.append(now)
            self.voice_delays.append((now, now - sent_at))
        elif packet.frame is not None:
            self._video(packet, packet.frame)

    def _video(self, packet: Packet, frame: Frame) -> None:
        picture = self.pictures.setdefault(packet.stream, Picture())
        picture.missing.pop(packet.seq, None)
        if packet.seq > picture.highest:
            for seq in range(max(picture.highest + 1, packet.seq - 500), packet.seq):
                picture.missing[seq] = (0, self._clock.now)
            picture.highest = packet.seq
        got = picture.got.setdefault(frame, set())
        got.add(packet.index)
        if len(got) == frame.packets:
            self._decode(picture)

    def _decode(self, picture: Picture) -> None:
        moved = True
        while moved:
            moved = False
            for frame, got in list(picture.got.items()):
                key = (frame.spatial, frame.number)
                if len(got) < frame.packets or key in picture.decoded:
                    continue
                if frame.is_key or (frame.spatial, frame.needs) in picture.decoded:
                    picture.decoded.add(key)
                    moved = True
                    picture.progress_at = self._clock.now
                    if not picture.shown or frame.at >= picture.shown[-1][1].at:
                        picture.shown.append((self._clock.now, frame))
                    for old in [old for old in picture.got if old.at <= frame.at]:
                        if old is frame or old.at < frame.at - 1:
                            del picture.got[old]

    def _ask(self) -> None:
        now = self._clock.now
        for stream, picture in self.pictures.items():
            wanted = []
            for seq, (tries, at) in list(picture.missing.items()):
                if now < at:
                    continue
                if tries >= _NACKS:
                    del picture.missing[seq]
                    continue
                wanted.append(seq)
                picture.missing[seq] = (tries + 1, now + _NACK_SECONDS + 0.05 * tries)
            if wanted:
                self._nack(stream, wanted)
            waits = any(len(got) == frame.packets for frame, got in picture.got.items())
            if (
                waits
                and now - picture.progress_at > _PATIENCE_SECONDS
                and now - picture.asked_at > _PLI_SECONDS
            ):
                picture.asked_at = now
                self._pli(stream)

    def _report(self) -> None:
        if self._arrived:
            first = min(self._next, min(self._arrived))
            self._send(Report(first, self._highest, self._arrived))
            self._next = self._highest + 1
            self._arrived = {}
        # Chromium: 5 % of what arrives may be feedback; between 50 and 250 ms.
        rate = self._octets / self._report_after
        self._octets = 0
        self._report_after = min(0.25, max(0.05, 60 / max(0.05 * rate, 1.0)))
        self._clock.at(self._clock.now + self._report_after, self._report)
