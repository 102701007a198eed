"""The supervisor as a process, over roles that do nothing but what the real ones' shell does."""

import asyncio
import functools
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("serve_fake.py")
ROLES = {"gateway", "media.0", "media.1", "recorder"}


async def until(condition: Callable[[], object], what: str) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - of other processes
            await asyncio.sleep(0.02)
    assert condition(), what


def is_alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text() if Path("/proc").is_dir() else ""
    except OSError:
        return False
    if status:
        return status.rpartition(")")[2].split()[0] != "Z"
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


class Served:
    def __init__(self, data: Path) -> None:
        self.data = data
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    async def start(self, *behaviours: str) -> None:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, str(PROGRAM), str(self.data), str(self.port), *behaviours,
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip

    async def ready(self) -> str:
        assert self.process.stdout is not None
        async with asyncio.timeout(30):
            return (await self.process.stdout.readline()).decode()

    async def end(self) -> tuple[int, str, str]:
        async with asyncio.timeout(20):
            out, err = await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode, out.decode(), err.decode()

    def diary(self) -> list[tuple[str, str, int]]:
        path = self.data / "diary"
        lines = path.read_text().splitlines() if path.exists() else []
        return [(word, name, int(pid)) for word, name, pid in (line.split() for line in lines)]

    def pids(self, role: str) -> list[int]:
        return [pid for word, name, pid in self.diary() if word == "start" and name == role]


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    made = Served(tmp_path / "data")
    yield made
    with suppress(ProcessLookupError, AttributeError):
        made.process.kill()
        await made.process.communicate()
    await until(lambda: not any(is_alive(pid) for _, _, pid in made.diary()), "no orphans")


async def test_ready_then_stopped_in_order(served: Served) -> None:
    await served.start()
    assert await served.ready() == f"ready: http://127.0.0.1:{served.port}/\n"
    served.process.send_signal(signal.SIGINT)
    served.process.send_signal(signal.SIGINT)  # as a terminal and a shell both may
    status, out, err = await served.end()
    assert (status, out) == (0, "")
    assert "role_killed" not in err
    assert {name for word, name, _ in served.diary() if word == "start"} == ROLES
    ends = [(word, name.partition(".")[0]) for word, name, _ in served.diary() if word != "start"]
    assert ends[:2] == [("stopping", "gateway"), ("stopped", "gateway")]
    assert ends[-2:] == [("stopping", "recorder"), ("stopped", "recorder")]
    assert len(ends) == 8
    assert not (served.data / "run").exists()


@pytest.mark.parametrize("role", ["gateway", "media.1", "recorder"])
async def test_a_killed_role_is_started_again(served: Served, role: str) -> None:
    await served.start()
    await served.ready()
    for number in range(2):
        os.kill(served.pids(role)[number], signal.SIGKILL)
        await until(functools.partial(lambda n: len(served.pids(role)) == n + 2, number), "another start")
    served.process.send_signal(signal.SIGTERM)
    status, out, err = await served.end()
    assert (status, out) == (0, "")  # one ready line, however often a role came back
    assert err.count('"role_died"') == 2
    assert all(len(served.pids(other)) == 1 for other in ROLES - {role})


async def test_no_role_outlives_a_killed_supervisor(served: Served) -> None:
    await served.start()
    await served.ready()
    pids = [pid for _, _, pid in served.diary()]
    assert len(pids) == 4
    served.process.kill()
    await served.end()
    await until(lambda: not any(is_alive(pid) for pid in pids), "all roles gone")
    stopped = {name for word, name, _ in served.diary() if word == "stopped"}
    assert stopped == ROLES  # cleanly, at that
    await served.start()  # nothing left behind hinders the next start
    assert "ready" in await served.ready()


async def test_a_role_that_does_not_stop_is_killed(served: Served) -> None:
    await served.start("media.0=stuck")
    await served.ready()
    served.process.send_signal(signal.SIGINT)
    status, _, err = await served.end()
    assert status == 0
    assert '"role_killed"' in err
    assert ("stopped", "recorder", served.pids("recorder")[0]) in served.diary()


async def test_a_role_that_never_gets_ready_ends_the_start(served: Served) -> None:
    await served.start("recorder=crash")
    status, out, err = await served.end()
    assert (status, out) == (1, "")
    assert "recorder: it ended 3 times before it was ready" in err
    assert len(served.pids("recorder")) == 3


async def test_a_taken_port_ends_the_start(served: Served) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", served.port))
        taken.listen()
        await served.start("gateway=unusable")
        status, out, err = await served.end()
    assert (status, out) == (1, "")
    assert "cannot_listen" in err
    assert len(served.pids("gateway")) == 1


async def test_one_server_per_data_directory(served: Served, tmp_path: Path) -> None:
    await served.start()
    await served.ready()
    second = Served(served.data)
    await second.start()
    status, out, err = await second.end()
    assert (status, out) == (1, "")
    assert "another server is running on" in err
