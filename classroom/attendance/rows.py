"""Attendance: who was in a lesson and when, from its log and the class's roster. Pure."""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from msgspec import Struct

from classroom.ids import AccountId, ParticipantId
from classroom.lesson.events import Recorded
from classroom.lesson.evolve import evolve
from classroom.lesson.state import LessonState, Participant
from classroom.people import Actor

LATE_AFTER_MS = 5 * 60_000
EARLY_BEFORE_MS = 5 * 60_000
RECONNECT_GAP_MS = 10_000


class AttendanceStatus(StrEnum):
    PRESENT = "present"
    LATE = "late"
    LEFT_EARLY = "left_early"
    LATE_LEFT_EARLY = "late_left_early"
    ABSENT = "absent"


class Presence(Struct, frozen=True):
    """Milliseconds since the epoch, UTC. ``end`` is None while the participant is still there."""

    start: int
    end: int | None


class AttendanceRow(Struct, frozen=True):
    account: AccountId
    username: str
    name: str
    class_label: str
    on_roster: bool
    status: AttendanceStatus
    seconds_present: int
    intervals: tuple[Presence, ...]


def attendance(
    log: Iterable[Recorded],
    roster: Sequence[Actor],
    *,
    now: int | None = None,
    late_after: int = LATE_AFTER_MS,
    early_before: int = EARLY_BEFORE_MS,
    gap: int = RECONNECT_GAP_MS,
) -> tuple[AttendanceRow, ...]:
    """The roster's rows in its order, then guests in order of entering; hosts are not listed.

    Presence counts between start and end of the lesson; losses shorter than ``gap`` do not show.
    Late: entered more than ``late_after`` after the start, the planned or the real one, whichever was
    later. Left early: gone more than ``early_before`` before the end, the planned or the real one,
    whichever was earlier; not judged while the lesson runs. ``now``: up to when somebody still there
    counts as present (default: the log's last event). All durations in milliseconds.
    """
    state, raw, until = _presence(log)
    if now is not None:
        until = max(until, now)
    judge = _Judge(state, until, late_after, early_before)
    rows = []
    listed = set()
    for actor in roster:
        listed.add(actor.account)
        intervals = judge.clip(raw.get(ParticipantId(actor.account), []), gap)
        rows.append(judge.row(actor, intervals, on_roster=True))
    participants = {} if state is None else state.participants
    for participant, spans in raw.items():
        p = participants.get(participant)
        intervals = judge.clip(spans, gap)
        if p is None or p.hosts or AccountId(participant) in listed or not intervals:
            continue
        rows.append(judge.row(_guest(p), intervals, on_roster=False))
    return tuple(rows)


def _guest(p: Participant) -> Actor:
    return Actor(AccountId(p.id), p.username, p.name, p.role, class_label=p.class_label)


def _presence(
    log: Iterable[Recorded],
) -> tuple[LessonState | None, dict[ParticipantId, list[Presence]], int]:
    """The last state, the raw intervals of everybody who was inside, and the time of the last event."""
    spans: dict[ParticipantId, list[Presence]] = {}
    since: dict[ParticipantId, int] = {}
    state: LessonState | None = None
    at = 0
    for recorded in log:
        before, state, at = state, evolve(state, recorded), recorded.at
        if before is None or before.participants is state.participants:
            continue
        for p in state.participants.values():
            if before.participants.get(p.id) is p or p.inside is (p.id in since):
                continue
            if p.inside:
                since[p.id] = at
                spans.setdefault(p.id, [])
            else:
                spans[p.id].append(Presence(since.pop(p.id), at))
    for participant, start in since.items():
        spans[participant].append(Presence(start, None))
    return state, spans, at


class _Judge:
    """The times against which presence is measured."""

    def __init__(self, state: LessonState | None, until: int, late_after: int, early_before: int) -> None:
        self.started = None if state is None else state.started_at
        self.ended = None if state is None else state.ended_at
        self.until = until if self.ended is None else self.ended
        self.late_from = self.early_to = 0
        if state is not None and self.started is not None:
            begin, finish = self.started, self.until
            if begin < state.starts_at < finish:
                begin = state.starts_at
            if begin < state.ends_at < finish:
                finish = state.ends_at
            self.late_from = begin + late_after
            self.early_to = finish - early_before

    def clip(self, spans: list[Presence], gap: int) -> tuple[Presence, ...]:
        """Within the lesson's time, in order, short gaps closed."""
        if self.started is None:
            return ()
        kept: list[Presence] = []
        for span in spans:
            start = max(span.start, self.started)
            end = self.until if span.end is None else min(span.end, self.until)
            if end <= start:
                continue
            open_end = None if span.end is None and self.ended is None else end
            last = kept[-1].end if kept else None
            if last is not None and start - last < gap:
                kept[-1] = Presence(kept[-1].start, open_end)
            else:
                kept.append(Presence(start, open_end))
        return tuple(kept)

    def row(self, actor: Actor, intervals: tuple[Presence, ...], *, on_roster: bool) -> AttendanceRow:
        present = sum((self.until if i.end is None else i.end) - i.start for i in intervals)
        return AttendanceRow(
            account=actor.account,
            username=actor.username,
            name=actor.name,
            class_label=actor.class_label,
            on_roster=on_roster,
            status=self._status(intervals),
            seconds_present=present // 1000,
            intervals=intervals,
        )

    def _status(self, intervals: tuple[Presence, ...]) -> AttendanceStatus:
        if not intervals:
            return AttendanceStatus.ABSENT
        last = intervals[-1].end
        late = intervals[0].start > self.late_from
        early = self.ended is not None and last is not None and last < self.early_to
        if late and early:
            return AttendanceStatus.LATE_LEFT_EARLY
        if late:
            return AttendanceStatus.LATE
        return AttendanceStatus.LEFT_EARLY if early else AttendanceStatus.PRESENT
