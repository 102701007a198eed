"""What joining costs those who are there already: one worker in a process of its own, over loopback.

Run: ``python -m tests.bench.joins [--participants 30] [--seconds 10]``; one JSON line per figure. Packets
go through the worker a hundred times a second; their delay (from the sender's call to the kernel's time
stamp at the receiver) is told for a quiet worker and while participants join, each with ICE and DTLS for
two transports. Then everybody is idle.
"""

import argparse
import asyncio
import multiprocessing
import multiprocessing.connection
import os
import struct
import sys
import time

from media import codecs, control
from media.worker import Worker, WorkerSettings
from tests.bench._figures import figure, percentile
from tests.media.house import VP8_KEY, rtp, video_parameters
from tests.media.peer import Peer

INTERVAL = 0.01
QUIET_SECONDS = 5.0
_PAGE = os.sysconf("SC_PAGE_SIZE")


def worker_process(pipe: multiprocessing.connection.Connection) -> None:
    """Answers requests from the pipe until it is told None."""
    asyncio.run(_serve(pipe))


async def _serve(pipe: multiprocessing.connection.Connection) -> None:
    worker = Worker(WorkerSettings(), lambda _notice: None)
    await worker.start()
    loop = asyncio.get_running_loop()
    while (request := await loop.run_in_executor(None, pipe.recv)) is not None:
        pipe.send(await worker.handle(request))
    await worker.close()


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

    async def join(self, name: str, direction: str) -> Peer:
        opened = await self.ask(control.OpenTransport("r", name, name, direction))  # type: ignore[arg-type]
        assert isinstance(opened, control.TransportOpened)
        peer = Peer(opened.parameters)
        await self.ask(control.ConnectTransport(name, peer.dtls_parameters))
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
        self.sent = 0
        self._publisher = publisher
        self._clock = time.perf_counter
        subscriber.on_rtp = self._arrived

    def _arrived(self, packet: bytes, arrival: float) -> None:
        (sent,) = struct.unpack("!d", packet[-8:])
        self.delays.append(arrival - sent)

    async def run(self, seconds: float) -> None:
        end = self._clock() + seconds
        while (now := self._clock()) < end:
            payload = VP8_KEY + bytes(1000) + struct.pack("!d", now)
            self._publisher.send_rtp(
                rtp(self.sent, payload, ssrc=1111, payload_type=96, timestamp=self.sent * 900)
            )
            self.sent += 1
            await asyncio.sleep(INTERVAL)

    def tell(self, name: str, **more: object) -> None:
        delays, self.delays = self.delays, []
        for share, what in ((0.5, "median"), (0.99, "p99"), (1.0, "worst")):
            value = percentile(delays, share) * 1000
            figure("joins", f"forwarding delay {name}, {what}", value, "ms", packets=len(delays), **more)


async def measure(remote: Remote, participants: int, seconds: float) -> None:
    await remote.ask(control.OpenRouter("r"))
    peers = [await remote.join("t", "send"), await remote.join("s", "recv")]
    await remote.ask(control.Produce("t", "p", "video", video_parameters()))
    await remote.ask(control.Consume("s", "c", "p", codecs.router_capabilities()))
    await remote.ask(control.ResumeConsumer("c"))
    stream = Forwarding(*peers)
    began = await remote.cpu()
    await stream.run(QUIET_SECONDS)
    per_second = (await remote.cpu() - began) / QUIET_SECONDS
    load = round(os.getloadavg()[0], 1)
    stream.tell("while quiet", load=load)

    before, began = remote.resident(), await remote.cpu()
    took: list[float] = []

    async def come(index: int) -> None:
        await asyncio.sleep(seconds * index / participants)
        started = time.perf_counter()
        peers.append(await remote.join(f"send {index}", "send"))
        peers.append(await remote.join(f"recv {index}", "recv"))
        took.append(time.perf_counter() - started)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(stream.run(seconds))
        for index in range(participants):
            tasks.create_task(come(index))
    spent = await remote.cpu() - began - per_second * seconds
    stream.tell(f"while {participants} join within {seconds:g} s", load=round(os.getloadavg()[0], 1))
    transports = 2 * participants
    figure("joins", "CPU to join, per transport", spent / transports * 1000, "ms")
    figure("joins", "memory of a joined transport", (remote.resident() - before) / transports / 1000, "kB")
    figure("joins", "time to join, median", percentile(took, 0.5) * 1000, "ms")
    figure("joins", "time to join, p95", percentile(took, 0.95) * 1000, "ms")

    began = await remote.cpu()
    await asyncio.sleep(seconds)
    spent = await remote.cpu() - began
    figure(
        "joins", "CPU of 100 idle transports", spent / seconds / (transports + 2) * 100 * 100, "% of a core"
    )
    for peer in peers:
        await peer.close()


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    arguments.add_argument("--participants", type=int, default=30)
    arguments.add_argument("--seconds", type=float, default=10.0)
    options = arguments.parse_args()
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=worker_process, args=(theirs,), daemon=True)
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
