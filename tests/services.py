"""Throw-away PostgreSQL and Redis servers for tests: real ones, on Unix sockets in directories of their own.

Import the fixtures into a ``conftest.py``: ``from tests.services import postgres, redis_url``.
A server that cannot be started fails the test with a sentence; it never skips.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

_PATIENCE = 30.0


def _as_user(user: str | None) -> list[str]:
    """The words before a command that is to run as another user and to die with this process."""
    if setpriv := shutil.which("setpriv"):
        words = [setpriv, "--pdeathsig", "KILL"]
        if user:
            words += [f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--clear-groups"]
        return words
    if user:
        runuser = shutil.which("runuser")
        if runuser is None:
            pytest.fail("PostgreSQL does not run as root, and neither setpriv nor runuser is installed")
        return [runuser, "-u", user, "--"]
    return []


def _until(process: subprocess.Popen[bytes], probe: list[str], log: Path) -> None:
    """Wait until ``probe`` succeeds, ``process`` dies, or patience ends."""
    pause = threading.Event()
    waited = 0.0
    while subprocess.run(probe, capture_output=True, check=False).returncode != 0:
        if process.poll() is not None or waited > _PATIENCE:
            pytest.fail(f"{process.args} did not start:\n{log.read_text(errors='replace')[-2000:]}")
        pause.wait(0.05)
        waited += 0.05


def _stop(process: subprocess.Popen[bytes], by: signal.Signals) -> None:
    process.send_signal(by)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def postgres_binaries() -> Path:
    """Where initdb and postgres are: the newest of Debian's, else on the PATH."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if found:
        return max(found, key=lambda path: int(path.parent.name))
    if (initdb := shutil.which("initdb")) is not None:
        return Path(initdb).resolve().parent
    pytest.fail(
        "PostgreSQL is not installed: `./run test` as root installs it, or: apt-get install postgresql"
    )


def _quick_directory() -> str:
    """Memory where there is enough of it; else the disk."""
    try:
        memory = os.statvfs("/dev/shm")
        if memory.f_bavail * memory.f_frsize > 500_000_000 and os.access("/dev/shm", os.W_OK):
            return "/dev/shm"
    except OSError:
        pass
    return "/tmp"


class PostgresServer:
    """One cluster. It forgets everything at a power cut, and is quick for that."""

    def __init__(self) -> None:
        self._binaries = postgres_binaries()
        self._directory = Path(tempfile.mkdtemp(prefix="pg", dir=_quick_directory()))
        self._user = None
        if os.geteuid() == 0:
            self._user = "postgres"
            try:
                shutil.chown(self._directory, "postgres", "postgres")
            except LookupError:
                pytest.fail("PostgreSQL does not run as root, and there is no user postgres")
        data = self._directory / "data"
        before = _as_user(self._user)
        made = subprocess.run(
            [*before, str(self._binaries / "initdb"), "--no-sync", "--auth=trust", "--username=postgres",
             "--encoding=UTF8", "--locale=C.UTF-8", "-D", str(data)],
            capture_output=True, check=False, cwd="/",
        )  # fmt: skip
        if made.returncode != 0:
            pytest.fail(f"initdb failed: {made.stderr.decode(errors='replace')[-2000:]}")
        log = self._directory / "log"
        settings = {"listen_addresses": "", "fsync": "off", "full_page_writes": "off",
                    "unix_socket_directories": str(self._directory), "shared_buffers": "16MB", "wal_level": "minimal",
                    "max_wal_senders": "0", "autovacuum": "off"}  # fmt: skip
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [*before, str(self._binaries / "postgres"), "-D", str(data),
                 *(word for name, value in settings.items() for word in ("-c", f"{name}={value}"))],
                stdout=output, stderr=output, cwd="/",
            )  # fmt: skip
        _until(self._process, [str(self._binaries / "pg_isready"), "-q", "-h", str(self._directory)], log)

    def create(self, template: str = "template1") -> str:
        """A new database, empty or like ``template``; its name."""
        name = f"t{uuid.uuid4().hex[:12]}"
        self.sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def url(self, name: str) -> str:
        return f"postgresql://postgres@/{name}?host={self._directory}"

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run one statement past the product, as an intruder or an administrator would."""
        done = subprocess.run(
            [str(self._binaries / "psql"), "-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-U", "postgres",
             "-h", str(self._directory), "-d", database, "-c", statement],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()

    def close(self) -> None:
        _stop(self._process, signal.SIGQUIT)  # at once: nothing needs to be kept
        shutil.rmtree(self._directory, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    server = PostgresServer()
    try:
        yield server
    finally:
        server.close()


@pytest.fixture(scope="session")
def _redis_server() -> Iterator[str]:
    binary = shutil.which("redis-server")
    if binary is None:
        pytest.fail(
            "Redis is not installed: `./run test` as root installs it, or: apt-get install redis-server"
        )
    directory = Path(tempfile.mkdtemp(prefix="redis", dir="/tmp"))
    where, log = directory / "socket", directory / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*_as_user(None), binary, "--port", "0", "--unixsocket", str(where), "--save", "",
             "--appendonly", "no", "--dir", str(directory)],
            stdout=output, stderr=output,
        )  # fmt: skip
    try:
        _until(process, ["redis-cli", "-s", str(where), "PING"], log)
        yield str(where)
    finally:
        _stop(process, signal.SIGINT)
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def redis_url(_redis_server: str) -> str:
    """An empty Redis."""
    subprocess.run(["redis-cli", "-s", _redis_server, "FLUSHALL"], capture_output=True, check=True)
    return f"unix://{_redis_server}?db=0"
