"""The one registry of everything that travels on the bus, as tagged MessagePack."""

import msgspec
from msgspec import Struct

from media import control as media
from recorder import control as recorder
from recorder.jobs import control as jobs
from signaling.bus.messages import BusMessage
from signaling.bus.port import MessageTooLarge, Undecodable

MAX_MESSAGE = 1_000_000
"""Bytes of one encoded message."""

Message = (
    media.Request
    | media.Reply
    | media.Notice
    | recorder.RecorderRequest
    | recorder.RecorderReply
    | recorder.RecorderNotice
    | jobs.JobRequest
    | jobs.JobReply
    | jobs.JobNotice
    | BusMessage
)

_encoder = msgspec.msgpack.Encoder()
_decoder: "msgspec.msgpack.Decoder[Message]" = msgspec.msgpack.Decoder(Message)


def encode(message: Struct) -> bytes:
    """Raises MessageTooLarge, and TypeError for what is not in the registry."""
    if not isinstance(message, Message):
        raise TypeError(f"{type(message).__name__} is not a message of the bus")
    data = _encoder.encode(message)
    if len(data) > MAX_MESSAGE:
        raise MessageTooLarge(f"{type(message).__name__} of {len(data)} bytes")
    return data


def decode(data: bytes) -> Struct:
    """Raises Undecodable, MessageTooLarge."""
    if len(data) > MAX_MESSAGE:
        raise MessageTooLarge(f"{len(data)} bytes")
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Undecodable(str(error)) from error
