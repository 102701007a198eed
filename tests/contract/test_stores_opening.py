"""Opening, upgrading and closing a database."""

import asyncio
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from classroom.people import Role
from classroom.stores import schema
from classroom.stores.database import open_stores
from classroom.stores.engines import BadDatabaseUrl
from classroom.stores.migrate import NewerDatabase
from classroom.stores.port import Unavailable
from tests.contract.grounds import Ground, SqliteGround

OPENER = """
import asyncio, sys
from classroom.people import Role
from classroom.stores.database import open_stores
async def main():
    stores = await open_stores(sys.argv[1], school="S")
    await stores.accounts.add(sys.argv[2], sys.argv[2], Role.STUDENT, "$")
    await stores.close()
asyncio.run(main())
"""


async def test_everything_is_there_after_reopening(empty_database: Ground) -> None:
    first = await open_stores(empty_database.url, school="S")
    assert await first.ready()
    account = await first.accounts.add("an", "An", Role.ADMIN, "$")
    await first.close()
    await first.close()
    assert not await first.ready()
    with pytest.raises(Unavailable):
        await first.accounts.add("binh", "Bình", Role.ADMIN, "$")
    with pytest.raises(Unavailable):
        await first.accounts.get(account)
    second = await open_stores(empty_database.url, school="S")
    try:
        assert await second.accounts.get(account) is not None
    finally:
        await second.close()


async def test_many_open_a_new_database_at_once(empty_database: Ground) -> None:
    names = [f"s{number}" for number in range(4)]
    opened = await asyncio.gather(*(open_stores(empty_database.url, school="S") for _ in names))
    await asyncio.gather(
        *(each.accounts.add(name, name, Role.STUDENT, "$") for each, name in zip(opened, names, strict=True))
    )
    for name in names:
        assert await opened[0].accounts.find(name) is not None
    await asyncio.gather(*(each.close() for each in opened))


async def test_many_processes_open_a_new_database_at_once(empty_database: Ground) -> None:
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    names = [f"s{number}" for number in range(3)]
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", OPENER, empty_database.url, name, env=env, stderr=asyncio.subprocess.PIPE
        )
        for name in names
    ]
    for process in processes:
        _, errors = await process.communicate()
        assert process.returncode == 0, errors.decode()
    stores = await open_stores(empty_database.url, school="S")
    try:
        for name in names:
            assert await stores.accounts.find(name) is not None
    finally:
        await stores.close()


async def test_migrations_make_what_the_code_expects(database: Ground) -> None:
    def differences(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, schema.metadata))

    stores = await open_stores(database.url, school="S")
    try:
        async with stores.connections.read() as connection:
            assert await connection.run_sync(differences) == []
    finally:
        await stores.close()


def test_the_revision_in_the_code_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == schema.REVISION


async def test_a_newer_database_is_left_alone(own_database: Ground) -> None:
    own_database.tamper("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(NewerDatabase):
        await open_stores(own_database.url, school="S")


async def test_a_server_that_does_not_answer(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        await open_stores(f"postgresql://u:secret@/db?host={tmp_path}", school="S")


@pytest.mark.parametrize(
    "url", ["mysql://u:secret@h/d", "sqlite://", "sqlite:///:memory:", "://", "postgresql://u:secret@h:x/d"]
)
async def test_a_url_that_names_no_database(url: str) -> None:
    with pytest.raises(BadDatabaseUrl) as caught:
        await open_stores(url, school="S")
    assert "secret" not in str(caught.value)


async def test_sqlite_is_the_owners_alone_and_survives_power_cuts(tmp_path: Path) -> None:
    ground = SqliteGround(tmp_path / "data")
    stores = await open_stores(tmp_path / "data", school="S")
    try:
        await stores.classes.add("10A1")
        assert stat.S_IMODE(ground.file.parent.stat().st_mode) == 0o700
        for file in ground.file.parent.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file

        async def pragma(name: str) -> object:
            async def ask(connection: Any) -> object:
                return (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar()

            return await stores.connections.write(ask)

        assert await pragma("journal_mode") == "wal"
        assert await pragma("synchronous") == 2  # FULL
        assert await pragma("foreign_keys") == 1
        assert await pragma("secure_delete") == 1
    finally:
        await stores.close()


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    file = tmp_path / "classroom.db"
    file.write_bytes(b"not a database" * 1000)
    with pytest.raises(Unavailable):
        await open_stores(file, school="S")
    assert file.read_bytes() == b"not a database" * 1000
