"""Fold events into state. Total over every log that ``decide`` made, erased personal fields included.

Unchanged parts keep their identity; an event that changes nothing returns the very same state.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from msgspec.structs import replace

from classroom.ids import ConnectionId, ParticipantId, ShareId
from classroom.lesson import events as ev
from classroom.lesson.state import (
    Admission,
    LessonState,
    Message,
    Participant,
    Phase,
    RecordingNow,
    RecordingPause,
    Share,
)

K = TypeVar("K")
V = TypeVar("V")

MESSAGES_KEPT = 200
SAFE_MODE_GRACE_MS = 1_500
"""From the last host's drop to safe mode."""
RECOVERY_GRACE_MS = 5_000
"""The same after the server itself was away: everybody is reconnecting."""
RESTARTED = "restarted"
"""The reason of a ``Dropped`` that the server's own restart caused."""


def evolve(state: LessonState | None, recorded: ev.Recorded) -> LessonState:
    """The state after one more event. Raises ValueError when the log does not begin with LessonScheduled."""
    event = recorded.event
    if isinstance(event, ev.LessonScheduled):
        return state if state is not None else _scheduled(event)
    if state is None:
        raise ValueError(f"a lesson's log begins with LessonScheduled, not {type(event).__name__}")
    return _EVOLVE[type(event)](state, recorded.at, event)


def fold(log: Iterable[ev.Recorded]) -> LessonState | None:
    """The state a whole log tells; None of an empty one."""
    state: LessonState | None = None
    for recorded in log:
        state = evolve(state, recorded)
    return state


def _scheduled(e: ev.LessonScheduled) -> LessonState:
    return LessonState(
        lesson=e.lesson,
        class_id=e.class_id,
        class_name=e.class_name,
        title=e.title,
        starts_at=e.starts_at,
        ends_at=e.ends_at,
    )


def _started(s: LessonState, at: int, _: ev.LessonStarted) -> LessonState:
    return replace(s, phase=Phase.LIVE, started_at=at)


def _ended(s: LessonState, at: int, _: ev.LessonEnded) -> LessonState:
    return replace(
        s,
        phase=Phase.ENDED,
        ended_at=at,
        participants={k: replace(p, connection=None, away_since=None) for k, p in s.participants.items()},
        shares={},
        hands=(),
        recording=None,
        safe_mode=False,
        safe_mode_at=None,
    )


def _knocked(s: LessonState, at: int, e: ev.Knocked) -> LessonState:
    knocking = Participant(
        id=e.participant,
        role=e.role,
        of_class=e.of_class,
        hosts=e.hosts,
        username=e.username,
        name=e.name,
        class_label=e.class_label,
        admission=Admission.KNOCKING,
        knocked_at=at,
        connection=e.connection,
    )
    return _put(s, knocking, last=True)


def _withdrawn(s: LessonState, _at: int, e: ev.KnockWithdrawn) -> LessonState:
    if e.participant not in s.participants:
        return s
    return replace(s, participants={k: p for k, p in s.participants.items() if k != e.participant})


def _admitted(s: LessonState, _at: int, e: ev.Admitted) -> LessonState:
    return _change(s, e.participant, admission=Admission.ADMITTED)


def _denied(s: LessonState, _at: int, e: ev.Denied) -> LessonState:
    return _change(s, e.participant, admission=Admission.DENIED)


def _removed(s: LessonState, _at: int, e: ev.Removed) -> LessonState:
    s = _change(
        s,
        e.participant,
        admission=Admission.REMOVED,
        connection=None,
        entered_at=None,
        may_share=False,
        gone=False,
        away_since=None,
    )
    return _hand_down(s, e.participant)


def _entered(s: LessonState, at: int, e: ev.Entered | ev.CameBack | ev.DeviceReplaced) -> LessonState:
    """Somebody is connected: for the first time, again, or elsewhere; in the queue or in the lesson."""
    p = s.participants.get(e.participant)
    if p is None:
        return s
    connection: ConnectionId = e.connection
    entered_at = p.entered_at
    if entered_at is None and p.admission is Admission.ADMITTED:
        entered_at = at
    now = replace(p, connection=connection, entered_at=entered_at, gone=False, away_since=None)
    s = _put(s, now, last=now.listed and not p.listed)
    if now.hosts and now.inside:
        return s if s.safe_mode_at is None else replace(s, safe_mode_at=None)
    return _unattended(s, at) if now.inside and s.safe_mode_at is None else s


def _dropped(s: LessonState, at: int, e: ev.Dropped) -> LessonState:
    p = s.participants.get(e.participant)
    if p is None or p.connection != e.connection:
        return s
    s = _put(s, replace(p, connection=None, away_since=at))
    if e.reason == RESTARTED:
        return _unattended(s, at, RECOVERY_GRACE_MS)
    return _unattended(s, at) if p.hosts else s


def _left(s: LessonState, at: int, e: ev.Left) -> LessonState:
    s = _hand_down(_change(s, e.participant, connection=None, gone=True, away_since=None), e.participant)
    p = s.participants.get(e.participant)
    return _unattended(s, at) if p is not None and p.hosts else s


def _share_started(s: LessonState, at: int, e: ev.ShareStarted) -> LessonState:
    share = Share(id=e.share, participant=e.participant, source=e.source, started_at=at)
    return replace(s, shares={**_without(s.shares, e.share), e.share: share})


def _share_paused(s: LessonState, _at: int, e: ev.SharePaused) -> LessonState:
    return _pause(s, e.share, paused=True)


def _share_resumed(s: LessonState, _at: int, e: ev.ShareResumed) -> LessonState:
    return _pause(s, e.share, paused=False)


def _share_stopped(s: LessonState, _at: int, e: ev.ShareStopped) -> LessonState:
    return replace(s, shares=_without(s.shares, e.share)) if e.share in s.shares else s


def _sharing_allowed(s: LessonState, _at: int, e: ev.SharingAllowed) -> LessonState:
    return _change(s, e.participant, may_share=True)


def _sharing_forbidden(s: LessonState, _at: int, e: ev.SharingForbidden) -> LessonState:
    return _change(s, e.participant, may_share=False)


def _hand_raised(s: LessonState, _at: int, e: ev.HandRaised) -> LessonState:
    return s if e.participant in s.hands else replace(s, hands=(*s.hands, e.participant))


def _hand_lowered(s: LessonState, _at: int, e: ev.HandLowered) -> LessonState:
    return _hand_down(s, e.participant)


def _message_sent(s: LessonState, at: int, e: ev.MessageSent) -> LessonState:
    sender = s.participants.get(e.participant)
    name = "" if sender is None else sender.name
    message = Message(id=e.message, participant=e.participant, text=e.text, at=at, name=name)
    return replace(s, messages=(*s.messages[1 - MESSAGES_KEPT :], message))


def _recording_started(s: LessonState, at: int, e: ev.RecordingStarted) -> LessonState:
    informed = {k: replace(p, informed_of=e.recording) if p.inside else p for k, p in s.participants.items()}
    return replace(s, participants=informed, recording=RecordingNow(id=e.recording, since=at))


def _recording_stopped(s: LessonState, _at: int, _: ev.RecordingStopped) -> LessonState:
    return s if s.recording is None else replace(s, recording=None)


def _recording_paused(s: LessonState, at: int, _: ev.RecordingPaused) -> LessonState:
    now = s.recording
    if now is None or now.paused:
        return s
    return replace(s, recording=replace(now, pauses=(*now.pauses, RecordingPause(at))))


def _recording_resumed(s: LessonState, at: int, _: ev.RecordingResumed) -> LessonState:
    now = s.recording
    if now is None or not now.paused:
        return s
    ended = RecordingPause(now.pauses[-1].at, at)
    return replace(s, recording=replace(now, pauses=(*now.pauses[:-1], ended)))


def _recording_acknowledged(s: LessonState, _at: int, e: ev.RecordingAcknowledged) -> LessonState:
    return _change(s, e.participant, informed_of=e.recording)


def _unchanged(s: LessonState, _at: int, _: ev.AnyEvent) -> LessonState:
    """For who reads the log alone."""
    return s


def _recording_sealed(s: LessonState, _at: int, e: ev.RecordingSealed) -> LessonState:
    files = {**s.sealed.get(e.recording, {}), **{file.name: file for file in e.files}}
    return replace(s, sealed={**s.sealed, e.recording: files})


def _recording_erased(s: LessonState, _at: int, e: ev.RecordingErased) -> LessonState:
    return replace(s, sealed=_without(s.sealed, e.recording), erased=s.erased | {e.recording})


def _replay_allowed(s: LessonState, _at: int, _: ev.ReplayAllowed) -> LessonState:
    return replace(s, replay_allowed=True)


def _replay_forbidden(s: LessonState, _at: int, _: ev.ReplayForbidden) -> LessonState:
    return replace(s, replay_allowed=False)


def _safe_mode_entered(s: LessonState, _at: int, _: ev.SafeModeEntered) -> LessonState:
    return replace(s, safe_mode=True, safe_mode_at=None)


def _safe_mode_left(s: LessonState, _at: int, _: ev.SafeModeLeft) -> LessonState:
    return replace(s, safe_mode=False, safe_mode_at=None)


def _erased(s: LessonState, _at: int, e: ev.PersonalDataErased) -> LessonState:
    s = _change(s, e.participant, username="", name="", class_label="")
    if not any(m.participant == e.participant for m in s.messages):
        return s
    blanked = tuple(replace(m, text="", name="") if m.participant == e.participant else m for m in s.messages)
    return replace(s, messages=blanked)


def _unattended(s: LessonState, at: int, grace: int = SAFE_MODE_GRACE_MS) -> LessonState:
    """Set the time of safe mode where a live lesson is without a host; a later one wins."""
    if s.phase is not Phase.LIVE or s.safe_mode or s.attended:
        return s
    deadline = max(s.safe_mode_at or 0, at + grace)
    return s if deadline == s.safe_mode_at else replace(s, safe_mode_at=deadline)


def _change(s: LessonState, participant: ParticipantId, **fields: Any) -> LessonState:
    p = s.participants.get(participant)
    return s if p is None else _put(s, replace(p, **fields))


def _put(s: LessonState, p: Participant, *, last: bool = False) -> LessonState:
    others = _without(s.participants, p.id) if last else s.participants
    return replace(s, participants={**others, p.id: p})


def _without(mapping: dict[K, V], key: K) -> dict[K, V]:
    return {k: v for k, v in mapping.items() if k != key}


def _hand_down(s: LessonState, participant: ParticipantId) -> LessonState:
    if participant not in s.hands:
        return s
    return replace(s, hands=tuple(h for h in s.hands if h != participant))


def _pause(s: LessonState, share: ShareId, *, paused: bool) -> LessonState:
    was = s.shares.get(share)
    if was is None or was.paused is paused:
        return s
    return replace(s, shares={**s.shares, share: replace(was, paused=paused)})


_EVOLVE: dict[type, Callable[[LessonState, int, Any], LessonState]] = {
    ev.LessonStarted: _started,
    ev.LessonEnded: _ended,
    ev.Knocked: _knocked,
    ev.KnockWithdrawn: _withdrawn,
    ev.Admitted: _admitted,
    ev.Denied: _denied,
    ev.Removed: _removed,
    ev.Entered: _entered,
    ev.Dropped: _dropped,
    ev.CameBack: _entered,
    ev.DeviceReplaced: _entered,
    ev.Left: _left,
    ev.ShareStarted: _share_started,
    ev.SharePaused: _share_paused,
    ev.ShareResumed: _share_resumed,
    ev.ShareStopped: _share_stopped,
    ev.SharingAllowed: _sharing_allowed,
    ev.SharingForbidden: _sharing_forbidden,
    ev.HandRaised: _hand_raised,
    ev.HandLowered: _hand_lowered,
    ev.MessageSent: _message_sent,
    ev.RecordingStarted: _recording_started,
    ev.RecordingStopped: _recording_stopped,
    ev.RecordingPaused: _recording_paused,
    ev.RecordingResumed: _recording_resumed,
    ev.RecordingAcknowledged: _recording_acknowledged,
    ev.ChapterMarked: _unchanged,
    ev.RecordingSealed: _recording_sealed,
    ev.RecordingErased: _recording_erased,
    ev.ReplayAllowed: _replay_allowed,
    ev.ReplayForbidden: _replay_forbidden,
    ev.SafeModeEntered: _safe_mode_entered,
    ev.SafeModeLeft: _safe_mode_left,
    ev.PersonalDataErased: _erased,
}
