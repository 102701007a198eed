"""The databases that the stores are held to: one file of SQLite, one database of a real PostgreSQL."""

import asyncio
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from classroom.stores.database import open_stores
from classroom.stores.schema import metadata
from tests.services import PostgresServer


class Ground(Protocol):
    """``url``: what ``open_stores`` takes. ``tamper``: a statement past the product; raises if refused."""

    kind: str
    url: str

    def tamper(self, statement: str) -> None: ...


class SqliteGround:
    kind = "sqlite"

    def __init__(self, directory: Path, template: "SqliteGround | None" = None) -> None:
        self.url = str(directory)
        self.file = directory / "classroom.db"
        if template is not None:
            directory.mkdir()
            shutil.copy(template.file, self.file)

    def tamper(self, statement: str) -> None:
        connection = sqlite3.connect(self.file, timeout=10)
        try:
            with connection:
                connection.execute(statement)
        finally:
            connection.close()


class PostgresGround:
    kind = "postgres"

    def __init__(self, server: PostgresServer, template: "PostgresGround | None" = None) -> None:
        self._server = server
        self.name = server.create("template1" if template is None else template.name)
        self.url = server.url(self.name)

    def clear(self) -> None:
        """Empty every table, past the guards."""
        tables = ", ".join(table.name for table in metadata.sorted_tables)
        self._server.sql(
            f"SET session_replication_role = replica; TRUNCATE {tables} RESTART IDENTITY", self.name
        )

    def drop(self) -> None:
        self._server.sql(f'DROP DATABASE "{self.name}" WITH (FORCE)')

    def tamper(self, statement: str) -> None:
        self._server.sql(statement.replace("x'00'", "'\\x00'::bytea"), self.name)


def migrate(ground: Ground) -> None:
    """Bring an empty database up to date, whatever loop the caller may run."""

    async def run() -> None:
        await (await open_stores(ground.url, school="S")).close()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(run())).result()
