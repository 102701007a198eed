"""What it costs a worker to be flooded, and whether people get in meanwhile; over loopback.

Run: ``python -m tests.bench.floods [--datagrams 10000] [--participants 50] [--hellos 500]``; one JSON line per
figure. First participants join (two transports each: ICE, DTLS) while ClientHellos come: from the very addresses
of those who join, from a foreign address, from participants who are there. Then malformed datagrams: from a
foreign address, from a participant's without its keys, and from one with them (nonsense inside good SRTP and
SRTCP). Processor time is the worker's alone, and of all it does meanwhile.
"""

import argparse
import asyncio
import itertools
import multiprocessing
import random
import socket
import sys
import time
from collections.abc import Callable

from media import codecs, control
from tests.bench._figures import figure
from tests.bench._sums import percentile
from tests.bench.joins import Remote, worker_process
from tests.media.corpus import Corpus, authentic, fresh_hello
from tests.media.house import rtp, until, video_parameters, vp8_payload
from tests.media.peer import Peer

AT_ONCE = 200
SCREEN, REPAIR, SPOILT = 1111, 2222, 5555
Send = Callable[[bytes], object]


class Floods:
    """A lesson in a worker, and what is poured over it."""

    def __init__(self, remote: Remote) -> None:
        self.remote = remote
        self.rng = random.Random(1)
        self.peers: list[Peer] = []
        self._numbers = itertools.count(1000)
        self._shown = 0

    async def begin(self) -> None:
        ask = self.remote.ask
        await ask(control.OpenRouter("r"))
        self.teacher, self.student = self.peers = [
            await self.remote.join("t", "send"),
            await self.remote.join("s", "recv"),
        ]
        await ask(control.Produce("t", "p", "video", video_parameters(SCREEN, REPAIR)))
        await ask(control.Produce("t", "q", "video", video_parameters(SPOILT, None, "1")))
        self.ssrcs = [SCREEN, REPAIR, SPOILT]
        for consumer, producer in (("c", "p"), ("d", "q")):
            reply = await ask(control.Consume("s", consumer, producer, codecs.router_capabilities()))
            assert isinstance(reply, control.Consuming)
            self.ssrcs.append(reply.rtp_parameters.encodings[0].ssrc or 0)
            await ask(control.ResumeConsumer(consumer))
        self.student.on_rtp = self._arrived

    def _arrived(self, packet: bytes, _arrival: float) -> None:
        self._shown += int.from_bytes(packet[8:12]) == self.ssrcs[3]

    async def stats(self) -> dict[str, float]:
        reply = await self.remote.ask(control.TakeStats())
        assert isinstance(reply, control.Stats)
        return reply.values

    async def stands(self) -> str:
        """``nothing closed, media flows``, or what is wrong."""
        before = self._shown

        def shown() -> bool:
            number = next(self._numbers)
            payload = vp8_payload(number, True)
            self.teacher.send_rtp(rtp(number, payload, ssrc=SCREEN, payload_type=96, timestamp=3000 * number))
            return self._shown > before

        try:
            await until(shown)
        except TimeoutError:
            return "no media"
        stats = await self.stats()
        if stats["media_transports_connected"] != len(self.peers):
            return f"{stats['media_transports_connected']:g} of {len(self.peers)} transports connected"
        return "nothing closed, media flows"

    async def pour(self, name: str, send: Callable[[], None], count: int) -> None:
        """No faster than the worker reads: what the kernel drops costs it nothing."""
        began = await self.remote.cpu()
        for start in range(0, count, AT_ONCE):
            size = min(AT_ONCE, count - start)
            before = (await self.stats())["media_udp_received_total"]
            for _ in range(size):
                send()
            async with asyncio.timeout(20):
                while (await self.stats())["media_udp_received_total"] < before + size:  # noqa: ASYNC110
                    await asyncio.sleep(0.002)
        spent = await self.remote.cpu() - began
        figure("floods", f"CPU for {count} malformed datagrams {name}", spent, "s", after=await self.stands())

    async def malformed(self, count: int) -> None:
        ufrag = self.student.parameters.ice_parameters.username_fragment
        corpus = Corpus(1, ufrag, tuple(self.ssrcs), (SPOILT, REPAIR))
        with self.stranger() as stranger:
            await self.pour("from a stranger", lambda: void(stranger.send(corpus.datagram())), count)
        for role, peer in (("a publisher", self.teacher), ("a subscriber", self.student)):
            await self.pour(f"from {role}", lambda p=peer: p.send_datagram(corpus.datagram()), count)  # type: ignore[misc]
            await self.pour(f"from {role} with its keys", authentic(peer, corpus), count)

    def stranger(self) -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        candidate = self.teacher.parameters.ice_candidates[0]
        sock.connect((candidate.address, candidate.port))
        return sock

    async def hellos(self, name: str, targets: Callable[[], Send], per_second: int) -> None:
        """Until it is cancelled, at an even rate."""
        began = time.perf_counter()
        sent = 0
        while True:
            while sent < (time.perf_counter() - began) * per_second:
                targets()(fresh_hello(self.rng))
                sent += 1
            await asyncio.sleep(0.002)

    async def joins(
        self, name: str, targets: Callable[[], Send] | None, count: int, within: float, per_second: int
    ) -> None:
        """``targets``: who sends the next hello; None: nobody."""
        took: list[float] = []
        new: list[Peer] = []

        async def come(index: int) -> None:
            await asyncio.sleep(within * index / count)
            began = time.perf_counter()
            for direction in ("send", "recv"):
                peer = await self.remote.open(f"{name} {within} {direction} {index}", direction)
                self.joining.append(peer)
                try:
                    await peer.connect()
                finally:
                    self.joining.remove(peer)
                new.append(peer)
            took.append(time.perf_counter() - began)

        self.joining: list[Peer] = []
        flood = asyncio.get_running_loop().create_task(
            self.hellos(name, targets, per_second) if targets is not None else asyncio.sleep(0)
        )
        await asyncio.sleep(0.1)
        began = await self.remote.cpu()
        results = await asyncio.gather(*(come(index) for index in range(count)), return_exceptions=True)
        spent = await self.remote.cpu() - began
        flood.cancel()
        self.peers += new
        late = sum(isinstance(result, Exception) for result in results)
        figure(
            "floods",
            f"joined, {name}, all within {within:g} s",
            f"{count - late} of {count}",
            longest_ms=round(max(took, default=float("nan")) * 1000, 1),
            median_ms=round(percentile(took, 0.5) * 1000, 1),
            cpu_s=round(spent, 3),
            after=await self.stands(),
        )
        for peer in new:
            self.peers.remove(peer)
            await peer.close()
        gone = len(self.peers)
        async with asyncio.timeout(10):
            while (await self.stats())["media_transports"] > gone:  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def flooded_joins(self, count: int, per_second: int) -> None:
        with self.stranger() as stranger:

            def of_those_who_join() -> Send:
                return self.rng.choice(self.joining).send_datagram if self.joining else stranger.send

            floods: tuple[tuple[str, Callable[[], Send] | None], ...] = (
                ("no hellos", None),
                (f"{per_second} hellos/s from the addresses of those who join", of_those_who_join),
                (f"{per_second} hellos/s of a stranger", lambda: stranger.send),
                (f"{per_second} hellos/s of participants", lambda: self.rng.choice(self.peers).send_datagram),
            )
            for name, targets in floods:
                for within in (5.0, 0.0):
                    await self.joins(name, targets, count, within, per_second)


def void(_result: object) -> None:
    pass


async def measure(remote: Remote, datagrams: int, participants: int, hellos: int) -> None:
    floods = Floods(remote)
    await floods.begin()
    await floods.flooded_joins(participants, hellos)
    await floods.malformed(datagrams)
    for peer in floods.peers:
        await peer.close()


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    arguments.add_argument("--datagrams", type=int, default=10_000)
    arguments.add_argument("--participants", type=int, default=50)
    arguments.add_argument("--hellos", type=int, default=500, help="per second")
    options = arguments.parse_args()
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=worker_process, args=(theirs,), daemon=True)
    process.start()
    assert process.pid is not None
    try:
        asyncio.run(
            measure(Remote(ours, process.pid), options.datagrams, options.participants, options.hellos)
        )
        ours.send(None)
        process.join(10)
    finally:
        process.kill()
    return 0


if __name__ == "__main__":
    sys.exit(main())
