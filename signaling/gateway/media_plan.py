"""What a lesson's state asks of its media, against what a worker has open. Pure."""

from dataclasses import dataclass, field

from msgspec import Struct

from classroom.ids import ConnectionId, LessonId, ParticipantId, ShareId
from classroom.lesson.events import Source
from classroom.lesson.presence import SHARE_GRACE_MS
from classroom.lesson.stage import effective_paused
from classroom.lesson.state import Admission, LessonState, Phase
from media.control import Inventory
from media.parameters import Kind, RtpCapabilities, RtpParameters

KIND_OF: dict[Source, Kind] = {
    Source.SCREEN: "video",
    Source.CAMERA: "video",
    Source.SCREEN_AUDIO: "audio",
    Source.MICROPHONE: "audio",
}


_SOURCES = {source.value: source for source in Source}


class OpenTransport(Struct, frozen=True):
    """``page``: by its name, which asked for it; None when that is not known."""

    participant: ParticipantId
    send: bool
    page: str | None = None


class OpenProducer(Struct, frozen=True):
    """``paused``: as the worker was last told."""

    participant: ParticipantId
    transport: str
    source: Source
    paused: bool


class OpenConsumer(Struct, frozen=True):
    participant: ParticipantId
    transport: str
    share: ShareId
    kind: Kind
    rtp_parameters: RtpParameters


class Joined(Struct, frozen=True):
    """What a participant's present browser can receive, as it said over ``connection``."""

    connection: ConnectionId
    rtp_capabilities: RtpCapabilities


@dataclass
class MediaTable:
    """What is open at the worker, by id. ``pending``: producers made whose share is not yet committed.

    ``doomed``: transports that must close whatever the lesson says: the page they were made for is no more.
    """

    transports: dict[str, OpenTransport] = field(default_factory=dict)
    producers: dict[ShareId, OpenProducer] = field(default_factory=dict)
    consumers: dict[str, OpenConsumer] = field(default_factory=dict)
    joined: dict[ParticipantId, Joined] = field(default_factory=dict)
    unsupported: set[tuple[ParticipantId, ShareId]] = field(default_factory=set)
    pending: set[ShareId] = field(default_factory=set)
    doomed: set[str] = field(default_factory=set)
    taps: dict[ShareId, int] = field(default_factory=dict)
    """Taps found open when the lesson was found again; what a recording goes on with."""

    def transport_of(self, participant: ParticipantId, *, send: bool) -> str | None:
        for transport, entry in self.transports.items():
            if entry.participant == participant and entry.send is send and transport not in self.doomed:
                return transport
        return None

    def forget(self, participant: ParticipantId) -> None:
        """What was known of its browser."""
        self.joined.pop(participant, None)
        self.unsupported = {pair for pair in self.unsupported if pair[0] != participant}

    def drop_transport(self, transport: str) -> tuple["Gone", ...]:
        """Forget a transport and its children; the consumers (of anybody) that went with it."""
        self.transports.pop(transport, None)
        self.doomed.discard(transport)
        shares = [share for share, entry in self.producers.items() if entry.transport == transport]
        gone = self._drop_consumers(
            [c for c, entry in self.consumers.items() if entry.transport == transport]
        )
        for share in shares:
            gone += self.drop_producer(share)
        return gone

    def drop_producer(self, share: ShareId) -> tuple["Gone", ...]:
        self.producers.pop(share, None)
        self.unsupported = {pair for pair in self.unsupported if pair[1] != share}
        return self._drop_consumers([c for c, entry in self.consumers.items() if entry.share == share])

    def _drop_consumers(self, consumers: list[str]) -> tuple["Gone", ...]:
        return tuple((self.consumers.pop(consumer).participant, consumer) for consumer in consumers)


Gone = tuple[ParticipantId, str]
"""A consumer that is no more, and whose it was."""


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


def adopt(lesson: LessonId, inventory: Inventory) -> MediaTable:
    """A lesson's table from what a worker says it has: what a restarted gateway goes on with."""
    table = MediaTable()
    prefix = f"{lesson}/"
    for transport in inventory.transports:
        if transport.router == lesson and transport.peer.startswith(prefix) and transport.state != "closed":
            participant = ParticipantId(transport.peer.removeprefix(prefix))
            table.transports[transport.transport] = OpenTransport(participant, transport.direction == "send")
    for producer in inventory.producers:
        owner = table.transports.get(producer.transport)
        if owner is not None and producer.tag in _SOURCES:
            table.producers[ShareId(producer.producer)] = OpenProducer(
                owner.participant, producer.transport, _SOURCES[producer.tag], producer.paused
            )
    for consumer in inventory.consumers:
        receiver = table.transports.get(consumer.transport)
        if receiver is not None:
            table.consumers[consumer.consumer] = OpenConsumer(
                receiver.participant,
                consumer.transport,
                ShareId(consumer.producer),
                consumer.kind,
                consumer.rtp_parameters,
            )
    for tap, producer_id in inventory.tapped.items():
        if producer_id in table.producers:
            table.taps[ShareId(producer_id)] = tap
    return table
