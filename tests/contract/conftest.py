"""Fixtures of the contract suites: the stores on every database that may serve them."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from classroom.stores.database import Database, open_stores
from tests.contract.grounds import Ground, PostgresGround, SqliteGround, migrate
from tests.services import PostgresServer, _redis_server, postgres, redis_url

__all__ = ["_redis_server", "postgres", "redis_url"]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> SqliteGround:
    ground = SqliteGround(tmp_path_factory.mktemp("template") / "data")
    migrate(ground)
    return ground


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer) -> PostgresGround:
    """Lent to every test in turn: to make a database takes PostgreSQL longer than most tests."""
    ground = PostgresGround(postgres)
    migrate(ground)
    return ground


@pytest.fixture(params=["sqlite", "postgres"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def empty_database(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ground]:
    """A database that nobody has opened yet."""
    if kind == "sqlite":
        yield SqliteGround(tmp_path / "empty")
        return
    ground = PostgresGround(request.getfixturevalue("postgres"))
    yield ground
    ground.drop()


@pytest.fixture
def own_database(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ground]:
    """A database that is up to date, for tests that change its schema."""
    if kind == "sqlite":
        yield SqliteGround(tmp_path / "own", request.getfixturevalue("sqlite_template"))
        return
    template = request.getfixturevalue("postgres_template")
    template.clear()
    ground = PostgresGround(request.getfixturevalue("postgres"), template)
    yield ground
    ground.drop()


@pytest.fixture
def database(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Ground:
    """A database that is up to date and holds nothing."""
    if kind == "sqlite":
        return SqliteGround(tmp_path / "data", request.getfixturevalue("sqlite_template"))
    ground: PostgresGround = request.getfixturevalue("postgres_template")
    ground.clear()
    return ground


@pytest.fixture
async def stores(database: Ground) -> AsyncIterator[Database]:
    opened = await open_stores(database.url, school="Trường thử")
    yield opened
    await opened.close()
