"""A lesson's log on the time of one of its recordings: pure. Who was erased from the log has no name in it."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from classroom.ids import ParticipantId, RecordingId, ShareId
from classroom.lesson import events as ev
from classroom.lesson.events import Recorded, Source
from classroom.stores.port import RecordingEntry, RecordingFileEntry
from recorder.time import Pause, paused, recording_time
from signaling.gateway.recording_plan import pauses_in
from signaling.wire import replay as wire

PICTURES = frozenset({Source.SCREEN, Source.CAMERA})
JOINED_MS = 1_000
"""Somebody whose place is taken again within this time has not gone."""


class _Share(Struct):
    """``until`` None: it goes on. In ms since the epoch."""

    id: ShareId
    source: Source
    participant: ParticipantId
    since: int
    until: int | None = None


class _Span(Struct):
    participant: ParticipantId
    since: int
    until: int | None = None


class _Reading:
    """What the log tells, in the times of the log."""

    def __init__(self, recording: RecordingId) -> None:
        self._recording = recording
        self.names: dict[ParticipantId, str] = {}
        self.hosts: set[ParticipantId] = set()
        self.shares: dict[ShareId, _Share] = {}
        self.hands: list[_Span] = []
        self.inside: list[_Span] = []
        self.messages: list[tuple[int, ev.MessageSent]] = []
        self.marks: list[tuple[int, str]] = []
        self.stopped: int | None = None

    def read(self, recorded: Recorded) -> None:
        event, at = recorded.event, recorded.at
        match event:
            case ev.Knocked():
                self.names[event.participant] = event.name
                if event.hosts:
                    self.hosts.add(event.participant)
            case ev.ShareStarted():
                self.shares[event.share] = _Share(event.share, event.source, event.participant, at)
            case ev.ShareStopped() if event.share in self.shares:
                self.shares[event.share].until = at
            case ev.HandRaised():
                self.hands.append(_Span(event.participant, at))
            case ev.HandLowered():
                _end(self.hands, event.participant, at)
            case ev.MessageSent():
                self.messages.append((at, event))
            case ev.ChapterMarked() if event.recording == self._recording:
                self.marks.append((at - event.ago_ms, event.title))
            case ev.Entered() | ev.CameBack():
                self._enter(event.participant, at)
            case ev.Left() | ev.Removed() | ev.Dropped():
                _end(self.inside, event.participant, at)
            case ev.RecordingStopped() if event.recording == self._recording:
                self.stopped = at
            case _:
                pass

    def _enter(self, participant: ParticipantId, at: int) -> None:
        for span in reversed(self.inside):
            if span.participant == participant:
                if span.until is None:
                    return
                if at - span.until <= JOINED_MS:
                    span.until = None
                    return
                break
        self.inside.append(_Span(participant, at))


def _end(spans: list[_Span], participant: ParticipantId, at: int) -> None:
    for span in reversed(spans):
        if span.participant == participant and span.until is None:
            span.until = at
            return


class _Clock:
    """From the log's time to the recording's."""

    def __init__(self, entry: RecordingEntry, pauses: Sequence[Pause], duration: int) -> None:
        self.pauses = pauses
        self.duration = duration
        self._started_at = entry.started_at

    def ms(self, at: int) -> int:
        return max(0, min(self.duration, round(recording_time(at, self._started_at, self.pauses))))

    def holds(self, at: int) -> bool:
        """Whether the moment is in the recording."""
        since = recording_time(at, self._started_at, self.pauses)
        return 0 <= since <= self.duration and not paused(at, self.pauses)

    def span(self, since: int, until: int | None) -> tuple[int, int] | None:
        """None when nothing of it is in the recording."""
        start, end = self.ms(since), self.duration if until is None else self.ms(until)
        return (start, end) if start < end else None


def timeline(
    entry: RecordingEntry, log: Iterable[Recorded], texts: Mapping[str, str] | None = None
) -> wire.Timeline:
    """``texts``: what can be read on stills, by file."""
    whole = list(log)
    reading = _Reading(entry.id)
    for recorded in whole:
        reading.read(recorded)
        if reading.stopped is not None:
            break
    duration = entry.duration or _length(entry, reading.stopped, whole)
    clock = _Clock(entry, pauses_in(whole, entry.id), duration)
    shares = tuple(_shares(reading, clock, entry.files))
    return wire.Timeline(
        duration_ms=duration,
        messages=tuple(
            wire.TimelineMessage(clock.ms(at), reading.names.get(event.participant, ""), event.text)
            for at, event in reading.messages
            if event.text and clock.holds(at)
        ),
        hands=tuple(_hands(reading, clock)),
        moves=tuple(_moves(reading, clock)),
        shares=shares,
        chapters=tuple(_chapters(reading, clock, shares)),
        stills=tuple(
            wire.TimelineStill(
                min(file.start, duration), file.share, file.name, (texts or {}).get(file.name, "")
            )
            for file in sorted(entry.files, key=lambda file: file.start)
            if file.role == "still"
        ),
        cuts_ms=tuple(sorted({clock.ms(pause.at) for pause in clock.pauses})),
    )


def _length(entry: RecordingEntry, stopped: int | None, log: Sequence[Recorded]) -> int:
    """Before the files are closed: as the log has it."""
    end = stopped if stopped is not None else (log[-1].at if log else entry.started_at)
    return max(0, round(recording_time(end, entry.started_at, pauses_in(log, entry.id))))


def _shares(
    reading: _Reading, clock: _Clock, files: Sequence[RecordingFileEntry]
) -> Iterable[wire.TimelineShare]:
    by_share: dict[str, list[RecordingFileEntry]] = {}
    for file in files:
        if file.role == "share":
            by_share.setdefault(file.share, []).append(file)
    for share in reading.shares.values():
        span = clock.span(share.since, share.until)
        if span is None:
            continue
        own = sorted(by_share.get(share.id, ()), key=lambda file: file.start)
        yield wire.TimelineShare(
            share=share.id,
            source=share.source,
            name=reading.names.get(share.participant, ""),
            hosts=share.participant in reading.hosts,
            picture=share.source in PICTURES,
            start_ms=span[0],
            end_ms=span[1],
            files=tuple(file.name for file in own),
        )


def _hands(reading: _Reading, clock: _Clock) -> Iterable[wire.TimelineHand]:
    for hand in reading.hands:
        span = clock.span(hand.since, hand.until)
        if span is not None:
            yield wire.TimelineHand(span[0], span[1], reading.names.get(hand.participant, ""))


def _moves(reading: _Reading, clock: _Clock) -> Iterable[wire.TimelineMove]:
    moves = []
    for span in reading.inside:
        name = reading.names.get(span.participant, "")
        if clock.holds(span.since):
            moves.append(wire.TimelineMove(clock.ms(span.since), name, True))
        if span.until is not None and clock.holds(span.until):
            moves.append(wire.TimelineMove(clock.ms(span.until), name, False))
    return sorted(moves, key=lambda move: move.at_ms)


def _chapters(
    reading: _Reading, clock: _Clock, shares: Sequence[wire.TimelineShare]
) -> Iterable[wire.TimelineChapter]:
    chapters = [wire.TimelineChapter(clock.ms(at), title) for at, title in reading.marks]
    chapters += [
        wire.TimelineChapter(share.start_ms, "", share.share)
        for share in shares
        if share.source is Source.SCREEN
    ]
    return sorted(chapters, key=lambda chapter: chapter.at_ms)
