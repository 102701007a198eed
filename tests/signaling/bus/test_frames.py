"""The bus against bytes that are no frames, and peers that do not keep to the order."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media import control
from signaling.bus import codec
from signaling.bus.broker import Broker
from signaling.bus.frames import (
    MAX_FRAME,
    Barrier,
    Frame,
    FrameError,
    FrameReader,
    Hello,
    Presence,
    Publish,
    Reply,
    Request,
    Serve,
    encode_frame,
)
from signaling.bus.local import LocalBus
from signaling.bus.port import BusError

FRAMES: list[Frame] = [Hello("x"), Serve("a"), Request(1, "a", b"body"), Reply(1, b""), Presence("a", None)]


@settings(deadline=None)
@given(st.lists(st.sampled_from(FRAMES)), st.lists(st.integers(1, 40)))
def test_frames_arrive_however_they_are_cut(frames: list[Frame], cuts: list[int]) -> None:
    data = b"".join(encode_frame(frame) for frame in frames)
    reader, found, position = FrameReader(), [], 0
    for cut in [*cuts, len(data)]:
        found += reader.feed(data[position : position + cut])
        position += cut
    assert found == frames


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_frames_or_an_error(data: bytes) -> None:
    reader = FrameReader()
    try:
        for frame in reader.feed(data):
            assert isinstance(frame, Frame)
    except FrameError:
        return


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_an_error(data: bytes) -> None:
    try:
        assert isinstance(codec.decode(data), msgspec.Struct)
    except BusError:
        return


@settings(deadline=None)
@given(st.data())
def test_mutated_messages_are_messages_or_errors(data: st.DataObject) -> None:
    body = bytearray(codec.encode(control.StartTap("producer", 7, "unix:/x")))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert isinstance(codec.decode(bytes(body)), msgspec.Struct)
    except BusError:
        return


def test_a_frame_too_large_is_refused_before_it_is_read() -> None:
    with pytest.raises(FrameError):
        list(FrameReader().feed((MAX_FRAME + 1).to_bytes(4, "big")))


@pytest.fixture
async def broker() -> AsyncIterator[Broker]:
    with tempfile.TemporaryDirectory(prefix="bus") as directory:
        async with Broker(Path(directory) / "bus") as made:
            yield made


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xff\xff\xff",
        b"\x00\x00\x00\x01\xc1",
        b"GET / HTTP/1.1\r\n\r\n",
        encode_frame(Serve("media.0")),
        encode_frame(Hello("a")) + encode_frame(Hello("a")),
        encode_frame(Hello("a")) + encode_frame(Presence("recorder", "a")),
        encode_frame(Hello("a")) + b"\x00\x00\x00\x02\xff\xff",
    ],
)
async def test_a_peer_that_talks_nonsense_is_cut_off_and_harms_nobody(broker: Broker, data: bytes) -> None:
    async with LocalBus(broker.path) as bus:
        reader, writer = await asyncio.open_unix_connection(str(broker.path))
        writer.write(data)
        async with asyncio.timeout(10):
            assert await reader.read() == b""  # closed
        writer.close()
        assert broker.present == {}

        async def echo(message: msgspec.Struct) -> msgspec.Struct:
            return message

        async with bus.serve("media.0", echo):
            assert await bus.request("media.0", control.Done()) == control.Done()


async def test_replies_nobody_asked_for_and_bodies_that_are_no_messages(broker: Broker) -> None:
    heard: list[msgspec.Struct] = []
    got = asyncio.Event()

    async def listen(message: msgspec.Struct) -> None:
        heard.append(message)
        got.set()

    async with LocalBus(broker.path) as bus, bus.subscribe("t", listen):
        _, writer = await asyncio.open_unix_connection(str(broker.path))
        for frame in (
            Hello("a"),
            Reply(99, b""),
            Publish("t", b"\xc1"),
            Publish("t", codec.encode(control.Done())),
        ):
            writer.write(encode_frame(frame))
        async with asyncio.timeout(10):
            await got.wait()
        assert heard == [control.Done()]
        assert bus.counters == {"undecodable": 1}
        writer.close()


async def test_a_client_that_stops_reading_is_cut_off(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signaling.bus.connection.SOFT_LIMIT", 64 * 1024)
    monkeypatch.setattr("signaling.bus.connection.HARD_LIMIT", 256 * 1024)
    reader, writer = await asyncio.open_unix_connection(str(broker.path), limit=1024)
    writer.write(encode_frame(Hello("slow")))
    # Barriers come back; who asks and never reads fills its own connection alone.
    async with LocalBus(broker.path) as bus:
        writer.write(encode_frame(Serve("slow")))
        async with asyncio.timeout(20):
            while "slow" not in broker.present:
                await bus.publish("none", control.Done())
                await asyncio.sleep(0)
            asked = 0
            while "slow" in broker.present and asked < 200:
                writer.write(encode_frame(Barrier(asked)) * 2000)
                asked += 1
                await asyncio.sleep(0.001)
        assert "slow" not in broker.present
    writer.close()
    del reader
