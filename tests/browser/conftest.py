"""Real browsers: Chromium for every test, each participant in a context of its own."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser.chromium import chromium
from tests.browser.pages import School
from tests.conftest import FAILED
from tests.product import Product


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


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
