"""Messages of the connection test's socket, ``/api/self-test/socket``.

The server speaks first: ``self_test`` (or ``over``). Of the lesson's messages it knows
``connect_transport``, ``resume_consumer`` and ``ping``, answered as there.
"""

from typing import Annotated

from msgspec import Meta, Struct

from media.parameters import Kind, RtpCapabilities, RtpParameters
from signaling.wire import client, server
from signaling.wire.ice import IceServer


class TestTransport(client.ClientMessage, frozen=True, tag="test_transport"):
    """Answered by ``transport``. ``worker``: which of those that ``self_test`` counts."""

    worker: Annotated[int, Meta(ge=0, le=63)]
    send: bool


class TestProduce(client.ClientMessage, frozen=True, tag="test_produce"):
    """Answered by ``produced``. Nobody but this test can receive it."""

    transport: client.Id
    kind: Kind
    rtp_parameters: RtpParameters


class LoopBack(client.ClientMessage, frozen=True, tag="loop_back"):
    """Receive the own producer over another transport of the same worker. Answered by ``looped``."""

    transport: client.Id
    producer: client.Id
    rtp_capabilities: RtpCapabilities


class SelfTest(server.ServerMessage, frozen=True, tag="self_test"):
    """What can be tried: ``workers`` media workers (their ports are their candidates'), and the relays one
    by one, with credentials for the test alone. The socket closes after ``seconds``."""

    workers: int
    relays: tuple[IceServer, ...]
    rtp_capabilities: RtpCapabilities
    seconds: int


class Looped(server.ServerMessage, frozen=True, tag="looped"):
    """Make the consumer, then send ``resume_consumer``."""

    id: int
    consumer: str
    kind: Kind
    rtp_parameters: RtpParameters


class Over(Struct, frozen=True, tag="over", tag_field="type"):
    """The last message. ``reason``: done | busy | too_often | replaced | shutting_down."""

    reason: str


AnyTestRequest = (
    TestTransport | TestProduce | LoopBack | client.ConnectTransport | client.ResumeConsumer | client.Ping
)
AnyTestMessage = (
    SelfTest | Looped | Over | server.Transport | server.Produced | server.Ok | server.Error | server.Pong
)
