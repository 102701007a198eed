"""What a lesson's state asks of its media, against what a worker has open. Pure."""

from msgspec import Struct

from classroom.ids import LessonId, ParticipantId, ShareId
from classroom.lesson.presence import SHARE_GRACE_MS
from classroom.lesson.stage import effective_paused
from classroom.lesson.state import Admission, LessonState, Phase
from signaling.gateway.media_table import MediaTable, OpenProducer


class MediaPlan(Struct, frozen=True):
    """What to do, in this order. ``lose``: shares whose media is no more."""

    close_transports: tuple[str, ...] = ()
    close_producers: tuple[ShareId, ...] = ()
    close_consumers: tuple[str, ...] = ()
    pause: tuple[ShareId, ...] = ()
    resume: tuple[ShareId, ...] = ()
    consume: tuple[tuple[ParticipantId, ShareId], ...] = ()
    lose: tuple[ShareId, ...] = ()


def belongs(state: LessonState, participant: ParticipantId, now: int) -> bool:
    """Whether a participant may have anything open at a worker.

    Who is away keeps it for as long as shares are kept: somebody without a socket, whom the teacher
    sees as away, must not go on watching.
    """
    entry = state.participants.get(participant)
    if state.phase is not Phase.LIVE or entry is None:
        return False
    if entry.admission is not Admission.ADMITTED or entry.gone:
        return False
    return entry.connection is not None or (
        entry.away_since is not None and now < entry.away_since + SHARE_GRACE_MS
    )


def next_deadline(state: LessonState, table: MediaTable) -> int | None:
    """When somebody who is away will have been so for too long, in ms since the epoch; None: nobody is."""
    away = (state.participants.get(entry.participant) for entry in table.transports.values())
    return min(
        (p.away_since + SHARE_GRACE_MS for p in away if p is not None and p.away_since is not None),
        default=None,
    )


def plan(state: LessonState, table: MediaTable, now: int) -> MediaPlan:
    """Nothing to do gives the empty plan. Carrying a plan out brings the table nearer to the state.

    ``now``: milliseconds since the epoch.
    """
    strangers = tuple(
        transport
        for transport, entry in table.transports.items()
        if transport in table.doomed or not belongs(state, entry.participant, now)
    )
    kept = table.transports.keys() - set(strangers)
    shares = {
        share: entry
        for share, entry in table.producers.items()
        if share in state.shares and entry.transport in kept
    }
    close_producers = tuple(
        share
        for share, entry in table.producers.items()
        if share not in state.shares and share not in table.pending and entry.transport in kept
    )
    close_consumers = tuple(
        consumer
        for consumer, entry in table.consumers.items()
        if entry.transport in kept and entry.share not in shares and entry.share not in table.pending
    )
    paused = {share: effective_paused(state, state.shares[share]) for share in shares}
    return MediaPlan(
        close_transports=strangers,
        close_producers=close_producers,
        close_consumers=close_consumers,
        pause=tuple(share for share, entry in shares.items() if paused[share] and not entry.paused),
        resume=tuple(share for share, entry in shares.items() if entry.paused and not paused[share]),
        consume=_missing_consumers(state, table, shares, now),
        lose=tuple(
            share for share in state.shares if share not in table.producers and share not in table.pending
        ),
    )


def _missing_consumers(
    state: LessonState, table: MediaTable, shares: dict[ShareId, OpenProducer], now: int
) -> tuple[tuple[ParticipantId, ShareId], ...]:
    have = {(entry.participant, entry.share) for entry in table.consumers.values()} | table.unsupported
    receivers = [
        participant
        for participant, joined in table.joined.items()
        if belongs(state, participant, now)
        and state.participants[participant].connection == joined.connection
        and table.transport_of(participant, send=False) is not None
    ]
    return tuple(
        (participant, share)
        for share, entry in shares.items()
        for participant in receivers
        if entry.participant != participant and (participant, share) not in have
    )


def peer_of(lesson: LessonId, participant: ParticipantId) -> str:
    return f"{lesson}/{participant}"
