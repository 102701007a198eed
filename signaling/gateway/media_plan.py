"""What a lesson's state asks of its media, against what a worker has open. Pure."""

from msgspec import Struct

from classroom.ids import LessonId, ParticipantId, ShareId
from classroom.lesson.presence import SHARE_GRACE_MS
from classroom.lesson.stage import effective_paused
from classroom.lesson.state import Admission, LessonState, Phase
from signaling.gateway.media_table import MediaTable, OpenProducer

REPLACED_STAYS_MS = 1000
"""How long a replaced producer goes on, though no viewer needs it."""
REPLACED_LASTS_MS = 10_000
"""How long a viewer may take to get the new one's first picture."""


class MediaPlan(Struct, frozen=True):
    """What to do, in this order. ``lose``: shares whose media is no more."""

    close_transports: tuple[str, ...] = ()
    close_producers: tuple[str, ...] = ()
    close_consumers: tuple[str, ...] = ()
    pause: tuple[str, ...] = ()
    resume: tuple[str, ...] = ()
    consume: tuple[tuple[ParticipantId, str], ...] = ()
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
    """When time alone will ask for something, in ms since the epoch; None: it will not.

    Somebody who is away will have been so for too long, or a replaced producer has had its time.
    """
    away = (state.participants.get(entry.participant) for entry in table.transports.values())
    times = [p.away_since + SHARE_GRACE_MS for p in away if p is not None and p.away_since is not None]
    return min((*times, *_retirements(table).values()), default=None)


def _retirements(table: MediaTable) -> dict[str, int]:
    """When each replaced producer is to close: as soon as every viewer has let go of it, yet not at once,
    for a recording waits for the new one's first picture too; in any case after a while."""
    watched = {entry.producer for entry in table.consumers.values()}
    return {
        producer: 0
        if entry.replaced_at is None
        else entry.replaced_at + (REPLACED_LASTS_MS if producer in watched else REPLACED_STAYS_MS)
        for producer, entry in table.replaced().items()
    }


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
    producers = {
        producer: entry
        for producer, entry in table.producers.items()
        if entry.share in state.shares and entry.transport in kept
    }
    retired = {producer for producer, due in _retirements(table).items() if due <= now}
    close_producers = tuple(
        producer
        for producer, entry in table.producers.items()
        if entry.transport in kept
        and entry.share not in table.pending
        and (entry.share not in state.shares or producer in retired)
    )
    close_consumers = tuple(
        consumer
        for consumer, entry in table.consumers.items()
        if entry.transport in kept and entry.producer not in producers and entry.share not in table.pending
    )
    paused = {p: effective_paused(state, state.shares[entry.share]) for p, entry in producers.items()}
    present = {entry.share for entry in table.producers.values()} | table.pending
    return MediaPlan(
        close_transports=strangers,
        close_producers=close_producers,
        close_consumers=close_consumers,
        pause=tuple(p for p, entry in producers.items() if paused[p] and not entry.paused),
        resume=tuple(p for p, entry in producers.items() if entry.paused and not paused[p]),
        consume=_missing_consumers(state, table, producers, now),
        lose=tuple(share for share in state.shares if share not in present),
    )


def _missing_consumers(
    state: LessonState, table: MediaTable, producers: dict[str, OpenProducer], now: int
) -> tuple[tuple[ParticipantId, str], ...]:
    have = {(entry.participant, entry.producer) for entry in table.consumers.values()} | table.unsupported
    receivers = receivers_of(state, table, now)
    replaced = table.replaced()
    return tuple(
        (participant, producer)
        for producer, entry in producers.items()
        if producer not in replaced
        for participant in receivers
        if entry.participant != participant and (participant, producer) not in have
    )


def receivers_of(state: LessonState, table: MediaTable, now: int) -> tuple[ParticipantId, ...]:
    """Whose browser is there to receive."""
    return tuple(
        participant
        for participant, joined in table.joined.items()
        if belongs(state, participant, now)
        and state.participants[participant].connection == joined.connection
        and table.transport_of(participant, send=False) is not None
    )


def peer_of(lesson: LessonId, participant: ParticipantId) -> str:
    return f"{lesson}/{participant}"
