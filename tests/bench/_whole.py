"""Hours of a lesson that ends, in the whole product: from the teacher's word to the first frame, through the
gateway, with session and right at every request."""

import asyncio
import time
from pathlib import Path

import av

from recorder import journal
from signaling.wire import client as ask
from tests.bench import _long
from tests.bench._figures import figure
from tests.clients.participant import Participant
from tests.product import Product

BENCH = "recorder"


async def run(directory: Path, hours: float) -> None:
    product = await asyncio.to_thread(Product(directory / "product").start, 60)
    try:
        lesson, recording = await _record(product)
        await asyncio.to_thread(product.stop, 30)
        await asyncio.to_thread(_lengthen, product.data / "recordings" / recording, hours)
        await asyncio.to_thread(product.start, 60)
        await _end(product, lesson, recording, hours)
        await asyncio.to_thread(product.stop, 30)
    except BaseException:
        print(product.tail(30))
        raise
    finally:
        product.kill()


async def _record(product: Product) -> tuple[str, str]:
    async with Participant(product.url, "teacher", product.password) as teacher:
        lesson = await teacher.account.new_lesson("Long")
        await teacher.account.call("POST", f"/api/lessons/{lesson}/start")
        await teacher.knock(lesson)
        await teacher.admitted()
        assert teacher.socket is not None
        await teacher.receive()
        await teacher.publish("microphone")
        await teacher.socket.ask(ask.StartRecording)
        await asyncio.sleep(2)
    found = [path.name for path in (product.data / "recordings").iterdir()]
    assert len(found) == 1, found
    return lesson, found[0]


def _lengthen(directory: Path, hours: float) -> None:
    """As if it had begun hours ago."""
    begun = journal.load(directory).begun
    for path in directory.iterdir():
        path.unlink()
    directory.rmdir()
    started_at = begun.started_at - int(hours * 3_600_000)
    _long.write(directory, hours, started_at, recording=begun.recording, lesson=begun.lesson)


async def _end(product: Product, lesson: str, recording: str, hours: float) -> None:
    async with Participant(product.url, "teacher", product.password) as teacher:
        await teacher.knock(lesson)
        await teacher.admitted()
        assert teacher.socket is not None
        await teacher.receive()
        await teacher.publish("microphone")
        await asyncio.sleep(5)
        ended = time.monotonic()
        await teacher.socket.ask(ask.EndLesson)
        while True:
            answer = await teacher.account.call("GET", "/api/recordings")
            rows = {row["id"]: row for row in answer["recordings"]}
            if rows[recording]["state"] == "ready":
                break
            assert time.monotonic() - ended < 60, rows
            await asyncio.sleep(0.02)
        ready = time.monotonic() - ended
        url = f"{product.url}/api/recordings/{recording}/programme"
        cookies = "; ".join(f"{one.key}={one.value}" for one in teacher.account.http.cookie_jar)
        headers = {"headers": f"Cookie: {cookies}\r\n"}
        length = await asyncio.to_thread(_first_frame, url, headers)
        assert length > hours * 3600
        figure(
            BENCH,
            f"end of {hours:g} hours to first frame, through the gateway",
            1000 * (time.monotonic() - ended),
            "ms",
            ready=round(1000 * ready),
        )
        times = await asyncio.to_thread(_long.seeks, url, hours * 3600, headers)
        figure(
            BENCH,
            f"seek to picture in {hours:g} hours through the gateway, worst of {len(times)}",
            1000 * max(times),
            "ms",
            median=round(1000 * sorted(times)[len(times) // 2]),
        )


def _first_frame(url: str, options: dict[str, str]) -> float:
    """Seconds of the whole, known at once."""
    with av.open(url, options=options) as container:
        assert container.duration
        next(container.decode(video=0))
        return container.duration / 1e6
