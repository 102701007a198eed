"""`./run bench thin --students 40`: one of a class on a thin line, while the teacher shares a page of text in 1080p.

Teacher and that student are browsers, the others are clients without one. The line carries 0.8 Mbit/s and queues for
0.3 s, and what the class gets is compared with runs before he came and after he left. Needs root (network namespaces).
"""

import argparse
import asyncio
import ctypes
import itertools
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from statistics import mean
from typing import NamedTuple

from playwright.async_api import Page

from tests.bench._figures import figure
from tests.bench.lesson import quiet
from tests.browser import reading
from tests.browser.chromium import chromium
from tests.browser.connections import TRACK_CONNECTIONS, Sent, Voice, sent, voice
from tests.browser.namespaces import SERVER_ADDRESS
from tests.browser.pages import Person, School
from tests.clients.participant import Participant
from tests.links.link import Rules, kilobits
from tests.links.tun import bad_link
from tests.proc import without_real_time
from tests.product import Product

BENCH = "thin"
WIDTH, HEIGHT = 1920, 1080
LINES = (20, 60, 45, 30)
"""Of each scroll; the same in each run."""
GOOD = Rules(rate=kilobits(50_000), delay=0.01)
PICTURES = """seconds => new Promise(done => {
    const video = document.querySelector('video[aria-label^="Screen of "]'), times = []
    const end = performance.now() + 1000 * seconds
    const next = now => {
        if (now < end) { times.push(now); video.requestVideoFrameCallback(next) }
    }
    video.requestVideoFrameCallback(next)
    setTimeout(() => done([end - 1000 * seconds, ...times, end]), 1000 * seconds)
})"""
"""When each new picture of the screen was shown, between the beginning and the end."""


class Run(NamedTuple):
    published: Sent
    heard: Voice | None = None
    shown: list[float] | None = None


@contextmanager
def inside(namespace: str) -> Iterator[None]:
    """This thread and its children live in the network namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/proc/thread-self/ns/net").open("rb") as before:
        with Path("/run/netns", namespace).open("rb") as there:
            if libc.setns(there.fileno(), 0):
                raise OSError(ctypes.get_errno(), f"setns {namespace}")
        try:
            yield
        finally:
            libc.setns(before.fileno(), 0)


async def scroll(text: Page, every: float, seconds: float) -> None:
    began = time.monotonic()
    for number in itertools.count():
        due = began + number * every
        if due >= began + seconds:
            return
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        await text.evaluate(reading.SCROLL, LINES[number % len(LINES)] * reading.LINE)


async def one_run(teacher: Person, text: Page, every: float, seconds: float, far: Person | None) -> Run:
    await text.evaluate("() => scrollTo(0, 0)")
    before = await sent(teacher)
    heard = await voice(far) if far else None
    async with asyncio.TaskGroup() as group:
        group.create_task(scroll(text, every, seconds))
        if far:
            watched = group.create_task(far.page.evaluate(PICTURES, seconds))
        else:
            group.create_task(asyncio.sleep(seconds))
    published = (await sent(teacher)).since(before)
    if far is None or heard is None:
        return Run(published)
    after = await voice(far)
    return Run(published, Voice(*(b - a for a, b in zip(heard, after, strict=True))), watched.result())


async def bench(given: argparse.Namespace, directory: Path) -> None:
    async with AsyncExitStack() as stack:
        link = stack.enter_context(bad_link(GOOD))
        stack.enter_context(inside(link.namespaces.server))
        product = Product(
            directory / "product", host=SERVER_ADDRESS, arguments=("--media-ip", SERVER_ADDRESS)
        )
        stack.callback(product.kill)
        product.start()
        beside = await stack.enter_async_context(chromium())
        behind = await stack.enter_async_context(chromium(link.namespaces.in_client))
        text = await reading.open_text(beside, WIDTH, HEIGHT, caret=True)
        here, there = School(beside, product), School(behind, product)
        stack.push_async_callback(here.close)
        stack.push_async_callback(there.close)
        teacher, _ = await here.lesson(
            "Thin", width=WIDTH, height=HEIGHT, scripts=(TRACK_CONNECTIONS,), device_scale_factor=1
        )
        lesson = teacher.page.url.split("/lessons/")[1].split("?")[0]
        await teacher.button("Turn on microphone").click()
        await teacher.share()

        others = [
            Participant(product.url, f"student{n}", product.password) for n in range(2, given.students + 1)
        ]
        for other in others:
            await stack.enter_async_context(other)
            await other.knock(lesson)
            await teacher.admit(other.username)
            await other.admitted()
            await other.receive()
        await asyncio.gather(*(other.receiving.wait() for other in others))

        def again(far: Person | None = None) -> asyncio.Future[Run]:
            return asyncio.ensure_future(one_run(teacher, text, given.every, given.seconds, far))

        await one_run(teacher, text, given.every, 2 * given.every, None)  # the encoder finds its rate
        before = await again()
        link.change(down=Rules(rate=kilobits(given.kilobits), delay=0.02, queue_seconds=0.3))
        far = await there.person("student1", scripts=(TRACK_CONNECTIONS,))
        asked = time.monotonic()
        await far.ask_to_enter("Thin")
        await teacher.admit("student1")
        await far.enter()
        await far.page.locator('video[aria-label^="Screen of "]').wait_for(timeout=60_000)
        figure(BENCH, "joined (asked to enter to a place for the screen)", time.monotonic() - asked, "s")
        await one_run(teacher, text, given.every, 2 * given.every, None)
        with_him = await again(far)
        await far.page.close()
        await one_run(teacher, text, given.every, given.every, None)
        after = await again()
        await teacher.page.close()
        await quiet(others)
        tell(before, with_him, after, others, given)
        await asyncio.to_thread(product.stop, 30)


def tell(
    before: Run, with_him: Run, after: Run, others: list[Participant], given: argparse.Namespace
) -> None:
    heard, shown = with_him.heard, with_him.shown
    assert heard is not None
    assert shown is not None
    more = {"line": f"{given.kilobits} kbit/s, queue 300 ms", "others": len(others), "seconds": given.seconds}
    of_voice = heard.received + heard.lost
    figure(BENCH, "his voice lost", 100 * heard.lost / max(1, of_voice), "%", packets=of_voice, **more)
    made = with_him.published.pictures / given.seconds
    pictures = (len(shown) - 2) / given.seconds
    figure(BENCH, "his pictures", pictures, "per s", published=round(made, 2))
    longest = max(b - a for a, b in itertools.pairwise(shown)) / 1000
    figure(BENCH, "longest without a new picture", longest, "s")
    without = mean((before.published.octets, after.published.octets))
    figure(BENCH, "published, with by without him", with_him.published.octets / without, "",
           kilobits=[round(run.published.octets / given.seconds / 125) for run in (before, with_him, after)])  # fmt: skip
    keys = [run.published.key_frames for run in (before, with_him, after)]
    figure(BENCH, "key frames before, with and after him", "/".join(map(str, keys)), "")
    lost, total = sum(other.lost for other in others), sum(other.packets for other in others)
    figure(BENCH, "packets the others lost", lost, "packets", of=total)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=40)
    parser.add_argument("--kilobits", type=int, default=800)
    parser.add_argument("--seconds", type=float, default=47.0)
    parser.add_argument("--every", type=float, default=10.5, help="seconds from scroll to scroll")
    given = parser.parse_args()
    if os.geteuid():
        raise SystemExit("network namespaces need root")
    without_real_time()
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(bench(given, Path(directory)))


if __name__ == "__main__":
    main()
