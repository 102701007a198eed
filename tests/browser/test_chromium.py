"""The browser of the tests itself: whatever becomes of it, a test that used it ends."""

import os
import signal
import subprocess
import sys

import pytest

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


@pytest.mark.skipif(os.geteuid() != 0, reason="only root could take it")
def test_children_of_the_tests_cannot_take_real_time_priority() -> None:
    take = "import os; os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))"
    done = subprocess.run([sys.executable, "-c", take], capture_output=True, text=True, check=False)
    assert "PermissionError" in done.stderr
