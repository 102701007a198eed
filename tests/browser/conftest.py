"""Real browsers: Chromium for every test, each participant in a context of its own."""

import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.browser import pattern
from tests.browser.pages import School
from tests.conftest import FAILED
from tests.product import Product

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


def chromium_path() -> str:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert path, "Chromium is not installed: apt-get install chromium (./run test does it as root)"
    return path


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=chromium_path(), args=list(FLAGS), chromium_sandbox=False
        )
        yield chromium
        await chromium.close()


async def _school(
    browser: Browser, product: Product, request: pytest.FixtureRequest, artifacts: Callable[[str], Path]
) -> AsyncIterator[School]:
    school = await School.open(browser, product)
    try:
        yield school
    finally:
        if request.node.stash.get(FAILED, False):
            await school.keep_evidence(artifacts)
        await school.close()


@pytest_asyncio.fixture
async def school(
    browser: Browser, product: Product, request: pytest.FixtureRequest, artifacts: Callable[[str], Path]
) -> AsyncIterator[School]:
    """People at browsers of the shared product."""
    async for school in _school(browser, product, request, artifacts):
        yield school


@pytest_asyncio.fixture
async def own_school(
    browser: Browser, own_product: Product, request: pytest.FixtureRequest, artifacts: Callable[[str], Path]
) -> AsyncIterator[School]:
    """People at browsers of a product that the test may hurt."""
    async for school in _school(browser, own_product, request, artifacts):
        yield school
