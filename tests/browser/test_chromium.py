"""The browser of the tests itself: whatever becomes of it, a test that used it ends."""

import os
import signal

from tests.browser.chromium import chromium
from tests.product import descendants, processes, wait_until


async def test_a_browser_that_answers_nothing_is_killed() -> None:
    before = set(processes())
    async with chromium(patience=1.0) as browser:
        page = await browser.new_page()
        await page.goto("about:blank")
        started = [process.pid for process in descendants(os.getpid()) if process.pid not in before]
        for process in descendants(os.getpid()):
            if process.pid in started and "chromium" in process.command:
                os.kill(process.pid, signal.SIGSTOP)
    assert started
    wait_until(lambda: not set(started) & set(processes()), "the end of all its processes")
