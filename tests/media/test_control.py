"""The worker's requests: idempotent, refused with a code, closed by parents; taps; nothing left behind."""

import asyncio
import gc
import os
import threading

import msgspec
import pytest

from media import codecs, control
from media.parameters import DtlsParameters, RtpCapabilities
from media.tap import RTCP, RTP, TapFrame, TapReader
from media.worker import Worker, WorkerSettings
from tests.media.house import House, audio_parameters, house, until, video_parameters
from tests.media.test_loopback import collect, lesson, picture, send_video


async def failed(home: House, request: control.Request) -> str:
    return (await home.ask(request, control.Failed)).code


async def test_requests_are_idempotent_by_their_ids():
    async with house() as home:
        router = await home.ask(control.OpenRouter("r"), control.RouterOpened)
        assert (await home.ask(control.OpenRouter("r"), control.RouterOpened)).instance == router.instance
        opened = [
            await home.ask(control.OpenTransport("r", "t", "p", "send"), control.TransportOpened)
            for _ in range(2)
        ]
        assert opened[0] == opened[1]
        peer = await home.open("s", "recv")
        for _ in range(2):
            await home.ask(control.ConnectTransport("s", peer.dtls_parameters), control.Done)
            await home.produce("t", "screen", "video", video_parameters())
        consumed = [await home.consume("s", "c", "screen") for _ in range(2)]
        assert consumed[0] == consumed[1]
        inventory = await home.ask(control.TakeInventory(), control.Inventory)
        assert (len(inventory.transports), len(inventory.producers), len(inventory.consumers)) == (2, 1, 1)
        for close in (
            control.CloseConsumer("c"),
            control.CloseProducer("screen"),
            control.CloseTransport("t"),
            control.CloseRouter("r"),
            control.StopTap(5),
        ):
            await home.ask(close, control.Done)
            await home.ask(close, control.Done)
        again = await home.ask(control.OpenRouter("r"), control.RouterOpened)
        assert again.instance != router.instance


async def test_requests_that_cannot_be_are_refused_and_change_nothing():
    async with house() as home:
        everything = codecs.router_capabilities()
        await home.open("t", "send")
        peer = await home.open("s", "recv")
        await home.produce("t", "screen", "video", video_parameters())
        await home.consume("s", "c", "screen")
        await home.ask(control.OpenRouter("other"), control.RouterOpened)
        await home.ask(control.OpenTransport("other", "o", "p", "recv"), control.TransportOpened)
        fingerprints = peer.dtls_parameters.fingerprints
        await home.ask(control.ConnectTransport("s", peer.dtls_parameters), control.Done)
        before = await home.ask(control.TakeInventory(), control.Inventory)
        weak = msgspec.structs.replace(fingerprints[0], algorithm="sha-1")
        wrong = msgspec.structs.replace(fingerprints[0], value="00")
        audio = audio_parameters(mid="0")
        cases = [
            (control.OpenTransport("none", "x", "p", "send"), "no_such_router"),
            (control.OpenTransport("r", "t", "p", "recv"), "invalid"),
            (control.OpenTransport("other", "t", "p", "send"), "invalid"),
            (control.ConnectTransport("none", peer.dtls_parameters), "no_such_transport"),
            (control.ConnectTransport("t", DtlsParameters("server", fingerprints)), "invalid"),
            (control.ConnectTransport("t", DtlsParameters("client", (weak,))), "unsupported"),
            (control.ConnectTransport("s", DtlsParameters("client", (wrong,))), "invalid"),
            (control.RestartIce("none"), "no_such_transport"),
            (control.Produce("none", "x", "video", video_parameters()), "no_such_transport"),
            (control.Produce("s", "x", "video", video_parameters()), "invalid"),
            (control.Produce("t", "x", "audio", video_parameters()), "unsupported"),
            (control.Produce("t", "x", "video", video_parameters(ssrc=5, rtx=6)), "invalid"),
            (control.Produce("t", "x", "video", video_parameters(mid="9")), "invalid"),
            (control.Produce("t", "x", "audio", audio), "invalid"),
            (control.Produce("t", "screen", "video", video_parameters(ssrc=5)), "invalid"),
            (control.PauseProducer("none"), "no_such_producer"),
            (control.ResumeProducer("none"), "no_such_producer"),
            (control.RequestKeyFrame("none"), "no_such_producer"),
            (control.Consume("none", "x", "screen", everything), "no_such_transport"),
            (control.Consume("s", "x", "none", everything), "no_such_producer"),
            (control.Consume("t", "x", "screen", everything), "invalid"),
            (control.Consume("o", "x", "screen", everything), "invalid"),
            (control.Consume("s", "x", "screen", RtpCapabilities()), "unsupported"),
            (control.PauseConsumer("none"), "no_such_consumer"),
            (control.ResumeConsumer("none"), "no_such_consumer"),
            (control.StartTap("none", 1, "unix:/nowhere"), "no_such_producer"),
            (control.StartTap("screen", 1, "unix:/nowhere/at/all"), "invalid"),
            (control.StartTap("screen", 1, "ftp:x"), "invalid"),
            (control.StartTap("screen", 1, "tcp:127.0.0.1:x"), "invalid"),
        ]
        for request, code in cases:
            assert await failed(home, request) == code, request
        assert await home.ask(control.TakeInventory(), control.Inventory) == before
        assert await home.worker.handle("nonsense") == control.Failed("invalid", "no such request: str")  # type: ignore[arg-type]


async def test_offers_udp_first_and_tcp_on_the_same_port():
    async with house(WorkerSettings(announced_ips=("192.0.2.1", "192.0.2.2"))) as home:
        opened = await home.ask(control.OpenTransport("r", "t", "p", "send"), control.TransportOpened)
        candidates = opened.parameters.ice_candidates
        assert [(c.protocol, c.address, c.tcp_type) for c in candidates] == [
            ("udp", "192.0.2.1", None),
            ("udp", "192.0.2.2", None),
            ("tcp", "192.0.2.1", "passive"),
            ("tcp", "192.0.2.2", "passive"),
        ]
        assert {c.port for c in candidates} == {home.worker.port}
        raw = msgspec.to_builtins(opened.parameters)
        assert raw["iceParameters"]["iceLite"] is True
        assert raw["dtlsParameters"]["role"] == "server"
        assert set(raw["iceCandidates"][0]) == {
            "foundation",
            "priority",
            "ip",
            "address",
            "port",
            "protocol",
            "type",
        }


async def test_parents_close_children():
    async with house() as home:
        await lesson(home)
        await home.produce("t", "voice", "audio", audio_parameters())
        await home.consume("s", "v", "voice")
        await home.ask(control.CloseProducer("voice"), control.Done)
        assert await failed(home, control.ResumeConsumer("v")) == "no_such_consumer"
        await home.ask(control.CloseTransport("t"), control.Done)
        inventory = await home.ask(control.TakeInventory(), control.Inventory)
        assert [entry.transport for entry in inventory.transports] == ["s"]
        assert inventory.producers == inventory.consumers == ()
        await home.ask(control.CloseRouter("r"), control.Done)
        inventory = await home.ask(control.TakeInventory(), control.Inventory)
        assert inventory == control.Inventory({}, (), (), (), {})


async def test_a_peer_that_leaves_closes_its_transport_and_is_reported():
    async with house() as home:
        teacher, _, _, _ = await lesson(home)
        await teacher.close()
        await until(lambda: "t" not in home.worker.registry.transports)
        changes = [n for n in home.notices if isinstance(n, control.TransportChanged) and n.transport == "t"]
        assert [change.state for change in changes] == ["connected", "closed"]
        assert (await home.ask(control.TakeInventory(), control.Inventory)).consumers == ()


async def test_the_inventory_says_what_is_open():
    async with house() as home:
        _, _, _, parameters = await lesson(home)
        await home.ask(control.PauseProducer("screen"), control.Done)
        inventory = await home.ask(control.TakeInventory(), control.Inventory)
        assert list(inventory.routers) == ["r"]
        assert inventory.transports[0] == control.TransportEntry("t", "r", "peer t", "send", "connected")
        assert inventory.producers == (control.ProducerEntry("screen", "t", "video", "", True),)
        assert inventory.consumers == (control.ConsumerEntry("c", "s", "screen", "video", parameters, False),)


class Reader:
    """A tap's other end."""

    def __init__(self) -> None:
        self.frames: list[TapFrame] = []
        self.connections = 0
        self.writers: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None

    async def start(self, address: str) -> None:
        if address.startswith("unix:"):
            self._server = await asyncio.start_unix_server(self._read, address[5:])
        else:
            self._server = await asyncio.start_server(self._read, "127.0.0.1", int(address.split(":")[2]))

    @property
    def port(self) -> int:
        assert self._server is not None
        return self._server.sockets[0].getsockname()[1]

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        frames = TapReader()
        while data := await reader.read(65536):
            self.frames += frames.feed(data)
        writer.close()

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self.writers:
            writer.close()
        await self._server.wait_closed()


@pytest.mark.parametrize("kind", ["unix", "tcp"])
async def test_taps_deliver_plain_rtp_and_reports_over_one_connection(kind, tmp_path):
    from media.rtcp import compound, reports
    from media.rtp import header
    from tests.media.test_loopback import number_of, voice

    reader = Reader()
    await reader.start("tcp:127.0.0.1:0" if kind == "tcp" else f"unix:{tmp_path}/tap")
    address = f"tcp:127.0.0.1:{reader.port}" if kind == "tcp" else f"unix:{tmp_path}/tap"
    async with house() as home:
        teacher = await home.join("t", "send")
        await home.produce("t", "screen", "video", video_parameters())
        await home.produce("t", "voice", "audio", audio_parameters())
        tapping = await home.ask(control.StartTap("screen", 7, address), control.Tapping)
        assert tapping.kind == "video"
        assert [(c.mime_type, c.payload_type) for c in tapping.codecs] == [("video/VP8", 101)]
        assert (await home.ask(control.StartTap("voice", 8, address), control.Tapping)).kind == "audio"
        await home.ask(control.StartTap("screen", 7, address), control.Tapping)
        assert await failed(home, control.StartTap("voice", 7, address)) == "invalid"
        send_video(teacher, range(20), keys=(0,))
        teacher.send_rtp(voice(1, 30))
        report = reports.build_sender(reports.SenderInfo(1111, 77 << 32, 42, 1, 2))
        teacher.send_rtcp(report)
        await until(lambda: len(reader.frames) == 22)
        video = [f.packet for f in reader.frames if (f.type, f.tap) == (RTP, 7)]
        assert [number_of(packet) for packet in video] == list(range(20))
        reads = [header.parse(packet) for packet in video]
        assert [read.seq for read in reads] == list(range(100, 120))
        assert {(read.ssrc, read.payload_type) for read in reads} == {(1111, 101)}
        (sound,) = [f.packet for f in reader.frames if (f.type, f.tap) == (RTP, 8)]
        assert header.parse(sound).payload_type == 100
        (told,) = [f.packet for f in reader.frames if (f.type, f.tap) == (RTCP, 7)]
        assert told == report
        assert reports.parse_sender(compound.split(told)[0]).rtp_timestamp == 42
        assert reader.connections == 1
        arrivals = [f.arrival for f in reader.frames if f.tap == 7]
        assert arrivals == sorted(arrivals)
        await home.ask(control.StopTap(7), control.Done)
        send_video(teacher, range(20, 22))
        teacher.send_rtp(voice(2, 30))
        await until(lambda: sum(f.tap == 8 for f in reader.frames) == 2)
        assert sum(f.tap == 7 for f in reader.frames) == 21
        assert (await home.ask(control.TakeInventory(), control.Inventory)).taps == {8: address}
    await reader.stop()


async def test_a_lost_reader_is_told_and_can_come_back(tmp_path):
    from tests.media.test_loopback import number_of

    address = f"unix:{tmp_path}/tap"
    reader = Reader()
    await reader.start(address)
    async with house() as home:
        teacher, _, got, _ = await lesson(home)
        await home.ask(control.StartTap("screen", 7, address), control.Tapping)
        await until(lambda: reader.connections)
        await reader.stop()
        await until(lambda: control.TapLost((7,)) in home.notices)
        send_video(teacher, range(3), keys=(0,))
        await until(lambda: len(got) == 3)
        again = Reader()
        os.unlink(address[5:]) if os.path.exists(address[5:]) else None  # noqa: ASYNC240
        await again.start(address)
        await home.ask(control.StartTap("screen", 9, address), control.Tapping)
        send_video(teacher, range(3, 6))
        await until(lambda: len(again.frames) == 6)
        assert [number_of(f.packet) for f in again.frames] == list(range(6)), "what it missed comes first"
        assert {f.tap for f in again.frames} == {9}
        assert len({f.arrival for f in again.frames}) > 3
        await home.ask(control.StopTap(9), control.Done)
        assert (await home.stats())["media_tap_held_bytes"] == 0
        await again.stop()


async def test_what_a_lost_reader_missed_is_held_a_bounded_time_and_size():
    from media.held import SECONDS, Budget, Held

    budget = Budget(most=20_000)
    held, other = Held(budget), Held(budget)
    for number in range(100):
        held.add(RTP, number, bytes(1000))
        other.add(RTP, number, bytes(1000))
        assert budget.bytes <= budget.most
    assert budget.dropped > 150
    assert [frame[1] for frame in held.newest(0)][-1] == 99
    later = int(SECONDS * 1e9) + 1000
    assert list(held.newest(later)) == []
    held.add(RTP, later, b"")
    assert [frame[1] for frame in held.newest(later)] == [later]
    held.clear()
    other.clear()
    assert budget.bytes == 0


async def test_a_reader_that_does_not_read_costs_a_bounded_buffer(tmp_path):
    from media import tapping

    address = f"unix:{tmp_path}/tap"
    stuck: list[asyncio.StreamWriter] = []

    async def never_read(_reader, writer):
        writer.transport.pause_reading()
        stuck.append(writer)

    server = await asyncio.start_unix_server(never_read, address[5:], limit=1024)
    connection = tapping.TapConnection(address, lambda _: None)
    await connection.connect()
    await until(lambda: stuck)
    for _ in range(8000):
        connection.write(RTP, 1, bytes(1200), 0)
    assert connection.dropped > 1000
    assert connection._transport.get_write_buffer_size() <= tapping.MAX_BUFFER + 2048
    connection._transport.abort()
    for writer in stuck:
        writer.transport.abort()
    server.close()
    await server.wait_closed()


async def test_statistics_count():
    async with house() as home:
        teacher, _, got, _ = await lesson(home)
        send_video(teacher, range(10), keys=(0,))
        await until(lambda: len(got) == 10)
        stats = await home.stats()
        assert stats["media_transports_connected"] == 2
        assert stats["media_rtp_received_total"] == 10
        assert stats["media_sent_packets_total"] >= 10
        assert stats["media_producers"] == stats["media_consumers"] == 1
        assert stats["media_cpu_seconds_total"] > 0
        assert stats["media_errors_total"] == 0


async def test_fifty_joins_and_leaves_leave_nothing_behind():
    def files() -> int:
        return len(os.listdir("/proc/self/fd"))

    async with house() as home:
        teacher, _, _, _ = await lesson(home)
        baseline = None
        for turn in range(50):
            peer = await home.join(f"x{turn}", "recv", tcp=turn % 5 == 4)
            await home.consume(f"x{turn}", f"xc{turn}", "screen")
            if turn % 2:
                await home.ask(control.CloseTransport(f"x{turn}"), control.Done)
                await peer.close()
            else:
                await peer.close()
                await until(lambda: f"x{turn}" not in home.worker.registry.transports)  # noqa: B023
            home.peers.remove(peer)
            if turn == 4:
                gc.collect()
                baseline = (files(), threading.active_count(), len(asyncio.all_tasks()))
        gc.collect()
        await until(lambda: len(asyncio.all_tasks()) <= baseline[2])
        # A closed connection's descriptor goes with the loop's next turn.
        await until(lambda: (files(), threading.active_count()) == baseline[:2])
        worker = home.worker
        assert len(worker.registry.transports) == len(worker.network.paths) == 2
        assert len(worker.network.by_ufrag) == 2
        assert len(worker.registry.routers["r"].transports) == 2
        assert len(next(iter(worker.registry.transports["t"].producers.values())).consumers) == 1
        assert not worker._closing
        send_video(teacher, range(2), keys=(0,))


async def test_closing_a_worker_leaves_nothing_behind():
    before = len(os.listdir("/proc/self/fd"))
    tasks = len(asyncio.all_tasks())
    for _ in range(2):
        async with house() as home:
            await lesson(home)
            await home.worker.close()
            assert await failed(home, control.TakeStats()) == "busy"
            await home.worker.close()
    assert len(asyncio.all_tasks()) == tasks
    assert len(os.listdir("/proc/self/fd")) == before


async def test_a_port_in_use_is_said():
    async with house() as home:
        other = Worker(WorkerSettings(port=home.worker.port), lambda _notice: None)
        with pytest.raises(OSError):
            await other.start()
        await other.close()


async def test_a_transport_that_never_connects_is_given_up(monkeypatch):
    from media import transport

    monkeypatch.setattr(transport, "ICE_SECONDS", 0.05)
    async with house() as home:
        peer = await home.open("t", "send")
        await home.ask(control.ConnectTransport("t", peer.dtls_parameters), control.Done)
        await until(lambda: "t" not in home.worker.registry.transports)
        assert home.notices[-1] == control.TransportChanged("r", "t", "peer t", "closed")


async def test_media_before_dtls_is_dropped():
    async with house() as home:
        peer = await home.open("t", "send")
        peer._open_udp()
        peer.check()
        await until(peer.answered.is_set)
        peer.send_datagram(picture(1, key=True))
        await until(lambda: home.count("dropped_early") == 1)
        collect(peer)
