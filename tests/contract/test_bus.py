"""What every bus must do: the local one (its real broker, its real socket) and Redis (a real server)."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from msgspec import Struct

from media import control
from recorder.control import RecorderFailed
from signaling.bus import dispatch
from signaling.bus.broker import Broker
from signaling.bus.codec import MAX_MESSAGE
from signaling.bus.local import LocalBus
from signaling.bus.port import (
    Bus,
    BusError,
    HandlerFailed,
    MessageTooLarge,
    NobodyServes,
    TimedOut,
)
from signaling.bus.redis import RedisBus

ROOT = Path(__file__).parents[2]


class Ground:
    """A back-end to stand on: makes clients, peer processes, and takes the middle away."""

    kind: str
    where: str

    def __init__(self, stack: AsyncExitStack) -> None:
        self.stack = stack

    async def bus(self) -> Bus:
        raise NotImplementedError

    async def start(self) -> None:
        raise NotImplementedError

    async def stop(self) -> None:
        raise NotImplementedError

    async def peer(self, address: str) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(ROOT / "tests/contract/bus_peer.py"), self.kind, self.where, address,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip

        async def end() -> None:
            if process.returncode is None:
                process.kill()
                await process.wait()

        self.stack.push_async_callback(end)
        return process


class LocalGround(Ground):
    kind = "local"

    async def start(self) -> None:
        if not hasattr(self, "where"):
            directory = tempfile.mkdtemp(prefix="bus")
            self.stack.callback(shutil.rmtree, directory)
            self.where = f"{directory}/bus"
        self.broker = Broker(Path(self.where))
        await self.stack.enter_async_context(self.broker)

    async def stop(self) -> None:
        await self.broker.close()

    async def bus(self) -> Bus:
        return await self.stack.enter_async_context(LocalBus(Path(self.where)))


class RedisGround(Ground):
    kind = "redis"
    process: asyncio.subprocess.Process

    async def start(self) -> None:
        if not hasattr(self, "where"):
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self.port = probe.getsockname()[1]
            self.where = f"redis://127.0.0.1:{self.port}/0"
            self.directory = tempfile.mkdtemp(prefix="redis")
            self.stack.callback(shutil.rmtree, self.directory)
            self.stack.push_async_callback(self.stop)
        self.process = await asyncio.create_subprocess_exec(
            "redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
            "--dir", self.directory, stdout=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        async with asyncio.timeout(10):
            while True:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                    writer.close()
                    await writer.wait_closed()
                    return
                await asyncio.sleep(0.02)

    async def stop(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    async def bus(self) -> Bus:
        return await self.stack.enter_async_context(RedisBus(self.where))


@pytest.fixture(params=["local", "redis"])
async def ground(request: pytest.FixtureRequest) -> AsyncIterator[Ground]:
    if request.param == "redis" and shutil.which("redis-server") is None:
        pytest.fail("redis-server is not installed")
    async with AsyncExitStack() as stack:
        made: Ground = LocalGround(stack) if request.param == "local" else RedisGround(stack)
        await made.start()
        yield made


class Presences:
    """A watcher that can be waited on."""

    def __init__(self) -> None:
        self.up: dict[str, str] = {}
        self.changes: list[tuple[str, str | None]] = []
        self._changed = asyncio.Condition()

    async def __call__(self, address: str, instance: str | None) -> None:
        async with self._changed:
            self.changes.append((address, instance))
            if instance is None:
                del self.up[address]
            else:
                self.up[address] = instance
            self._changed.notify_all()

    async def until(self, condition: Callable[[dict[str, str]], bool]) -> None:
        async with asyncio.timeout(20), self._changed:
            await self._changed.wait_for(lambda: condition(self.up))


class Heard:
    """A listener that can be waited on."""

    def __init__(self) -> None:
        self.messages: list[Struct] = []
        self._changed = asyncio.Condition()

    async def __call__(self, message: Struct) -> None:
        async with self._changed:
            self.messages.append(message)
            self._changed.notify_all()

    async def count(self, number: int) -> None:
        async with asyncio.timeout(20), self._changed:
            await self._changed.wait_for(lambda: len(self.messages) >= number)


async def echo(message: Struct) -> Struct:
    assert isinstance(message, control.OpenRouter)
    return control.Failed("busy", message.router)


async def ask(bus: Bus, address: str, text: str = "x", timeout: float = 5.0) -> str:
    reply = await bus.request(address, control.OpenRouter(text), timeout=timeout)
    assert isinstance(reply, control.Failed)
    return reply.detail


async def test_request_and_reply(ground: Ground) -> None:
    server, client = await ground.bus(), await ground.bus()
    async with server.serve("media.0", echo):
        assert await ask(client, "media.0", "một") == "một"
        assert await ask(server, "media.0", "hai") == "hai"


async def test_nobody_serves(ground: Ground) -> None:
    server, client = await ground.bus(), await ground.bus()
    with pytest.raises(NobodyServes):
        await ask(client, "media.0")
    async with server.serve("media.0", echo):
        pass
    with pytest.raises(NobodyServes):
        await ask(client, "media.0")


async def test_time_out(ground: Ground) -> None:
    server, client = await ground.bus(), await ground.bus()
    called = asyncio.Event()

    async def never(message: Struct) -> Struct:
        called.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with server.serve("media.0", never):
        with pytest.raises(TimedOut):
            await ask(client, "media.0", timeout=0.2)
        assert called.is_set()
        async with client.serve("recorder", echo):
            assert await ask(server, "recorder") == "x"


async def test_handler_that_raises(ground: Ground) -> None:
    server, client = await ground.bus(), await ground.bus()

    async def fails(message: Struct) -> Struct:
        raise ValueError("secret")

    async with server.serve("media.0", fails):
        with pytest.raises(HandlerFailed) as caught:
            await ask(client, "media.0")
    assert "secret" not in str(caught.value)
    assert "ValueError" in str(caught.value)


async def test_many_concurrent_requests(ground: Ground) -> None:
    server, client = await ground.bus(), await ground.bus()
    inside = 0
    together = asyncio.Event()

    async def gather(message: Struct) -> Struct:
        nonlocal inside
        inside += 1
        if inside == 200:
            together.set()
        await together.wait()
        return await echo(message)

    async with server.serve("media.0", gather):
        answers = await asyncio.gather(*(ask(client, "media.0", str(n)) for n in range(200)))
    assert answers == [str(n) for n in range(200)]


async def test_too_many_requests_are_refused_as_busy(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "MAX_HANDLING", 2)
    server, client = await ground.bus(), await ground.bus()
    free = asyncio.Event()

    async def slow(message: Struct) -> Struct:
        await free.wait()
        return await echo(message)

    async with server.serve("media.0", slow):
        asked = [asyncio.create_task(ask(client, "media.0", str(n))) for n in range(5)]
        done, waiting = await asyncio.wait(asked, return_when=asyncio.FIRST_EXCEPTION)
        while len(done) < 3:
            more, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            done |= more
        assert all(isinstance(task.exception(), HandlerFailed) for task in done)
        free.set()
        await asyncio.gather(*waiting)
    assert server.counters["requests_refused"] == 3


async def test_topics_keep_the_publishers_order(ground: Ground) -> None:
    publisher, subscriber = await ground.bus(), await ground.bus()
    heard, other = Heard(), Heard()
    async with subscriber.subscribe("media.0", heard), subscriber.subscribe("media.00", other):
        for n in range(500):
            await publisher.publish("media.0", control.OpenRouter(str(n)))
        await heard.count(500)
    assert heard.messages == [control.OpenRouter(str(n)) for n in range(500)]
    assert other.messages == []


async def test_every_subscriber_hears_and_none_after_the_end(ground: Ground) -> None:
    publisher, a, b = await ground.bus(), await ground.bus(), await ground.bus()
    first, second, third = Heard(), Heard(), Heard()
    async with a.subscribe("t", first), b.subscribe("t", third):
        async with a.subscribe("t", second):
            await publisher.publish("t", control.OpenRouter("1"))
            await second.count(1)
        await publisher.publish("t", control.OpenRouter("2"))
        await first.count(2)
        await third.count(2)
    assert len(second.messages) == 1


async def test_a_slow_subscriber_blocks_nobody_and_loses_with_a_count(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "MAX_WAITING", 10)
    publisher, slow, quick = await ground.bus(), await ground.bus(), await ground.bus()
    heard, begun, go = Heard(), asyncio.Event(), asyncio.Event()
    got: list[Struct] = []

    async def stuck(message: Struct) -> None:
        got.append(message)
        begun.set()
        await go.wait()

    async with slow.subscribe("t", stuck), quick.subscribe("t", heard), slow.serve("media.0", echo):
        await publisher.publish("t", control.OpenRouter("0"))
        await heard.count(1)
        await begun.wait()
        for n in range(1, 51):
            await publisher.publish("t", control.OpenRouter(str(n)))
            await heard.count(n + 1)
        assert await ask(publisher, "media.0") == "x"
        await publisher.publish("end", control.OpenRouter(""))
        go.set()
    # One was in the listener's hands, ten waited; the rest was dropped.
    assert slow.counters["messages_dropped"] >= 39
    assert quick.counters.get("messages_dropped", 0) == 0
    assert got[0] == control.OpenRouter("0")


async def test_a_listener_that_raises_hears_on(ground: Ground) -> None:
    bus = await ground.bus()
    heard = Heard()

    async def fails_first(message: Struct) -> None:
        await heard(message)
        if len(heard.messages) == 1:
            raise ValueError

    async with bus.subscribe("t", fails_first):
        await bus.publish("t", control.OpenRouter("1"))
        await bus.publish("t", control.OpenRouter("2"))
        await heard.count(2)
    assert bus.counters["listener_failures"] == 1


async def test_presence(ground: Ground) -> None:
    server, client = await ground.bus(), await ground.bus()
    media, everything = Presences(), Presences()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(server.serve("media.0", echo))
        await stack.enter_async_context(client.watch("media.", media))
        await media.until(lambda up: up == {"media.0": server.instance})
        await stack.enter_async_context(client.watch("", everything))
        async with server.serve("recorder", echo):
            await everything.until(lambda up: set(up) == {"media.0", "recorder"})
        await everything.until(lambda up: set(up) == {"media.0"})
        await stack.enter_async_context(client.serve("media.1", echo))
        await media.until(lambda up: up == {"media.0": server.instance, "media.1": client.instance})
    assert all(address.startswith("media.") for address, _ in media.changes)


async def test_a_killed_peer_is_down_and_its_requests_fail(ground: Ground) -> None:
    client = await ground.bus()
    media = Presences()
    async with client.watch("media.", media):
        peer = await ground.peer("media.0")
        await media.until(lambda up: "media.0" in up)
        assert await ask(client, "media.0") == "media.0"
        hanging = asyncio.create_task(client.request("media.0", control.CloseRouter("x"), timeout=60))
        with pytest.raises(TimedOut):
            await client.request("media.0", control.CloseRouter("x"), timeout=0.1)
        peer.send_signal(signal.SIGKILL)
        await media.until(lambda up: not up)
        with pytest.raises(NobodyServes):
            async with asyncio.timeout(20):
                await hanging
        again = await ground.peer("media.0")
        await media.until(lambda up: "media.0" in up)
        assert await ask(client, "media.0") == "media.0"
        assert again.returncode is None
    instances = [instance for _, instance in media.changes]
    assert instances[1] is None
    assert instances[0] != instances[2]


async def test_who_serves_last_has_the_address(ground: Ground) -> None:
    old, new, client = await ground.bus(), await ground.bus(), await ground.bus()
    media = Presences()

    async def other(message: Struct) -> Struct:
        return control.Failed("busy", "new")

    async with client.watch("media.", media), old.serve("media.0", echo):
        await media.until(lambda up: up == {"media.0": old.instance})
        async with new.serve("media.0", other):
            await media.until(lambda up: up == {"media.0": new.instance})
            assert await ask(client, "media.0") == "new"
        await media.until(lambda up: not up)
        with pytest.raises(NobodyServes):
            await ask(client, "media.0")


async def test_goes_on_when_the_middle_was_away(ground: Ground) -> None:
    server, client = await ground.bus(), await ground.bus()
    media, heard = Presences(), Heard()
    async with (
        client.watch("media.", media),
        server.serve("media.0", echo),
        client.subscribe("media.0", heard),
    ):
        await media.until(lambda up: "media.0" in up)
        await ground.stop()
        with pytest.raises(BusError):
            await ask(client, "media.0", timeout=0.3)
        await client.publish("media.0", control.OpenRouter("lost"))
        await ground.start()
        async with asyncio.timeout(20):
            while True:
                with contextlib.suppress(BusError):
                    assert await ask(client, "media.0", "back", timeout=1) == "back"
                    break
                await asyncio.sleep(0.05)
        async with asyncio.timeout(20):
            while not heard.messages:
                await server.publish("media.0", control.OpenRouter("back"))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await heard.count(1)
        # The same process is still there: that the middle was away is no event to watchers.
        assert media.changes == [("media.0", server.instance)]


async def test_messages_over_the_limit(ground: Ground) -> None:
    server, client = await ground.bus(), await ground.bus()
    heard = Heard()

    async def large(message: Struct) -> Struct:
        return control.Failed("busy", "y" * MAX_MESSAGE)

    big, biggest = "x" * (MAX_MESSAGE - 200), "x" * MAX_MESSAGE
    async with server.serve("media.0", echo), server.serve("media.1", large), server.subscribe("t", heard):
        assert await ask(client, "media.0", big) == big
        with pytest.raises(MessageTooLarge):
            await ask(client, "media.0", biggest)
        with pytest.raises(MessageTooLarge):
            await client.publish("t", control.OpenRouter(biggest))
        with pytest.raises(MessageTooLarge):
            await ask(client, "media.1")
        await client.publish("t", control.OpenRouter(big))
        await heard.count(1)
    with pytest.raises(TypeError):
        await client.publish("t", control.RouterOpened)  # type: ignore[arg-type]


async def test_messages_of_every_room_pass(ground: Ground) -> None:
    bus = await ground.bus()
    heard = Heard()
    sent: list[Struct] = [
        control.SpeakersChanged("r", (("p", 20), ("q", 31))),
        control.Inventory({"r": "i"}, (), (), (), {7: "unix:/x"}),
        RecorderFailed("disk", "đầy"),
    ]
    async with bus.subscribe("t", heard):
        for message in sent:
            await bus.publish("t", message)
        await heard.count(len(sent))
    assert heard.messages == sent


async def test_closing_leaves_nothing(ground: Ground) -> None:
    before = asyncio.all_tasks()
    async with AsyncExitStack() as stack:
        inner = type(ground)(stack)
        inner.__dict__.update({k: v for k, v in ground.__dict__.items() if k != "stack"})
        bus = await inner.bus()
        async with bus.serve("media.0", echo), bus.watch("", Presences()), bus.subscribe("t", Heard()):
            assert await ask(bus, "media.0") == "x"
    assert asyncio.all_tasks() - before == set()
    with pytest.raises(BusError):
        await ask(bus, "media.0", timeout=0.2)
