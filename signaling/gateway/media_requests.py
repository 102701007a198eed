"""Messages of the socket that concern media. Only who is in the lesson gets this far."""

from collections.abc import Callable
from typing import Any

from classroom.ids import ConnectionId, ParticipantId, ShareId
from classroom.lesson.commands import StartShare
from classroom.lesson.refusal import Refusal
from classroom.people import Actor
from signaling.gateway.host import LessonHost
from signaling.gateway.lesson_media import LessonMedia
from signaling.gateway.media_placement import MediaRefused
from signaling.gateway.media_table import KIND_OF
from signaling.wire import client, server
from signaling.wire.ice import IceServer

MediaMessage = (
    client.GetCapabilities
    | client.JoinMedia
    | client.OpenTransport
    | client.ConnectTransport
    | client.RestartIce
    | client.Produce
    | client.ResumeConsumer
    | client.PauseConsumer
    | client.ConsumerSize
    | client.ReleaseConsumer
)
KINDS: tuple[type[Any], ...] = MediaMessage.__args__
Relays = Callable[[], tuple[IceServer, ...]]


async def answer_media(
    message: MediaMessage,
    host: LessonHost,
    media: LessonMedia,
    actor: Actor,
    connection: ConnectionId,
    page: str,
    relays: Relays,
) -> tuple[server.ServerMessage, ...]:
    """What to send back, in order. Raises MediaRefused. ``relays``: TURN servers, for this account."""
    me = ParticipantId(actor.account)
    match message:
        case client.GetCapabilities():
            return (server.Capabilities(message.id, await media.access.capabilities()),)
        case client.JoinMedia():
            instance, mine, publish = await media.access.join(
                me, connection, message.rtp_capabilities, message.encodes
            )
            told = (media.news.consumer_message(consumer) for consumer in mine)
            return (
                server.MediaJoined(
                    message.id, instance, tuple(mine), server.PublishCodecs(publish.screen, publish.camera)
                ),
                *(consumer for consumer in told if consumer is not None),
            )
        case client.OpenTransport():
            return (
                server.Transport(
                    message.id,
                    await media.access.open_transport(me, connection, page, send=message.send),
                    relays(),
                ),
            )
        case client.ConnectTransport():
            await media.access.connect_transport(me, message.transport, message.dtls_parameters)
        case client.RestartIce():
            return (server.Ice(message.id, await media.access.restart_ice(me, message.transport), relays()),)
        case client.Produce():
            return (await _produce(message, host, media, actor),)
        case client.ResumeConsumer():
            await media.access.resume_consumer(me, message.consumer)
        case client.PauseConsumer():
            await media.access.pause_consumer(me, message.consumer)
        case client.ConsumerSize():
            await media.access.prefer_consumer(me, message.consumer, message.width, message.height)
        case client.ReleaseConsumer():
            await media.access.release_consumer(me, message.consumer)
    return (server.Ok(message.id),)


async def _produce(
    message: client.Produce, host: LessonHost, media: LessonMedia, actor: Actor
) -> server.ServerMessage:
    """The rules are asked first; then the worker; then the share is committed, and told to all."""
    if KIND_OF[message.source] != message.kind:
        raise MediaRefused("invalid", f"{message.source} is not {message.kind}")
    if message.replaces is not None:
        return await _replace(message, ShareId(message.replaces), host, media, actor)
    refusal = host.check(StartShare(actor, media.access.new_share(), message.source))
    if refusal is not None:
        return server.Error(message.id, refusal.code, refusal.detail)
    share = await media.access.produce(
        ParticipantId(actor.account), message.transport, message.source, message.kind, message.rtp_parameters
    )
    try:
        answer = await host.execute(StartShare(actor, share, message.source))
    finally:
        media.access.settle(share)
    if isinstance(answer, Refusal):
        return server.Error(message.id, answer.code, answer.detail)
    return server.Produced(message.id, share, share)


async def _replace(
    message: client.Produce, share: ShareId, host: LessonHost, media: LessonMedia, actor: Actor
) -> server.ServerMessage:
    """Nothing of it goes into the log: to people it is the same share."""
    me = ParticipantId(actor.account)
    info = None if host.state is None else host.state.shares.get(share)
    if info is None or info.participant != me or info.source is not message.source:
        raise MediaRefused("no_such_producer", "no share of yours")
    producer = await media.access.replace(me, message.transport, share, message.rtp_parameters)
    return server.Produced(message.id, share, producer)
