"""Small text on a shared screen is read at the receiver soon after a scroll, on the links that families have.

The receiver's browser lives behind a veth pair whose rate the kernel limits (``tc tbf``, a queue of 300 ms).
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from playwright.async_api import Page, expect

from tests.browser import reading
from tests.browser.chromium import chromium
from tests.browser.namespaces import SERVER_ADDRESS, Namespaces, two_namespaces
from tests.browser.pages import MEDIA_SOON, SOON, Person, School
from tests.product import Product

WIDTH, HEIGHT = 1920, 1080
AFTER_MS = 1500
LEGIBLE = 0.98
SHOWN = "canvas.still:not([hidden])"
CAME = """since => performance.getEntriesByType('resource')
    .filter(entry => entry.name.includes('/stills/') && performance.timeOrigin + entry.startTime > since)
    .map(entry => [entry.name.split('/').pop(), entry.encodedBodySize,
        Math.round(performance.timeOrigin + entry.startTime - since),
        Math.round(performance.timeOrigin + entry.responseEnd - since)])"""
"""Pictures: which, bytes, asked for and there, in ms since the scroll."""


@asynccontextmanager
async def _lesson(
    tmp_path: Path, artifacts: Callable[[str], Path]
) -> AsyncIterator[tuple[Namespaces, Page, Person]]:
    """The text shared in a lesson, and a student who watches it from behind the link."""
    async with AsyncExitStack() as stack:
        names = stack.enter_context(two_namespaces())
        product = Product(
            tmp_path / "product",
            host=SERVER_ADDRESS,
            prefix=names.in_server,
            arguments=("--media-ip", SERVER_ADDRESS),
        )
        stack.callback(product.kill)
        stack.callback(lambda: product.keep_evidence(artifacts("log").parent.name))
        product.start()
        near = await stack.enter_async_context(chromium(names.in_server))
        far = await stack.enter_async_context(chromium(names.in_client))
        text = await reading.open_text(near, WIDTH, HEIGHT)
        school = School(near, product)
        stack.push_async_callback(school.close)
        # A screen as large as what is shared: browsers capture no more than it has.
        teacher, _ = await school.lesson("Sharp text", width=WIDTH, height=HEIGHT)
        there = School(far, product)
        stack.push_async_callback(there.close)
        student = await there.person("student1")
        await student.ask_to_enter("Sharp text")
        await teacher.admit("student1")
        await student.enter()
        await teacher.share()
        await expect(student.page.locator(SHOWN)).to_be_visible(timeout=MEDIA_SOON)
        try:
            yield names, text, student
        except BaseException:
            await school.keep_evidence(artifacts)
            await there.keep_evidence(artifacts)
            raise


async def test_twelve_pixel_text_is_read_at_one_megabit(
    tmp_path: Path, artifacts: Callable[[str], Path]
) -> None:
    """Five scrolls; one may be missed on a machine that has other things to do. Without stills none can be read."""
    shares = []
    async with _lesson(tmp_path, artifacts) as (names, text, student):
        names.limit_rate("1mbit")
        # The first page on the thin link tells the viewer how thin it is.
        await text.evaluate(reading.SCROLL, 60 * reading.LINE)
        await expect(student.page.locator(SHOWN)).to_have_count(0, timeout=SOON)
        await expect(student.page.locator(SHOWN)).to_be_visible(timeout=SOON)
        for lines in (20, 60, 45, 30, 60):
            scrolled = await text.evaluate(reading.SCROLL, lines * reading.LINE)
            seen = await student.page.evaluate(reading.SHOWN, scrolled + AFTER_MS)
            picture = base64.b64decode(seen["png"])
            truth = await text.evaluate(reading.VISIBLE)
            shares.append(await asyncio.to_thread(reading.legible, picture, truth))
            artifacts(f"{len(shares)}.png").write_bytes(picture)
            figure = {"figure": "legible", "link": "1 Mbit/s", "after_ms": AFTER_MS, "characters": len(truth)}
            print(json.dumps({**figure, "still": seen["still"], "share": round(shares[-1], 4)}))
            print(json.dumps({"pictures": await student.page.evaluate(CAME, scrolled)}))
            assert seen["width"] == WIDTH
            await expect(student.page.locator(SHOWN)).to_be_visible(timeout=SOON)
    assert sum(share >= LEGIBLE for share in shares) >= 4


async def test_stills_arrive_at_64_kilobit(tmp_path: Path, artifacts: Callable[[str], Path]) -> None:
    async with _lesson(tmp_path, artifacts) as (names, text, student):
        names.limit_rate("64kbit")
        scrolled = await text.evaluate(reading.SCROLL, 60 * reading.LINE)
        await expect(student.page.locator(SHOWN)).to_have_count(0, timeout=SOON)
        await expect(student.page.locator(SHOWN)).to_be_visible(timeout=2 * MEDIA_SOON)
        now = await student.page.evaluate("() => performance.timeOrigin + performance.now()")
        seen = await student.page.evaluate(reading.SHOWN, 0)
        truth = await text.evaluate(reading.VISIBLE)
        part = await asyncio.to_thread(reading.legible, base64.b64decode(seen["png"]), truth)
        figure = {"figure": "still_after_ms", "link": "64 kbit/s", "ms": round(now - scrolled)}
        print(json.dumps({**figure, "share": round(part, 4)}))
        assert part >= LEGIBLE
