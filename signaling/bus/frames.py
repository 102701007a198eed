"""What goes over the local bus's Unix socket: a length (u32, big-endian), then one frame.

``body`` is an encoded message (``codec``); the broker passes it on unread.
"""

from collections.abc import Iterator
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from signaling.bus.codec import MAX_MESSAGE

MAX_FRAME = MAX_MESSAGE + 1024
Name = Annotated[str, Meta(max_length=200)]
Body = Annotated[bytes, Meta(max_length=MAX_MESSAGE)]


class Hello(Struct, frozen=True, array_like=True, tag=1):
    """First frame of a client. ``instance`` names the process."""

    instance: Name


class Serve(Struct, frozen=True, array_like=True, tag=2):
    address: Name


class Unserve(Struct, frozen=True, array_like=True, tag=3):
    address: Name


class Subscribe(Struct, frozen=True, array_like=True, tag=4):
    topic: Name


class Unsubscribe(Struct, frozen=True, array_like=True, tag=5):
    topic: Name


class Request(Struct, frozen=True, array_like=True, tag=6):
    """``id``: the requester's on its way to the broker, the broker's on its way to the server."""

    id: int
    address: Name
    body: Body


class Reply(Struct, frozen=True, array_like=True, tag=7):
    id: int
    body: Body


class Failure(Struct, frozen=True, array_like=True, tag=8):
    """``code``: nobody | handler | busy | too_large | undecodable."""

    id: int
    code: Name
    detail: Name = ""


class Forget(Struct, frozen=True, array_like=True, tag=9):
    """The requester waits no longer."""

    id: int


class Publish(Struct, frozen=True, array_like=True, tag=10):
    topic: Name
    body: Body


class Presence(Struct, frozen=True, array_like=True, tag=11):
    """Broker to every client: of all addresses after Hello, then of each change. None: down."""

    address: Name
    instance: Name | None


class Barrier(Struct, frozen=True, array_like=True, tag=12):
    """Sent back by the broker as it is: everything sent before has taken effect."""

    id: int


Frame = (
    Hello
    | Serve
    | Unserve
    | Subscribe
    | Unsubscribe
    | Request
    | Reply
    | Failure
    | Forget
    | Publish
    | Presence
    | Barrier
)


class FrameError(Exception):
    """The stream cannot be read on: close it."""


_encoder = msgspec.msgpack.Encoder()
_decoder: "msgspec.msgpack.Decoder[Frame]" = msgspec.msgpack.Decoder(Frame)


def encode_frame(frame: Frame) -> bytes:
    data = _encoder.encode(frame)
    return len(data).to_bytes(4, "big") + data


class FrameReader:
    """Sans-I/O: feed bytes, take frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Raises FrameError."""
        buffer = self._buffer
        buffer += data
        position = 0
        try:
            while len(buffer) - position >= 4:
                length = int.from_bytes(buffer[position : position + 4], "big")
                if length > MAX_FRAME:
                    raise FrameError(f"a frame of {length} bytes")
                end = position + 4 + length
                if end > len(buffer):
                    break
                with memoryview(buffer) as view:
                    try:
                        frame = _decoder.decode(view[position + 4 : end])
                    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                        raise FrameError(str(error)) from error
                position = end
                yield frame
        finally:
            del buffer[:position]
