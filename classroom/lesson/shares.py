"""Screens, cameras, microphones: who may publish what, and when it stops."""

from collections.abc import Collection

from classroom.ids import SYSTEM, ParticipantId, ShareId
from classroom.lesson import commands as cmd
from classroom.lesson import events as ev
from classroom.lesson.checks import (
    inside,
    no_such_participant,
    own_id,
    refuse_in_safe_mode,
    refuse_unless_hosting_live,
)
from classroom.lesson.events import Source
from classroom.lesson.grants import NEEDED_TO_SHARE, grants_inside
from classroom.lesson.recording import refuse_unless_informed
from classroom.lesson.refusal import Decision, Refusal, RefusalCode
from classroom.lesson.state import Admission, LessonState, Participant, Share
from classroom.people import Actor

SCREEN_SOURCES = frozenset({Source.SCREEN, Source.SCREEN_AUDIO})


def stop_shares_of(
    state: LessonState,
    participant: ParticipantId,
    by: ParticipantId,
    reason: str,
    sources: Collection[Source] = frozenset(Source),
) -> tuple[ev.AnyEvent, ...]:
    return tuple(
        ev.ShareStopped(share=share.id, by=by, reason=reason)
        for share in state.shares.values()
        if share.participant == participant and share.source in sources
    )


def start_share(state: LessonState, c: cmd.StartShare) -> Decision:
    """One share per participant and source: the newer replaces."""
    p = inside(state, c.actor)
    if isinstance(p, Refusal):
        return p
    if NEEDED_TO_SHARE[c.source] not in grants_inside(p):
        return Refusal(RefusalCode.NOT_ALLOWED, f"may not share: {c.source}")
    if refusal := refuse_in_safe_mode(state, p) or refuse_unless_informed(state, p):
        return refusal
    if not c.share or c.share in state.shares:
        return Refusal(RefusalCode.ALREADY, "the share exists")
    return (
        *stop_shares_of(state, p.id, p.id, "replaced", {c.source}),
        ev.ShareStarted(share=c.share, participant=p.id, source=c.source),
    )


def pause_share(state: LessonState, c: cmd.PauseShare) -> Decision:
    own = _own_share(state, c.actor, c.share)
    if isinstance(own, Refusal):
        return own
    p, share = own
    return () if share.paused else (ev.SharePaused(share=share.id, by=p.id),)


def resume_share(state: LessonState, c: cmd.ResumeShare) -> Decision:
    own = _own_share(state, c.actor, c.share)
    if isinstance(own, Refusal):
        return own
    p, share = own
    if not share.paused:
        return ()
    return refuse_in_safe_mode(state, p) or (ev.ShareResumed(share=share.id, by=p.id),)


def stop_share(state: LessonState, c: cmd.StopShare) -> Decision:
    """The owner, or a host. A screen's sound stops with it."""
    p = inside(state, c.actor)
    if isinstance(p, Refusal):
        return p
    share = state.shares.get(c.share)
    if share is None:
        return _no_such_share()
    if share.participant != p.id and not c.actor.teaches(state.class_id):
        return Refusal(RefusalCode.NOT_ALLOWED, "somebody else's share")
    sources = SCREEN_SOURCES if share.source is Source.SCREEN else {share.source}
    return stop_shares_of(state, share.participant, p.id, "stopped", sources)


def lose_share(state: LessonState, c: cmd.LoseShare) -> Decision:
    if c.share not in state.shares:
        return ()
    return (ev.ShareStopped(share=c.share, by=SYSTEM, reason="dropped"),)


def allow_sharing(state: LessonState, c: cmd.AllowSharing) -> Decision:
    """Hosts may share anyway: for them nothing changes."""
    if refusal := refuse_unless_hosting_live(state, c.actor):
        return refusal
    p = _admitted(state, c.participant)
    if p is None:
        return no_such_participant()
    if p.hosts or p.may_share is c.allowed:
        return ()
    by = own_id(c.actor)
    if c.allowed:
        return (ev.SharingAllowed(participant=p.id, by=by),)
    return (
        *stop_shares_of(state, p.id, by, "forbidden", SCREEN_SOURCES),
        ev.SharingForbidden(participant=p.id, by=by),
    )


def mute(state: LessonState, c: cmd.Mute) -> Decision:
    if refusal := refuse_unless_hosting_live(state, c.actor):
        return refusal
    p = _admitted(state, c.participant)
    if p is None:
        return no_such_participant()
    return stop_shares_of(state, p.id, own_id(c.actor), "muted", {Source.MICROPHONE})


def _admitted(state: LessonState, participant: ParticipantId) -> Participant | None:
    p = state.participants.get(participant)
    return p if p is not None and p.admission is Admission.ADMITTED else None


def _own_share(state: LessonState, actor: Actor, share_id: ShareId) -> tuple[Participant, Share] | Refusal:
    p = inside(state, actor)
    if isinstance(p, Refusal):
        return p
    share = state.shares.get(share_id)
    if share is None:
        return _no_such_share()
    if share.participant != p.id:
        return Refusal(RefusalCode.NOT_ALLOWED, "somebody else's share")
    return p, share


def _no_such_share() -> Refusal:
    return Refusal(RefusalCode.NO_SUCH_SHARE, "no such share in the lesson")
