"""What joining costs, and those who are there already: one worker in a process of its own, over loopback.

Run: ``python -m tests.bench.joins [--participants 30] [--seconds 10]``; one JSON line per figure. First
transports are made (ICE, DTLS), which is all the worker does, one after another and ten a second (less what it
does while idle): what each costs it. Then a
stream goes through the worker, a picture a hundredth of a second, a key frame of ten packets when it is asked
for; its delay (from the sender's call to the kernel's time stamp at the receiver) is told for a quiet worker
and while participants join, each with two transports and as a consumer of the stream; their first frame is
there when its last packet is. Then everybody is idle. Processor time is the worker's alone.
"""

import argparse
import asyncio
import multiprocessing
import multiprocessing.connection
import os
import select
import struct
import sys
import time

from media import codecs, control
from media.rtcp import compound, feedback
from media.worker import Worker, WorkerSettings
from tests.bench import _handshake
from tests.bench._figures import figure
from tests.bench._sums import percentile
from tests.media.house import rtp, video_parameters, vp8_payload
from tests.media.peer import Peer

INTERVAL = 0.01
KEY_PACKETS = 10
QUIET_SECONDS = 5.0
IDLE_SECONDS = 5.0
_PAGE = os.sysconf("SC_PAGE_SIZE")


def worker_process(pipe: multiprocessing.connection.Connection) -> None:
    """Answers requests from the pipe until it is told None."""
    asyncio.run(_serve(pipe))


async def _serve(pipe: multiprocessing.connection.Connection) -> None:
    worker = Worker(WorkerSettings(), lambda _notice: None)
    await worker.start()
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(pipe.fileno(), readable.set)
    poller = select.poll()
    poller.register(pipe.fileno(), select.POLLIN)
    while True:
        await readable.wait()
        readable.clear()
        while poller.poll(0):
            request = pipe.recv()
            if request is None:
                loop.remove_reader(pipe.fileno())
                await worker.close()
                return
            pipe.send(await worker.handle(request))


class Remote:
    """The worker's other end."""

    def __init__(self, pipe: multiprocessing.connection.Connection, pid: int) -> None:
        self._pipe = pipe
        self._pid = pid
        self._turn = asyncio.Lock()

    async def ask(self, request: control.Request) -> control.Reply:
        async with self._turn:
            self._pipe.send(request)
            reply: control.Reply = await asyncio.get_running_loop().run_in_executor(None, self._pipe.recv)
        if isinstance(reply, control.Failed):
            raise RuntimeError(f"{reply.code}: {reply.detail}")
        return reply

    async def open(self, name: str, direction: str) -> Peer:
        """Told to connect, but not connected yet."""
        opened = await self.ask(control.OpenTransport("r", name, name, direction))  # type: ignore[arg-type]
        assert isinstance(opened, control.TransportOpened)
        peer = Peer(opened.parameters)
        await self.ask(control.ConnectTransport(name, peer.dtls_parameters))
        return peer

    async def join(self, name: str, direction: str) -> Peer:
        peer = await self.open(name, direction)
        await peer.connect()
        return peer

    async def cpu(self) -> float:
        stats = await self.ask(control.TakeStats())
        assert isinstance(stats, control.Stats)
        return stats.values["media_cpu_seconds_total"]

    def resident(self) -> int:
        with open(f"/proc/{self._pid}/statm") as file:
            return int(file.read().split()[1]) * _PAGE


class Forwarding:
    """A stream through the worker, and the delays it meets."""

    def __init__(self, publisher: Peer, subscriber: Peer) -> None:
        self.delays: list[float] = []
        self.key_frames = 0
        self._seq = 0
        self._number = 0
        self._asked = True
        self._publisher = publisher
        self._clock = time.perf_counter
        subscriber.on_rtp = self._arrived
        publisher.on_rtcp = self._reported

    def _reported(self, packet: bytes) -> None:
        self._asked = self._asked or any(
            part.type == compound.PSFB and part.subtype == feedback.PLI for part in compound.split(packet)
        )

    def _arrived(self, packet: bytes, arrival: float) -> None:
        (sent,) = struct.unpack("!d", packet[-8:])
        self.delays.append(arrival - sent)

    async def run(self, seconds: float) -> None:
        end = self._clock() + seconds
        while self._clock() < end:
            self._picture()
            await asyncio.sleep(INTERVAL)

    def _picture(self) -> None:
        is_key, self._asked = self._asked, False
        self.key_frames += is_key
        self._number += 1
        packets = KEY_PACKETS if is_key else 1
        whole = vp8_payload(self._number, is_key, 1000)
        for index in range(packets):
            payload = whole if index == 0 else bytes((whole[0] & ~0x10,)) + whole[1:]
            self._publisher.send_rtp(
                rtp(
                    self._seq,
                    payload + struct.pack("!d", self._clock()),
                    ssrc=1111,
                    payload_type=96,
                    timestamp=self._number * 900,
                    marker=index == packets - 1,
                )
            )
            self._seq += 1

    def tell(self, name: str, **more: object) -> None:
        delays, self.delays = self.delays, []
        for share, what in ((0.5, "median"), (0.99, "p99"), (1.0, "worst")):
            value = percentile(delays, share) * 1000
            figure("joins", f"forwarding delay {name}, {what}", value, "ms", packets=len(delays), **more)


class Joiner:
    """A participant who comes: two transports, then the stream."""

    def __init__(self, name: str, remote: Remote) -> None:
        self.peers: list[Peer] = []
        self.joined = self.saw = float("nan")
        self._name = name
        self._remote = remote
        self._first = asyncio.Event()

    async def come(self, after: float) -> None:
        await asyncio.sleep(after)
        began = time.perf_counter()
        name, remote = self._name, self._remote
        self.peers.append(await remote.join(f"send {name}", "send"))
        self.peers.append(await remote.join(f"recv {name}", "recv"))
        self.joined = time.perf_counter() - began
        self.peers[1].on_rtp = self._arrived
        await remote.ask(control.Consume(f"recv {name}", f"c {name}", "p", codecs.router_capabilities()))
        await remote.ask(control.ResumeConsumer(f"c {name}"))
        async with asyncio.timeout(20):
            await self._first.wait()
        self.saw = time.perf_counter() - began

    def _arrived(self, packet: bytes, _arrival: float) -> None:
        """The worker begins with a key frame; its last packet has the marker."""
        if packet[1] & 0x80:
            self._first.set()


async def idle_share(remote: Remote) -> float:
    """Seconds of processor time a second, with nothing to do for those who are there."""
    began = await remote.cpu()
    await asyncio.sleep(IDLE_SECONDS)
    return (await remote.cpu() - began) / IDLE_SECONDS


async def one_after_another(remote: Remote, count: int) -> None:
    """What a transport costs, with nothing else to do."""
    peers = [await remote.join(f"warm {index}", "recv") for index in range(10)]
    before, began = remote.resident(), await remote.cpu()
    peers += [await remote.join(f"alone {index}", "recv") for index in range(count)]
    spent = await remote.cpu() - began
    figure("joins", "CPU to make a transport", spent / count * 1000, "ms", transports=count)
    figure("joins", "memory of a transport", (remote.resident() - before) / count / 1000, "kB")

    idle = await idle_share(remote)
    began, started = await remote.cpu(), time.perf_counter()
    for index in range(count // 2):
        peers.append(await remote.join(f"slow {index}", "recv"))
        await asyncio.sleep(0.1)
    spent, took = await remote.cpu() - began, time.perf_counter() - started
    spent -= took * (idle + await idle_share(remote)) / 2
    figure("joins", "CPU to make a transport, ten a second", spent / (count // 2) * 1000, "ms")
    for peer in peers:
        await peer.close()


async def measure(remote: Remote, participants: int, seconds: float) -> None:
    await remote.ask(control.OpenRouter("r"))
    await one_after_another(remote, 100)
    peers = [await remote.join("t", "send"), await remote.join("s", "recv")]
    await remote.ask(control.Produce("t", "p", "video", video_parameters()))
    await remote.ask(control.Consume("s", "c", "p", codecs.router_capabilities()))
    await remote.ask(control.ResumeConsumer("c"))
    stream = Forwarding(*peers)
    await stream.run(1.0)
    stream.delays.clear()
    await stream.run(QUIET_SECONDS)
    stream.tell("while quiet", load=round(os.getloadavg()[0], 1))

    joiners = [Joiner(str(index), remote) for index in range(participants)]
    key_frames = stream.key_frames
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(stream.run(seconds + 1))
        for index, joiner in enumerate(joiners):
            tasks.create_task(joiner.come(seconds * index / participants))
    stream.tell(
        f"while {participants} join within {seconds:g} s",
        load=round(os.getloadavg()[0], 1),
        key_frames=stream.key_frames - key_frames,
    )
    for name, took in (("join", [j.joined for j in joiners]), ("first frame", [j.saw for j in joiners])):
        figure("joins", f"time to {name}, median", percentile(took, 0.5) * 1000, "ms")
        figure("joins", f"time to {name}, p95", percentile(took, 0.95) * 1000, "ms")
    peers += [peer for joiner in joiners for peer in joiner.peers]

    share = await idle_share(remote)
    figure("joins", "CPU of 100 idle transports", share / len(peers) * 100 * 100, "% of a core")
    for peer in peers:
        await peer.close()


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    arguments.add_argument("--participants", type=int, default=30)
    arguments.add_argument("--seconds", type=float, default=10.0)
    options = arguments.parse_args()
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=worker_process, args=(theirs,), daemon=True)
    for name, took in zip(("one after another", "ten a second"), _handshake.compare(40, 0.1), strict=True):
        figure("joins", f"CPU of a bare handshake, {name}", took * 1000, "ms")
    process.start()
    assert process.pid is not None
    try:
        asyncio.run(measure(Remote(ours, process.pid), options.participants, options.seconds))
        ours.send(None)
        process.join(10)
    finally:
        process.kill()
    return 0


if __name__ == "__main__":
    sys.exit(main())
