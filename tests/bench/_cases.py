"""The cases of the fanout bench: each sets up its processes, measures every load it is given, and ends them."""

import asyncio
import multiprocessing
import multiprocessing.connection
import os
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any, NamedTuple

from media import codecs, control
from media.fanout.choose import VARIABLE, make_fanout
from tests.bench._floor import Job, floor_process
from tests.bench._naive import TRANSPORT_CC, naive_process, ssrcs
from tests.bench._processes import Child, child
from tests.bench._publisher import Plain, Sent, publisher_process
from tests.bench._streams import Tally
from tests.bench._subscribers import Expected, subscribers_process
from tests.bench._timetable import Load, timetable
from tests.bench.joins import Remote, worker_process
from tests.media.house import audio_parameters, video_parameters

KEY_AND_SALT = 28
SETTLE_SECONDS = 0.15
REST_ROUNDS = 30
WARM_SECONDS = 0.5
WARM_ROUNDS = 20
"""Until every subscriber's estimate carries the whole stream."""
PACKET_SIZE = 1_216
HOT_SECONDS = 1.0


class Result(NamedTuple):
    """``by``: the fanout's class, or what else sent. ``sent``: by the publisher; ``cpu``: seconds of who forwarded."""

    case: str
    by: str
    load: Load
    seconds: float
    subscribers: int
    sent: int
    cpu: float
    tally: Tally
    warm_rounds: int = 0
    publisher_late: float = 0.0

    @property
    def per_cpu_second(self) -> float:
        return self.tally.packets / self.cpu


def chosen_worker_process(name: str, pipe: multiprocessing.connection.Connection) -> None:
    """First tells which fanout this name really gives."""
    os.environ[VARIABLE] = name
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        fanout = make_fanout(sock, time.monotonic)
        pipe.send(type(fanout).__name__)
        fanout.close()
    worker_process(pipe)


async def through_worker(
    name: str, loads: Sequence[Load], subscribers: int, seconds: float, woken: bool
) -> list[Result]:
    """Real transports: ICE, DTLS-SRTP, reports and feedback from everybody."""
    async with AsyncExitStack() as stack:
        worker, publisher, crowd = await asyncio.gather(
            stack.enter_async_context(child(chosen_worker_process, name)),
            stack.enter_async_context(child(publisher_process)),
            stack.enter_async_context(child(subscribers_process, woken)),
        )
        by = await worker.told()
        remote = Remote(worker.pipe, worker.pid)
        await remote.ask(control.OpenRouter("r"))
        await _publish(remote, publisher)
        await _subscribe(remote, crowd, subscribers)
        results: list[Result] = []
        for load in loads:
            rounds = await _warm(publisher, crowd, load, subscribers)
            result = await _measure(name, by, publisher, crowd, remote.cpu, load, subscribers, seconds)
            results.append(result._replace(warm_rounds=rounds))
        return results


async def _open(remote: Remote, name: str, direction: str) -> Any:
    opened = await remote.ask(control.OpenTransport("r", name, name, direction))  # type: ignore[arg-type]
    assert isinstance(opened, control.TransportOpened)
    return opened.parameters


async def _publish(remote: Remote, publisher: Child) -> None:
    dtls = await publisher.ask(await _open(remote, "t", "send"))
    await remote.ask(control.ConnectTransport("t", dtls))
    await publisher.ask("connect")
    await remote.ask(control.Produce("t", "video", "video", video_parameters()))
    await remote.ask(control.Produce("t", "voice", "audio", audio_parameters()))


async def _subscribe(remote: Remote, crowd: Child, subscribers: int) -> None:
    names = [f"s{index}" for index in range(subscribers)]
    everybody = await crowd.ask([await _open(remote, name, "recv") for name in names])
    for name, dtls in zip(names, everybody, strict=True):
        await remote.ask(control.ConnectTransport(name, dtls))
    await crowd.ask("connect")
    expected: list[Expected] = []
    for name in names:
        found: list[int] = []
        ids: dict[str, int] = {}
        for producer in ("video", "voice"):
            consumer = f"{producer} to {name}"
            consuming = await remote.ask(
                control.Consume(name, consumer, producer, codecs.router_capabilities())
            )
            assert isinstance(consuming, control.Consuming)
            parameters = consuming.rtp_parameters
            assert parameters.encodings[0].ssrc is not None
            found.append(parameters.encodings[0].ssrc)
            ids = {extension.uri: extension.id for extension in parameters.header_extensions}
        expected.append(Expected(found, ids[codecs.TRANSPORT_CC], True))
    await crowd.ask(expected)
    for name in names:
        for producer in ("video", "voice"):
            await remote.ask(control.ResumeConsumer(f"{producer} to {name}"))


async def _warm(publisher: Child, crowd: Child, load: Load, subscribers: int) -> int:
    """Answers how many rounds it took."""
    rounds, is_whole = 0, False
    while not is_whole and rounds < WARM_ROUNDS:
        rounds += 1
        await crowd.ask("take")
        sent: Sent = await publisher.ask((load, WARM_SECONDS))
        await asyncio.sleep(SETTLE_SECONDS)
        tally, _ = await _rest(crowd)
        is_whole = tally.packets >= 0.999 * sent.packets * subscribers
    return rounds


async def _rest(crowd: Child, cpu: Callable[[], Awaitable[float]] | None = None) -> tuple[Tally, float]:
    """What came until nothing comes any more, for who forwards may be behind; and ``cpu`` when the last was there."""
    whole, spent = Tally(), 0.0
    for _ in range(REST_ROUNDS):
        part: Tally = await crowd.ask("take")
        whole.add(part)
        if not part.packets:
            break
        spent = await cpu() if cpu is not None else 0.0
        await asyncio.sleep(SETTLE_SECONDS)
    return whole, spent


async def _measure(
    case: str,
    by: str,
    publisher: Child,
    crowd: Child,
    cpu: Callable[[], Awaitable[float]],
    load: Load,
    subscribers: int,
    seconds: float,
) -> Result:
    await crowd.ask("take")
    before = await cpu()
    sent: Sent = await publisher.ask((load, seconds))
    await asyncio.sleep(SETTLE_SECONDS)
    spent = await cpu() - before
    tally: Tally = await crowd.ask("take")
    return Result(case, by, load, seconds, subscribers, sent.packets, spent, tally, publisher_late=sent.worst)


async def naive(loads: Sequence[Load], subscribers: int, seconds: float, woken: bool) -> list[Result]:
    """No handshakes; the keys are given."""
    keys = [os.urandom(KEY_AND_SALT) for _ in range(subscribers)]
    key = os.urandom(KEY_AND_SALT)
    async with (
        child(naive_process) as forwarder,
        child(publisher_process) as publisher,
        child(subscribers_process, woken) as crowd,
    ):
        ports = await crowd.ask(keys)
        port = await forwarder.ask((key, keys, ports))
        await publisher.ask(Plain(("127.0.0.1", port), key))
        await publisher.told()
        await crowd.ask([Expected(ssrcs(index), TRANSPORT_CC, False) for index in range(subscribers)])

        async def cpu() -> float:
            return float(await forwarder.ask("cpu"))

        results: list[Result] = []
        for load in loads:
            await publisher.ask((load, WARM_SECONDS))
            await asyncio.sleep(SETTLE_SECONDS)
            await _rest(crowd)
            results.append(
                await _measure("aiortc", "RtpPacket", publisher, crowd, cpu, load, subscribers, seconds)
            )
        return results


async def floor(
    loads: Sequence[Load], subscribers: int, seconds: float, woken: bool, size: int = PACKET_SIZE
) -> list[Result]:
    """Both ways by the clock; then without a pause, for a tenth of the time at least as warm as it gets."""
    async with child(floor_process) as sender, child(subscribers_process, woken) as crowd:
        sender.pipe.send(await crowd.ask([None] * subscribers))
        results: list[Result] = []
        for load in loads:
            for hot in (False, True) if load.bursts else (False,):
                for segments in (False, True):
                    long = HOT_SECONDS if hot else seconds
                    await crowd.ask("take")
                    spent = await sender.ask(Job(load, long, size, segments, hot))
                    await asyncio.sleep(SETTLE_SECONDS)
                    tally, _ = await _rest(crowd)
                    case = ("hot " if hot else "") + ("floor segments" if segments else "floor sendmmsg")
                    by = "UDP_SEGMENT" if segments else "sendmmsg"
                    sent = sum(map(sum, ((m.video, m.voice) for m in timetable(load, long))))
                    results.append(Result(case, by, load, long, subscribers, sent, spent.cpu, tally))
        return results
