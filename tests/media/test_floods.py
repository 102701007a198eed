"""Thousands of datagrams that nobody should send, by strangers and by participants: nothing closes, media flows.

What they cost is measured by ``tests/bench/floods.py``.
"""

import asyncio
import random
import socket
from collections.abc import Callable

import pytest

from media import control
from tests.media.corpus import Corpus, authentic, fresh_hello
from tests.media.house import House, house, rtp, until, video_parameters, vp8_payload
from tests.media.peer import Peer

COUNT = 10_000
AT_ONCE = 200


SCREEN, REPAIR, SPOILT = 1111, 2222, 5555


class Lesson:
    """A teacher who sends a stream, a student who watches it; a second stream of the teacher's is for nonsense."""

    def __init__(self, home: House) -> None:
        self.home = home
        self._number = 1000
        self._seen = 0

    async def begin(self) -> None:
        home = self.home
        self.teacher = await home.join("t", "send")
        self.student = await home.join("s", "recv")
        await home.produce("t", "p", "video", video_parameters(SCREEN, REPAIR))
        await home.produce("t", "q", "video", video_parameters(SPOILT, None, "1"))
        self.shown = (await home.consume("s", "c", "p")).encodings[0].ssrc
        self.spoilt = (await home.consume("s", "d", "q")).encodings[0].ssrc
        self.student.on_rtp = self._arrived
        await self.flows()

    def _arrived(self, packet: bytes, _arrival: float) -> None:
        self._seen += int.from_bytes(packet[8:12]) == self.shown

    async def flows(self) -> None:
        """A key frame goes from the teacher to the student."""
        before = self._seen

        def shown() -> bool:
            self._number += 1
            payload = vp8_payload(self._number, True)
            stamp = 3000 * self._number
            self.teacher.send_rtp(rtp(self._number, payload, ssrc=SCREEN, payload_type=96, timestamp=stamp))
            return self._seen > before

        await until(shown)

    async def still_stands(self) -> None:
        home = self.home
        assert home.worker.counters.errors == 0
        assert all(transport.is_connected for transport in home.worker.registry.transports.values())
        assert not [n for n in home.notices if getattr(n, "state", "connected") != "connected"]
        await self.flows()

    def corpus(self, seed: int, name: str) -> Corpus:
        ufrag = self.home.worker.registry.transports[name].ice.credentials.ufrag
        return Corpus(seed, ufrag, (SCREEN, REPAIR, SPOILT, self.shown, self.spoilt), (SPOILT, REPAIR))

    async def pour(self, send: Callable[[], None], count: int) -> None:
        """``send`` sends one datagram ``count`` times; no faster than the worker reads."""
        for start in range(0, count, AT_ONCE):
            before = (await self.home.stats())["media_udp_received_total"]
            for _ in range(min(AT_ONCE, count - start)):
                send()
            async with asyncio.timeout(20):
                while (await self.home.stats())["media_udp_received_total"] < before + AT_ONCE:  # noqa: ASYNC110
                    await asyncio.sleep(0.001)


async def test_strangers():
    async with house() as home:
        lesson = Lesson(home)
        await lesson.begin()
        corpus = lesson.corpus(1, "s")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.connect(("127.0.0.1", home.worker.port))
            await lesson.pour(lambda: stranger.send(corpus.datagram()), COUNT)
        await lesson.still_stands()
        assert len(home.worker.network.paths) == 2


@pytest.mark.parametrize("who", ["t", "s"])
async def test_participants_without_their_keys(who):
    async with house() as home:
        lesson = Lesson(home)
        await lesson.begin()
        peer = lesson.teacher if who == "t" else lesson.student
        corpus = lesson.corpus(2, who)
        await lesson.pour(lambda: peer.send_datagram(corpus.datagram()), COUNT)
        await lesson.still_stands()


@pytest.mark.parametrize("who", ["t", "s"])
async def test_participants_with_their_keys(who):
    async with house() as home:
        lesson = Lesson(home)
        await lesson.begin()
        peer = lesson.teacher if who == "t" else lesson.student
        await lesson.pour(authentic(peer, lesson.corpus(3, who)), COUNT)
        await lesson.still_stands()


async def test_hellos_while_many_join():
    """From strangers, from participants who are there, and from the very addresses of those who join."""
    async with house() as home:
        lesson = Lesson(home)
        await lesson.begin()
        rng = random.Random(4)
        coming = [await home.open(f"j{index}", "recv") for index in range(20)]
        done = asyncio.Event()

        async def flood() -> None:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                stranger.connect(("127.0.0.1", home.worker.port))
                while not done.is_set():
                    stranger.send(fresh_hello(rng))
                    lesson.student.send_datagram(fresh_hello(rng))
                    rng.choice(coming).send_datagram(fresh_hello(rng))
                    await asyncio.sleep(0.002)

        async def join(index: int, peer: Peer) -> None:
            await home.ask(control.ConnectTransport(f"j{index}", peer.dtls_parameters), control.Done)
            await peer.connect()

        flooding = asyncio.get_running_loop().create_task(flood())
        await asyncio.gather(*(join(index, peer) for index, peer in enumerate(coming)))
        done.set()
        await flooding
        await until(lambda: all(t.is_connected for t in home.worker.registry.transports.values()))
        await lesson.still_stands()
