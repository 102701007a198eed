"""The local bus's middle: a star on a Unix socket, run by the supervisor.

It reads frames but no messages, keeps nothing, and never waits for a client: what a slow one may
lose is dropped and counted, and one that has stopped reading is cut off (it will connect anew).
"""

import asyncio
import itertools
from collections import Counter
from pathlib import Path
from types import TracebackType

import structlog

from signaling.bus.connection import Connection
from signaling.bus.frames import (
    Barrier,
    Failure,
    Forget,
    Frame,
    Hello,
    Presence,
    Publish,
    Reply,
    Request,
    Serve,
    Subscribe,
    Unserve,
    Unsubscribe,
)

MAX_PENDING = 4096
"""Requests of one client that wait for their replies."""
MAX_NAMES = 65536
"""Addresses and topics of one client."""

log = structlog.get_logger(__name__)


class _Client:
    def __init__(self) -> None:
        self.instance: str | None = None
        self.addresses: set[str] = set()
        self.topics: set[str] = set()
        self.asked: dict[int, int] = {}
        """Its own request ids → the broker's."""
        self.answering: set[int] = set()


class Broker:
    """``async with Broker(path)``: serves until the block ends. ``path``: ≤ ~100 bytes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.counters: Counter[str] = Counter()
        self._clients: dict[Connection, _Client] = {}
        self._servers: dict[str, Connection] = {}
        self._topics: dict[str, dict[Connection, None]] = {}
        self._pending: dict[int, tuple[Connection, int, Connection]] = {}
        self._ids = itertools.count(1)
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> "Broker":
        self._server = await asyncio.get_running_loop().create_unix_server(
            lambda: Connection(self._take, self._made, self._lost), str(self.path)
        )
        self.path.chmod(0o600)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close()
        for connection in list(self._clients):
            connection.abort()
        await server.wait_closed()
        self.path.unlink(missing_ok=True)

    @property
    def present(self) -> dict[str, str]:
        """Addresses that are up, with who serves them."""
        return {address: self._instance(connection) for address, connection in self._servers.items()}

    def _instance(self, connection: Connection) -> str:
        return self._clients[connection].instance or ""

    def _made(self, connection: Connection) -> None:
        if self._server is None:
            connection.abort()
            return
        self._clients[connection] = _Client()

    def _lost(self, connection: Connection) -> None:
        client = self._clients.get(connection)
        if client is None:
            return
        for topic in client.topics:
            self._leave(topic, connection)
        for identifier in client.asked.values():
            _, _, server = self._pending.pop(identifier)
            self._clients[server].answering.discard(identifier)
        for identifier in list(client.answering):
            self._fail(identifier, "nobody", "went down")
        del self._clients[connection]
        for address in client.addresses:
            self._down(address, connection)

    def _take(self, connection: Connection, frame: Frame) -> None:
        client = self._clients[connection]
        if (client.instance is None) != isinstance(frame, Hello):
            log.warning("bus_client_out_of_order", frame=type(frame).__name__)
            connection.abort()
            return
        match frame:
            case Hello(instance):
                client.instance = instance
                for address, server in self._servers.items():
                    connection.send(Presence(address, self._instance(server)))
            case Request():
                self._ask(connection, client, frame)
            case Reply(identifier) | Failure(identifier):
                self._answer(client, identifier, frame)
            case Forget(identifier):
                self._forget(client, identifier)
            case Publish(topic):
                for subscriber in self._topics.get(topic, ()):
                    if subscriber.is_full:
                        self.counters["messages_dropped"] += 1
                    else:
                        subscriber.send(frame)
            case Serve(address):
                if self._has_room(connection, client):
                    client.addresses.add(address)
                    self._servers[address] = connection
                    self._announce(Presence(address, client.instance))
            case Unserve(address):
                client.addresses.discard(address)
                self._down(address, connection)
            case Subscribe(topic):
                if self._has_room(connection, client):
                    client.topics.add(topic)
                    self._topics.setdefault(topic, {})[connection] = None
            case Unsubscribe(topic):
                client.topics.discard(topic)
                self._leave(topic, connection)
            case Barrier():
                connection.send(frame)
            case Presence():
                connection.abort()

    def _has_room(self, connection: Connection, client: _Client) -> bool:
        if len(client.addresses) + len(client.topics) < MAX_NAMES:
            return True
        log.warning("bus_client_with_too_many_names")
        connection.abort()
        return False

    def _ask(self, connection: Connection, client: _Client, request: Request) -> None:
        server = self._servers.get(request.address)
        if server is None or not server.is_open:
            connection.send(Failure(request.id, "nobody"))
        elif server.is_full or len(client.asked) >= MAX_PENDING or request.id in client.asked:
            self.counters["requests_refused"] += 1
            connection.send(Failure(request.id, "busy"))
        else:
            identifier = next(self._ids)
            self._pending[identifier] = (connection, request.id, server)
            client.asked[request.id] = identifier
            self._clients[server].answering.add(identifier)
            server.send(Request(identifier, request.address, request.body))

    def _answer(self, client: _Client, identifier: int, frame: Reply | Failure) -> None:
        if identifier not in client.answering:
            return  # the requester has gone, or waits no longer
        client.answering.discard(identifier)
        requester, own, _ = self._pending.pop(identifier)
        del self._clients[requester].asked[own]
        if isinstance(frame, Reply):
            requester.send(Reply(own, frame.body))
        else:
            requester.send(Failure(own, frame.code, frame.detail))

    def _fail(self, identifier: int, code: str, detail: str) -> None:
        requester, own, server = self._pending.pop(identifier)
        self._clients[server].answering.discard(identifier)
        del self._clients[requester].asked[own]
        requester.send(Failure(own, code, detail))

    def _forget(self, client: _Client, own: int) -> None:
        identifier = client.asked.pop(own, None)
        if identifier is not None:
            _, _, server = self._pending.pop(identifier)
            self._clients[server].answering.discard(identifier)

    def _down(self, address: str, connection: Connection) -> None:
        if self._servers.get(address) is connection:
            del self._servers[address]
            self._announce(Presence(address, None))

    def _leave(self, topic: str, connection: Connection) -> None:
        subscribers = self._topics.get(topic)
        if subscribers is not None:
            subscribers.pop(connection, None)
            if not subscribers:
                del self._topics[topic]

    def _announce(self, presence: Presence) -> None:
        for connection, client in list(self._clients.items()):
            if client.instance is not None:
                connection.send(presence)
