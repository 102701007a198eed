"""Chromium as every browser test starts it, and its end: one that hangs is killed, so that a test that failed ends too."""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Error, async_playwright

from tests.browser import pattern
from tests.product import descendants

# No fake media UI: it would answer every getDisplayMedia with a fake screen instead of the pattern's tab.
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    f"--auto-select-tab-capture-source-by-title={pattern.TITLE}",
)
PATIENCE = 20.0
"""Seconds for an end that takes a fraction of one. A hung browser answers nothing at all, and pytest's own
limit has struck by then: it is for a test and its end together, once."""


def chromium_path() -> str:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert path, "Chromium is not installed: apt-get install chromium (./run test does it as root)"
    return path


async def in_time(coroutine: Coroutine[Any, Any, object], seconds: float = PATIENCE) -> bool:
    """Was it done within that time? What the browser says against it does not matter any more."""
    with suppress(TimeoutError, Error):
        async with asyncio.timeout(seconds):
            await coroutine
            return True
    return False


@asynccontextmanager
async def chromium(prefix: Sequence[str] = (), *, patience: float = PATIENCE) -> AsyncIterator[Browser]:
    """A Chromium of its own. ``prefix``: words before its command, such as ``ip netns exec NAME``."""
    with tempfile.TemporaryDirectory(prefix="chromium") as directory:
        starter = Path(directory) / "start"
        starter.write_text(f'#!/bin/sh\nexec {" ".join((*prefix, chromium_path()))} "$@"\n')
        starter.chmod(0o755)
        before = {process.pid for process in descendants(os.getpid())}
        manager = async_playwright()
        playwright = await manager.__aenter__()
        try:
            browser = await playwright.chromium.launch(
                executable_path=starter, args=list(FLAGS), chromium_sandbox=False
            )
            try:
                yield browser
            finally:
                if not await in_time(browser.close(), patience):
                    _kill_all_but(before)
        finally:
            if not await in_time(manager.__aexit__(None, None, None), patience):
                _kill_all_but(before)


def _kill_all_but(before: set[int]) -> None:
    for process in descendants(os.getpid()):
        if process.pid not in before:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
