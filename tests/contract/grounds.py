"""The databases that the stores are held to: one file of SQLite, one database of a real PostgreSQL."""

import sqlite3
from pathlib import Path
from typing import Protocol

from tests.services import PostgresServer


class Ground(Protocol):
    """``url``: what ``open_stores`` takes. ``tamper``: a statement past the product; raises if refused."""

    kind: str
    url: str

    def tamper(self, statement: str) -> None: ...


class SqliteGround:
    kind = "sqlite"

    def __init__(self, directory: Path) -> None:
        self.url = str(directory)
        self.file = directory / "classroom.db"

    def tamper(self, statement: str) -> None:
        connection = sqlite3.connect(self.file, timeout=10)
        try:
            with connection:
                connection.execute(statement)
        finally:
            connection.close()


class PostgresGround:
    kind = "postgres"

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self.name = server.create()
        self.url = server.url(self.name)

    def tamper(self, statement: str) -> None:
        self._server.sql(statement.replace("x'00'", "'\\x00'::bytea"), self.name)
