"""What holds in every lesson, whatever was asked of it."""

from classroom.lesson import events as ev
from classroom.lesson.evolve import MESSAGES_KEPT
from classroom.lesson.stage import audible, effective_paused, on_stage
from classroom.lesson.state import Admission, LessonState, Phase


def check_state(state: LessonState) -> None:
    people = state.participants
    for key, p in people.items():
        assert key == p.id
        if p.connection is not None:
            assert p.away_since is None
            assert not p.gone
            assert p.admission is not Admission.REMOVED
        if p.admission is not Admission.ADMITTED:
            assert p.entered_at is None
            assert not p.may_share
    knocking = [p.knocked_at for p in people.values() if p.admission is Admission.KNOCKING]
    assert knocking == sorted(knocking)
    _check_shares(state)
    assert len(state.messages) <= MESSAGES_KEPT
    assert len(set(state.hands)) == len(state.hands)
    assert all(people[hand].listed for hand in state.hands)
    _check_safe_mode(state)
    if state.phase is Phase.ENDED:
        assert state.recording is None
        assert not any(p.connection for p in people.values())


def _check_shares(state: LessonState) -> None:
    if state.shares:
        assert state.phase is Phase.LIVE
    owned = [(s.participant, s.source) for s in state.shares.values()]
    assert len(set(owned)) == len(owned)
    for s in state.shares.values():
        owner = state.participants[s.participant]
        assert owner.listed
        assert owner.connection is not None or owner.away_since is not None


def _check_safe_mode(state: LessonState) -> None:
    if state.phase is not Phase.LIVE:
        assert not state.safe_mode
        assert state.safe_mode_at is None
        return
    if state.attended:
        assert not state.safe_mode
        assert state.safe_mode_at is None
    elif any(p.inside for p in state.participants.values()):
        assert state.safe_mode or state.safe_mode_at is not None
    if state.safe_mode:
        for s in state.shares.values():
            if not state.participants[s.participant].hosts:
                assert effective_paused(state, s)
                assert s.id not in audible(state)
                assert on_stage(state) != s.id


def check_log(log: list[ev.Recorded], teaching: set[str]) -> None:
    """Presence in the log: opened once, closed once; nobody inside who was not let in by a host."""
    connected: dict[str, str] = {}
    admitted: set[str] = set()
    ended = False
    for recorded in log:
        e = recorded.event
        assert not ended or isinstance(e, ev.ReplayAllowed | ev.ReplayForbidden)
        ended = ended or isinstance(e, ev.LessonEnded)
        if isinstance(e, ev.Admitted):
            assert e.by in teaching
            admitted.add(e.participant)
        elif isinstance(e, ev.Removed | ev.Denied):
            admitted.discard(e.participant)
            if isinstance(e, ev.Removed):
                connected.pop(e.participant, None)
        elif isinstance(e, ev.Knocked):
            assert e.participant not in admitted
            connected[e.participant] = e.connection
        elif isinstance(e, ev.Entered):
            assert e.participant in admitted
            assert connected.setdefault(e.participant, e.connection) == e.connection
        elif isinstance(e, ev.CameBack):
            assert e.participant not in connected
            connected[e.participant] = e.connection
        elif isinstance(e, ev.DeviceReplaced):
            assert connected[e.participant] == e.old != e.connection
            connected[e.participant] = e.connection
        elif isinstance(e, ev.Dropped):
            assert connected.pop(e.participant) == e.connection
        elif isinstance(e, ev.KnockWithdrawn):
            assert e.participant not in admitted
            connected.pop(e.participant, None)
        elif isinstance(e, ev.Left):
            connected.pop(e.participant, None)
