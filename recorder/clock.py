"""RTP timestamps → recording time in ms; pure.

A sender's tracks share its own clock by sender reports, so its sound and picture stay in step; the
clock of each sender is laid on the recording's by the arrival times of its fastest packets. Changes of
opinion are followed slowly, so that time runs smooth and never backwards.
"""

from recorder.rtp import SenderReport, Unwrapper

WINDOW_MS = 3000.0
"""The fastest packet of the last one to two windows tells a sender's offset."""
SLEW = 0.05
FIRST_SLEW = 0.1
FIRST_MS = 2000.0
"""At first, when one late packet may have set the clock, opinions are followed faster."""
JUMP_MS = 250.0
STRANGE_MS = 1000.0
"""Reports that disagree more than this with the same person's other tracks are of another device."""
RESTART_MS = 5000.0
PAUSE_MS = 2000.0


class FloorWindow:
    """The least value seen in the last one to two windows of time."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._seen = 0.0
        self._current = 0.0
        self._previous: float | None = None

    @property
    def value(self) -> float | None:
        if self._since is None:
            return None
        return self._current if self._previous is None else min(self._current, self._previous)

    def add(self, value: float, now: float) -> None:
        if self._since is None or now - self._seen > PAUSE_MS:
            self._since, self._current, self._previous = now, value, None
        elif now - self._since >= WINDOW_MS:
            self._since, self._previous, self._current = now, self._current, value
        elif value < self._current:
            self._current = value
        self._seen = max(self._seen, now)

    def active(self, now: float) -> bool:
        return self._since is not None and now - self._seen < 2 * WINDOW_MS


class SenderClock:
    """What the tracks of one participant have in common: how far the recording's clock is from theirs."""

    def __init__(self) -> None:
        self._tracks: list[TrackClock] = []
        self._offset: float | None = None

    def join(self, track: "TrackClock") -> None:
        self._tracks.append(track)

    def leave(self, track: "TrackClock") -> None:
        if track in self._tracks:
            self._tracks.remove(track)

    def offset(self, now: float) -> float | None:
        """Recording time − the sender's NTP time, in ms; None before any report."""
        found = [o for t in self._tracks if (o := t.ntp_offset(now)) is not None]
        if found:
            self._offset = min(found)
        return self._offset


class TrackClock:
    """One RTP stream. ``observe`` each packet as it arrives, ``report`` each sender report, and ask
    ``time`` for frames in order."""

    def __init__(self, rate: int, sender: SenderClock) -> None:
        self._rate = rate / 1000
        self._sender = sender
        sender.join(self)
        self.restart()

    def restart(self) -> None:
        """Forgets everything: the stream is another one."""
        self._unwrapper = Unwrapper(32)
        self._floor = FloorWindow()
        self._ntp: float | None = None
        self._ntp_floor = FloorWindow()
        self._offset: float | None = None
        self._told = 0.0
        self._first = 0.0
        self._newest = 0.0
        self._observed: int | None = None

    def close(self) -> None:
        self._sender.leave(self)

    def go_on(self, timestamp: int, time: float) -> None:
        """A frame of ``timestamp`` has had ``time``; those near it go on from there. Something must have been
        observed."""
        media = self._unwrapper.peek(timestamp) / self._rate
        self._offset = time - media
        self._told = self._first = media

    def observe(self, timestamp: int, arrival: float) -> None:
        """``arrival``: recording time in ms. Of a frame's packets the first is enough."""
        if timestamp == self._observed:
            return
        self._observed = timestamp
        media = self._unwrapper.unwrap(timestamp) / self._rate
        floor = self._floor.value
        if floor is not None and abs(arrival - media - floor) > RESTART_MS:
            self.restart()
            media = self._unwrapper.unwrap(timestamp) / self._rate
        self._floor.add(arrival - media, arrival)
        if self._ntp is not None:
            # Against the sender's own clock: a sound card or an overloaded browser that loses samples
            # makes RTP time slip by percents, which the next report tells and a long window would hide.
            self._ntp_floor.add(arrival - media - self._ntp, arrival)
        self._newest = max(self._newest, arrival)

    def report(self, report: SenderReport) -> None:
        floor = self._floor.value
        if floor is None:
            return
        first = self._ntp is None
        self._ntp = report.ntp - self._unwrapper.peek(report.timestamp) / self._rate
        if first:
            self._ntp_floor.add(floor - self._ntp, self._newest)

    def ntp_offset(self, now: float) -> float | None:
        """This track's own opinion for SenderClock.offset."""
        return self._ntp_floor.value if self._ntp_floor.active(now) else None

    def time(self, timestamp: int) -> float:
        """Recording time in ms; grows with the timestamp. Something must have been observed."""
        media = self._unwrapper.peek(timestamp) / self._rate
        wanted = self._wanted()
        if self._offset is None or abs(wanted - self._offset) > JUMP_MS:
            self._offset, self._told, self._first = wanted, media, media
        elif media > self._told:
            slew = SLEW if media - self._first > FIRST_MS else FIRST_SLEW
            most = slew * (media - self._told)
            self._offset += max(-most, min(most, wanted - self._offset))
            self._told = media
        return media + self._offset

    def _wanted(self) -> float:
        floor = self._floor.value
        assert floor is not None
        own = self._ntp_floor.value
        if self._ntp is None or own is None:
            return floor
        shared = self._sender.offset(self._newest)
        if shared is None or abs(own - shared) > STRANGE_MS:
            return floor
        return self._ntp + shared
