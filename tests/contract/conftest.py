"""Fixtures of the contract suites: the stores on every database that may serve them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from classroom.stores.database import Database, open_stores
from tests.contract.grounds import Ground, PostgresGround, SqliteGround
from tests.services import _redis_server, postgres, redis_url

__all__ = ["_redis_server", "postgres", "redis_url"]


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Ground:
    """An empty database."""
    if request.param == "sqlite":
        return SqliteGround(tmp_path / "data")
    return PostgresGround(request.getfixturevalue("postgres"))


@pytest.fixture
async def stores(database: Ground) -> AsyncIterator[Database]:
    opened = await open_stores(database.url, school="Trường thử")
    yield opened
    await opened.close()
