"""Two network namespaces joined by a veth pair: a server and a browser that must not meet on loopback."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct

SERVER_ADDRESS = "10.77.0.1"
CLIENT_ADDRESS = "10.77.0.2"


class Namespaces(Struct, frozen=True):
    server: str
    client: str

    @property
    def in_server(self) -> tuple[str, ...]:
        return ("ip", "netns", "exec", self.server)

    @property
    def in_client(self) -> tuple[str, ...]:
        return ("ip", "netns", "exec", self.client)


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr.strip()}"


@contextmanager
def two_namespaces() -> Iterator[Namespaces]:
    """Made for the test and torn down after it; needs root and iproute2."""
    assert os.geteuid() == 0, "this test makes network namespaces: run it as root"
    assert shutil.which("ip"), "this test needs iproute2: apt-get install iproute2"
    number = os.getpid() % 100000
    names = Namespaces(f"classroom-s{number}", f"classroom-c{number}")
    ends = (
        (names.server, f"cls{number}", SERVER_ADDRESS),
        (names.client, f"clc{number}", CLIENT_ADDRESS),
    )
    made: list[str] = []
    try:
        for name, _, _ in ends:
            _ip("netns", "add", name)
            made.append(name)
        _ip("link", "add", ends[0][1], "type", "veth", "peer", "name", ends[1][1])
        for name, link, address in ends:
            _ip("link", "set", link, "netns", name)
            _ip("-n", name, "address", "add", f"{address}/24", "dev", link)
            _ip("-n", name, "link", "set", link, "up")
            _ip("-n", name, "link", "set", "lo", "up")
        yield names
    finally:
        for name in made:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)
