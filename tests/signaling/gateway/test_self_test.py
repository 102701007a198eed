"""The connection test's socket: bounded, one per account, and with nothing of a lesson within reach."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from signaling.gateway import self_test as limits
from signaling.settings import parse
from signaling.wire import client as ask
from signaling.wire import self_test as test
from tests.clients.lesson_socket import Refused
from tests.media.house import rtp, until, video_parameters, vp8_payload
from tests.media.peer import Peer
from tests.signaling.gateway.fakes import CAPABILITIES, DTLS, FakeWorker, rtp_parameters
from tests.signaling.gateway.room import Room
from tests.signaling.gateway.school import School, school_at
from tests.signaling.gateway.test_real_roles import real_roles

ADDRESS = "/api/self-test/socket"
_decoder = msgspec.json.Decoder(test.AnyTestMessage)
_numbers = itertools.count(1)


class Pupil:
    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def hear(self) -> Any:
        return _decoder.decode((await self.socket.receive(timeout=10)).data)

    async def ask(self, message: type[ask.ClientMessage], /, **fields: Any) -> Any:
        number = next(_numbers)
        await self.socket.send_str(msgspec.json.encode(message(id=number, **fields)).decode())
        answer = await self.hear()
        if getattr(answer, "code", None):
            raise Refused(answer.code, answer.message)
        assert answer.id == number
        return answer

    async def transport(self, *, send: bool, worker: int = 0) -> Any:
        return (await self.ask(test.TestTransport, worker=worker, send=send)).parameters


@asynccontextmanager
async def trial(school: School, username: str = "student1") -> AsyncIterator[Pupil]:
    account = await school.who(username)
    async with account.http.ws_connect(ADDRESS) as socket:
        yield Pupil(socket)


@pytest.mark.parametrize("username", ["student41", "parent1", "support", "teacher"])
async def test_any_account_may_test_and_nothing_stays_open(school: School, username: str) -> None:
    async with trial(school, username) as tester:
        greeting = await tester.hear()
        assert (greeting.workers, greeting.relays) == (1, ())
        assert greeting.rtp_capabilities == CAPABILITIES
        out, back = await tester.transport(send=True), await tester.transport(send=False)
        await tester.ask(ask.ConnectTransport, transport=out.id, dtls_parameters=DTLS)
        made = await tester.ask(
            test.TestProduce, transport=out.id, kind="video", rtp_parameters=rtp_parameters("video")
        )
        looped = await tester.ask(
            test.LoopBack, transport=back.id, producer=made.share, rtp_capabilities=CAPABILITIES
        )
        await tester.ask(ask.ResumeConsumer, consumer=looped.consumer)
        await tester.ask(ask.Ping)
        assert len(school.worker.transports) == 2
    await until(lambda: school.worker.routers == {} and school.worker.transports == {})
    assert school.gateway.self_tests.count == 0


async def test_relays_come_one_by_one_for_a_short_time(tmp_path: Path) -> None:
    relays = parse({"turn_urls": "turn:a,turn:b", "turn_secret": "hush"}, {}, {})
    async with school_at(tmp_path, settings=relays) as school, trial(school) as tester:
        greeting = await tester.hear()
        assert [entry.urls for entry in greeting.relays] == [("turn:a",), ("turn:b",)]
        expires = int(greeting.relays[0].username.partition(":")[0])
        assert expires <= school.gateway.clock() // 1000 + limits.RELAY_SECONDS


async def test_each_worker_can_be_tried(school: School) -> None:
    other = FakeWorker()
    await school.bus.up("media.1", other.handle, other.instance)
    async with trial(school) as tester:
        assert (await tester.hear()).workers == 2
        await tester.transport(send=True, worker=1)
        assert len(other.transports) == 1
        with pytest.raises(Refused, match="media_unavailable"):
            await tester.transport(send=True, worker=2)
    await until(lambda: other.routers == {} == school.worker.routers)


async def test_nothing_of_a_lesson_is_within_reach(school: School, room: Room) -> None:
    worker = school.worker
    share = await room.people["teacher"].share("screen")
    theirs = next(iter(worker.transports))
    await until(lambda: worker.consumers)
    consumer = next(iter(worker.consumers))
    before = dict(worker.transports), dict(worker.producers), dict(worker.consumers)
    async with trial(school, "student41") as tester:
        await tester.hear()
        back = await tester.transport(send=False)
        video = {"kind": "video", "rtp_parameters": rtp_parameters("video")}
        for kind, fields in (
            (test.LoopBack, {"transport": back.id, "producer": share, "rtp_capabilities": CAPABILITIES}),
            (test.LoopBack, {"transport": theirs, "producer": share, "rtp_capabilities": CAPABILITIES}),
            (test.TestProduce, {"transport": theirs, **video}),
            (ask.ConnectTransport, {"transport": theirs, "dtls_parameters": DTLS}),
            (ask.ResumeConsumer, {"consumer": consumer}),
        ):
            with pytest.raises(Refused, match="no_such"):
                await tester.ask(kind, **fields)
        await tester.socket.send_str('{"type": "join_media", "id": 1, "rtpCapabilities": {}}')
        assert (await tester.hear()).code == "bad_message"
    await until(lambda: school.gateway.self_tests.count == 0)
    assert before == (worker.transports, worker.producers, worker.consumers)


async def test_what_one_test_may_open_is_bounded(school: School) -> None:
    async with trial(school) as tester:
        await tester.hear()
        out = await tester.transport(send=True)
        back = await tester.transport(send=False)
        video = {"transport": out.id, "kind": "video", "rtp_parameters": rtp_parameters("video")}
        made = await tester.ask(test.TestProduce, **video)
        loop = {"transport": back.id, "producer": made.share, "rtp_capabilities": CAPABILITIES}
        await tester.ask(test.LoopBack, **loop)
        for kind, fields in ((test.TestProduce, video), (test.LoopBack, loop)):
            with pytest.raises(Refused, match="invalid"):
                await tester.ask(kind, **fields)
        for _ in range(limits.MAX_TRANSPORTS - 2):
            await tester.transport(send=True)
        with pytest.raises(Refused, match="too many"):
            await tester.transport(send=True)
    await until(lambda: school.worker.transports == {})


async def test_one_test_per_account_and_few_at_once(school: School) -> None:
    people = ("student1", "student2", "student3", "student41", "staff", "support", "parent1", "admin")
    assert len(people) == limits.MAX_AT_ONCE
    testers = [trial(school, username) for username in people]
    opened = [await tester.__aenter__() for tester in testers]
    for tester in opened:
        await tester.hear()
    async with trial(school, "teacher") as late:
        assert await late.hear() == test.Over("busy")
    async with trial(school, people[0]) as again:
        assert await opened[0].hear() == test.Over("replaced")
        assert isinstance(await again.hear(), test.SelfTest)
    for manager in testers:
        await manager.__aexit__(None, None, None)
    await until(lambda: school.worker.routers == {})


async def test_not_too_often(school: School) -> None:
    heard = []
    for _ in range(6):
        async with trial(school) as tester:
            heard.append(await tester.hear())
    assert [type(each) for each in heard[:5]] == [test.SelfTest] * 5
    assert heard[5] == test.Over("too_often")


async def test_from_our_own_pages_only(school: School) -> None:
    account = await school.who("student1")
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await account.http.ws_connect(ADDRESS, headers={"Origin": "https://elsewhere.example"})
    assert refused.value.status == 403


async def test_a_test_ends_in_time(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signaling.gateway.self_test_api.SECONDS", 1)
    async with trial(school) as tester:
        await tester.hear()
        assert await tester.hear() == test.Over("done")
    await until(lambda: school.worker.routers == {})


async def test_a_restarted_gateway_closes_what_a_test_left_behind(school: School, tmp_path: Path) -> None:
    worker = FakeWorker()
    worker.routers[f"{limits.ROUTERS}left"] = "instance"
    await school.bus.up("media.1", worker.handle, worker.instance)
    await until(lambda: worker.routers == {})


async def test_media_really_goes_round(tmp_path: Path) -> None:
    async with real_roles(tmp_path) as bus, school_at(tmp_path, bus) as school, trial(school) as tester:
        capabilities = (await tester.hear()).rtp_capabilities
        out, back = [Peer(await tester.transport(send=send)) for send in (True, False)]
        for peer in (out, back):
            await tester.ask(
                ask.ConnectTransport, transport=peer.parameters.id, dtls_parameters=peer.dtls_parameters
            )
            await peer.connect()
        got: list[bytes] = []
        back.on_rtp = lambda packet, _arrival: got.append(packet)
        made = await tester.ask(
            test.TestProduce, transport=out.parameters.id, kind="video", rtp_parameters=video_parameters()
        )
        looped = await tester.ask(
            test.LoopBack, transport=back.parameters.id, producer=made.share, rtp_capabilities=capabilities
        )
        await tester.ask(ask.ResumeConsumer, consumer=looped.consumer)
        for number in range(20):
            out.send_rtp(rtp(number, vp8_payload(number, number == 0), ssrc=1111, payload_type=96))
        await until(lambda: len(got) == 20)
        await tester.socket.close()
        await until(out.closed_by_remote.is_set)
        for peer in (out, back):
            await peer.close()
