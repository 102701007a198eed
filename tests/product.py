"""The real product as a child process: what the tests and benches of the whole drive.

Started on random free ports with a data directory of its own; stopped with SIGINT, which must end
it cleanly. Roles are found among its descendants by their command line.
"""

import os
import re
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self, TypeVar

from msgspec import Struct

ROOT = Path(__file__).resolve().parent.parent
ARTIFACTS = ROOT / "test-artifacts"
READY = re.compile(r"\bready\b.*?(https?://[^\s\"']+)", re.IGNORECASE)
ROLES = ("gateway", "media", "recorder")

T = TypeVar("T")

STOP_SECONDS = 15.0
"""More than the product takes (`./run bench start` tells), for machines that do much else."""


class ProductError(AssertionError):
    """The product did not do what every start and stop must do; carries the end of its log."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def free_media_ports(count: int) -> int:
    """The first of ``count`` neighbouring ports that are free for UDP and TCP."""
    for _ in range(200):
        first = secrets.randbelow(20000) + 20000
        try:
            for port in range(first, first + count):
                for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                    with socket.socket(socket.AF_INET, kind) as probe:
                        probe.bind(("0.0.0.0", port))
        except OSError:
            continue
        return first
    raise RuntimeError("no free media ports")


def wait_until(condition: Callable[[], T | None], what: str, seconds: float = 30.0) -> T:
    """The condition's first true value; fails with ``what`` when it does not come."""
    deadline = time.monotonic() + seconds
    while True:
        if value := condition():
            return value
        if time.monotonic() > deadline:
            raise ProductError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.02)


class Process(Struct, frozen=True):
    """A process as /proc tells. ``started``: clock ticks since boot; tells a new process of an old pid."""

    pid: int
    parent: int
    command: str
    started: int


def processes() -> dict[int, Process]:
    found: dict[int, Process] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            found[int(entry.name)] = Process(int(entry.name), int(fields[1]), command, int(fields[19]))
    return found


def descendants(root: int) -> list[Process]:
    every = processes()
    found: list[Process] = []
    front = {root}
    while front:
        children = [process for process in every.values() if process.parent in front]
        found += children
        front = {process.pid for process in children}
    return found


class Product:
    """``prefix``: words before the command, such as ``ip netns exec NAME``."""

    def __init__(
        self,
        directory: Path,
        *,
        host: str = "127.0.0.1",
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        prefix: Sequence[str] = (),
        media_workers: int = 1,
    ) -> None:
        self.directory = directory
        self.data = directory / "data"
        self.log_path = directory / "product.log"
        self.host = host
        self.port = free_port()
        self.media_port = free_media_ports(media_workers)
        self.media_workers = media_workers
        self.password = secrets.token_urlsafe(12)
        self.url = ""
        self._arguments = list(arguments)
        self._environment = dict(environment or {})
        self._prefix = list(prefix)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def command(self) -> list[str]:
        return [
            *self._prefix,
            *(sys.executable, "-m", "signaling.cli", "serve", "--demo"),
            *("--host", self.host, "--port", str(self.port)),
            *("--media-port", str(self.media_port), "--media-workers", str(self.media_workers)),
            *("--data", str(self.data)),
            *self._arguments,
        ]

    def start(self, seconds: float = 60.0) -> Self:
        """Returns once the ready line was printed."""
        self.directory.mkdir(parents=True, exist_ok=True)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("CLASSROOM_")}
        environment = {
            **inherited,
            **{name: os.environ[name] for name in ("CLASSROOM_FANOUT",) if name in os.environ},
            "PYTHONUNBUFFERED": "1",
            "CLASSROOM_DEMO_PASSWORD": self.password,
            **self._environment,
        }
        before = self.log_path.stat().st_size if self.log_path.exists() else 0
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        process = self._process

        def ready() -> str | None:
            if process.poll() is not None:
                raise ProductError(
                    f"the product ended with {process.returncode} instead of getting ready:\n{self.tail()}"
                )
            line = READY.search(self.output()[before:])
            return line[1].rstrip("/.,)") if line else None

        try:
            self.url = wait_until(ready, "the ready line", seconds)
        except ProductError as error:
            self.kill()
            raise ProductError(f"{error}\n{self.tail()}") from None
        return self

    # --- what it says -----------------------------------------------------------------------------

    def output(self) -> str:
        return self.log_path.read_bytes().decode(errors="replace") if self.log_path.exists() else ""

    def tail(self, lines: int = 60) -> str:
        return "\n".join(self.output().splitlines()[-lines:])

    def get(self, path: str, timeout: float = 5.0) -> str:
        """The body of a GET on loopback, certificate not verified."""
        context = ssl._create_unverified_context() if self.url.startswith("https") else None
        with urllib.request.urlopen(self.url + path, timeout=timeout, context=context) as answer:
            return str(answer.read().decode())

    # --- its processes ----------------------------------------------------------------------------

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def roles(self) -> dict[str, list[Process]]:
        """The processes of each role, and ``supervisor``: the one that started them."""
        found: dict[str, list[Process]] = {role: [] for role in ROLES}
        found["supervisor"] = [process for pid, process in processes().items() if pid == self.pid]
        for process in descendants(self.pid):
            for role in ROLES:
                if re.search(rf"(?<![\w/.-]){role}(?![\w/-])", process.command):
                    found[role].append(process)
                    break
        return found

    def role(self, name: str) -> Process:
        found = self.roles()[name]
        if not found:
            lines = "\n".join(f"{process.pid} {process.command}" for process in descendants(self.pid))
            raise ProductError(f"no process of the role {name} among:\n{lines}")
        return found[0]

    def kill_role(self, name: str, number: int = signal.SIGKILL, seconds: float = 30.0) -> Process:
        """Kill the role's process and return the one that the supervisor started in its place."""
        old = self.role(name)
        os.kill(old.pid, number)

        def replaced() -> Process | None:
            return next((process for process in self.roles()[name] if process.pid != old.pid), None)

        return wait_until(replaced, f"a new {name} after {old.pid} was killed", seconds)

    # --- its end ----------------------------------------------------------------------------------

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Ctrl-C as a terminal sends it. Fails unless all of it ends by itself, cleanly and in time."""
        process = self._process
        if process is None:
            return
        if process.poll() is not None:
            code = process.returncode
            self._process = None
            raise ProductError(f"the product had ended by itself with {code}:\n{self.tail()}")
        process.send_signal(signal.SIGINT)
        self.stop_wait(seconds)

    def stop_wait(self, seconds: float = STOP_SECONDS) -> None:
        """Like ``stop``, where the signal was sent by somebody else."""
        process = self._process
        assert process is not None
        children = [child.pid for child in descendants(process.pid)]
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ProductError(
                f"still there {seconds:.0f} s after it was told to stop:\n{self.tail()}"
            ) from None
        self._process = None
        alive = processes()
        orphans = [alive[pid].command for pid in children if pid in alive]
        for pid in children:
            if pid in alive:
                os.kill(pid, signal.SIGKILL)
        if orphans:
            raise ProductError(f"left behind when stopped: {orphans}\n{self.tail()}")
        if code not in (0, 128 + signal.SIGINT, 128 + signal.SIGTERM):
            raise ProductError(f"ended with {code} when stopped:\n{self.tail()}")

    def kill(self) -> None:
        """End it and its children the hard way; for clearing up after a failure."""
        process = self._process
        if process is None:
            return
        pids = [child.pid for child in descendants(process.pid)]
        for pid in (process.pid, *pids):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        process.wait(10)
        self._process = None

    def keep_evidence(self, name: str) -> None:
        """Copy the log to test-artifacts/."""
        target = ARTIFACTS / name
        target.mkdir(parents=True, exist_ok=True)
        if self.log_path.exists():
            shutil.copy(self.log_path, target / f"{self.directory.name}.log")
