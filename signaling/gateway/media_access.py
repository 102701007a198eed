"""What participants ask of a lesson's media: goes straight to the worker, and into the table, so that
the next plan sees it. All raise MediaRefused."""

from collections.abc import Callable

from msgspec import structs

from classroom.ids import ConnectionId, ParticipantId, ShareId
from classroom.lesson.commands import LoseShare
from classroom.lesson.events import Source
from media import control
from media.parameters import (
    DtlsParameters,
    IceParameters,
    Kind,
    RtpCapabilities,
    RtpParameters,
    TransportParameters,
)
from signaling.gateway.clock import MakeId
from signaling.gateway.codec_policy import Published
from signaling.gateway.host import LessonHost
from signaling.gateway.lesson_codecs import LessonCodecs, codec_in
from signaling.gateway.media_placement import MediaRefused, Placement
from signaling.gateway.media_plan import peer_of
from signaling.gateway.media_steps import MediaSteps
from signaling.gateway.media_table import KIND_OF, Joined, OpenConsumer, OpenProducer, OpenTransport

_MOST_PRODUCERS = 4
"""Of one share at a time."""


class MediaAccess:
    """``wake``: the lesson's plan is to be made anew."""

    def __init__(
        self,
        host: LessonHost,
        placement: Placement,
        steps: MediaSteps,
        *,
        codecs: LessonCodecs,
        make_id: MakeId,
        wake: Callable[[], None],
    ) -> None:
        self._host = host
        self._placement = placement
        self._steps = steps
        self._codecs = codecs
        self._make_id = make_id
        self._wake = wake

    async def capabilities(self) -> RtpCapabilities:
        await self._need_place()
        assert self._placement.capabilities is not None
        return self._placement.capabilities

    async def open_transport(
        self, participant: ParticipantId, connection: ConnectionId, page: str, *, send: bool
    ) -> TransportParameters:
        """One of each direction: an older one is closed, with what it carried."""
        await self._need_place()
        old = self._placement.table.transport_of(participant, send=send)
        if old is not None:
            shares = {e.share for e in self._placement.table.producers.values() if e.transport == old}
            await self._steps.close_transport(old)
            for share in shares:
                await self._host.execute(LoseShare(share))
        transport = self._make_id()
        table = self._placement.table
        entry = OpenTransport(participant, send, page)
        try:
            reply = await self._placement.ask(
                control.OpenTransport(
                    self._host.lesson,
                    transport,
                    peer_of(self._host.lesson, participant),
                    "send" if send else "recv",
                ),
                control.TransportOpened,
            )
            self._still(participant, connection)
        except BaseException:
            # The worker may have it, or be about to: it is to be closed there.
            table.transports[transport] = entry
            table.doomed.add(transport)
            self._wake()
            raise
        self._placement.table.transports[transport] = entry
        self._wake()
        return reply.parameters

    async def connect_transport(
        self, participant: ParticipantId, transport: str, dtls: DtlsParameters
    ) -> None:
        self._own_transport(participant, transport)
        await self._placement.ask(control.ConnectTransport(transport, dtls), control.Done)

    async def restart_ice(self, participant: ParticipantId, transport: str) -> IceParameters:
        self._own_transport(participant, transport)
        return (await self._placement.ask(control.RestartIce(transport), control.IceRestarted)).ice_parameters

    def new_share(self) -> ShareId:
        return ShareId(self._make_id())

    async def produce(
        self,
        participant: ParticipantId,
        transport: str,
        source: Source,
        kind: Kind,
        parameters: RtpParameters,
    ) -> ShareId:
        """Open a producer whose share the caller then commits; see ``settle``."""
        if not self._own_transport(participant, transport).send:
            raise MediaRefused("no_such_transport", "not a send transport")
        share = self.new_share()
        entry = OpenProducer(participant, transport, share, source, paused=False, codec=codec_in(parameters))
        self._placement.table.pending.add(share)
        try:
            await self._open_producer(share, entry, kind, parameters)
        except BaseException:
            self._placement.table.pending.discard(share)
            raise
        return share

    async def replace(
        self, participant: ParticipantId, transport: str, share: ShareId, parameters: RtpParameters
    ) -> str:
        """Go on with a share by a new producer, which becomes its current one. Returns the producer's id."""
        if not self._own_transport(participant, transport).send:
            raise MediaRefused("no_such_transport", "not a send transport")
        table = self._placement.table
        old = table.current().get(share)
        entry = table.producers.get(old) if old is not None else None
        if entry is None or entry.participant != participant or KIND_OF[entry.source] != "video":
            raise MediaRefused("no_such_producer", "no picture of yours")
        if sum(other.share == share for other in table.producers.values()) >= _MOST_PRODUCERS:
            raise MediaRefused("busy", "its codec is changing already")
        producer = self._make_id()
        fresh = OpenProducer(
            participant, transport, share, entry.source, paused=entry.paused, codec=codec_in(parameters)
        )
        await self._open_producer(producer, fresh, "video", parameters)
        now = self._host.now()
        for other, was in tuple(table.producers.items()):
            if was.share == share and other != producer and was.replaced_at is None:
                table.producers[other] = structs.replace(was, replaced_at=now)
        self._wake()
        return producer

    async def _open_producer(
        self, producer: str, entry: OpenProducer, kind: Kind, parameters: RtpParameters
    ) -> None:
        transport = entry.transport
        await self._placement.ask(
            control.Produce(
                transport,
                producer,
                kind,
                parameters,
                tag=entry.tag,
                paused=entry.paused,
                content="detail" if entry.source is Source.SCREEN else "",
            ),
            control.Done,
        )
        table = self._placement.table
        if transport not in table.transports or transport in table.doomed:
            raise MediaRefused("no_such_transport", "closed meanwhile")
        table.producers[producer] = entry

    def settle(self, share: ShareId) -> None:
        """The share was committed, or not: from now on the lesson's state says whether it stays."""
        self._placement.table.pending.discard(share)
        self._wake()

    async def join(
        self,
        participant: ParticipantId,
        connection: ConnectionId,
        rtp_capabilities: RtpCapabilities,
        encodes: tuple[str, ...],
    ) -> tuple[str, dict[str, OpenConsumer], Published]:
        """From now on the participant gets consumers. Returns the instance, the consumers it has, and in
        which codecs it is to publish."""
        await self._need_place()
        self._still(participant, connection)
        assert self._placement.instance is not None
        self._placement.table.unsupported = {
            pair for pair in self._placement.table.unsupported if pair[0] != participant
        }
        self._placement.table.joined[participant] = Joined(connection, rtp_capabilities, encodes)
        published = self._codecs.joined(participant)
        self._wake()
        mine = {c: e for c, e in self._placement.table.consumers.items() if e.participant == participant}
        return self._placement.instance, mine, published

    async def resume_consumer(self, participant: ParticipantId, consumer: str) -> None:
        self._own_consumer(participant, consumer)
        await self._placement.ask(control.ResumeConsumer(consumer), control.Done)

    async def pause_consumer(self, participant: ParticipantId, consumer: str) -> None:
        self._own_consumer(participant, consumer)
        await self._placement.ask(control.PauseConsumer(consumer), control.Done)

    async def prefer_consumer(
        self, participant: ParticipantId, consumer: str, width: int, height: int
    ) -> None:
        self._own_consumer(participant, consumer)
        await self._placement.tell(control.PreferConsumer(consumer, width, height))

    async def give_way(self, participant: ParticipantId, octets: int) -> None:
        """Its pictures wait for so many, if its line is thin; nothing where it receives nothing."""
        transport = self._placement.table.transport_of(participant, send=False)
        if transport is not None:
            await self._placement.tell(control.GiveWay(transport, octets))

    async def release_consumer(self, participant: ParticipantId, consumer: str) -> None:
        """Only of a replaced producer: the current one's would be opened again at once."""
        if self._own_consumer(participant, consumer).producer not in self._placement.table.replaced():
            raise MediaRefused("invalid", "nothing newer is there")
        await self._steps.close_consumer(consumer)
        self._wake()

    def _still(self, participant: ParticipantId, connection: ConnectionId) -> None:
        """Things change while a worker is asked. Raises MediaRefused."""
        state = self._host.state
        entry = None if state is None else state.participants.get(participant)
        if entry is None or not entry.inside or entry.connection != connection:
            raise MediaRefused("not_admitted", "not in the lesson any more, or by another connection")

    def _own_transport(self, participant: ParticipantId, transport: str) -> OpenTransport:
        entry = self._placement.table.transports.get(transport)
        if entry is None or entry.participant != participant or transport in self._placement.table.doomed:
            raise MediaRefused("no_such_transport", "")
        return entry

    def _own_consumer(self, participant: ParticipantId, consumer: str) -> OpenConsumer:
        entry = self._placement.table.consumers.get(consumer)
        if entry is None or entry.participant != participant:
            raise MediaRefused("no_such_consumer", "")
        return entry

    async def _need_place(self) -> None:
        self._wake()
        await self._placement.need()
