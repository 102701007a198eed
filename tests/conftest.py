"""Fixtures for every test of the whole product."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.proc import without_real_time
from tests.product import ARTIFACTS, Product

FAILED = pytest.StashKey[bool]()
ALONE = (
    "browser",
    "integration",
    "links/test_namespaces.py",
    "media/native",
    "recorder/test_playback.py",
    "test_run.py",
)
"""Tests of whole products, of real time and of builds: beside others they would measure those."""


def pytest_configure() -> None:
    without_real_time()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    alone = tuple(here / place for place in ALONE)
    for item in items:
        if any(place == item.path or place in item.path.parents for place in alone):
            item.add_marker(pytest.mark.alone)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Remember a failure where fixtures can see it when they clear up."""
    outcome: Any = yield
    if outcome.get_result().failed:
        item.stash[FAILED] = True
        if (module := item.getparent(pytest.Module)) is not None:
            module.stash[FAILED] = True


def artifact_name(node: Any) -> str:
    return re.sub(r"[^\w.-]+", "_", node.nodeid).strip("_")[-120:]


@pytest.fixture
def artifacts(request: pytest.FixtureRequest) -> Callable[[str], Path]:
    """Paths for screenshots and traces of this test."""

    def path(name: str) -> Path:
        directory = ARTIFACTS / artifact_name(request.node)
        directory.mkdir(parents=True, exist_ok=True)
        return directory / name

    return path


def _run(product: Product, node: Any) -> Iterator[Product]:
    try:
        product.start()
        yield product
        product.stop()
    except BaseException:
        product.keep_evidence(artifact_name(node))
        raise
    finally:
        if node.stash.get(FAILED, False):
            product.keep_evidence(artifact_name(node))
        product.kill()


@pytest.fixture(scope="module")
def product(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The product with the demonstration school, shared by a module; lessons of tests do not meet.

    Ends with Ctrl-C: a product that does not stop cleanly fails the module's last test.
    """
    yield from _run(Product(tmp_path_factory.mktemp("product")), request.node)


@pytest.fixture
def own_product(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Product]:
    """A product of the test's own, for tests that hurt it."""
    yield from _run(Product(tmp_path / "product"), request.node)


@pytest.fixture(scope="session")
def shared_s3() -> Iterator[Any]:
    """The S3 server of the whole run (``tests.object_store.ObjectStore``); use ``s3``."""
    from tests.object_store import object_store

    with object_store() as store:
        yield store


@pytest.fixture
def s3(shared_s3: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A real S3 server, up and well at the beginning and at the end."""
    from tests.object_store import CREDENTIALS

    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    shared_s3.heal()
    shared_s3.requests.clear()
    yield shared_s3
    shared_s3.heal()
