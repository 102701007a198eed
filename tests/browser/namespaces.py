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
    """``links``: the server's end of the pair, the client's."""

    server: str
    client: str
    links: tuple[str, str]

    @property
    def in_server(self) -> tuple[str, ...]:
        return ("ip", "netns", "exec", self.server)

    @property
    def in_client(self) -> tuple[str, ...]:
        return ("ip", "netns", "exec", self.client)

    def block(self, protocol: str, ports: str = "1-65534") -> None:
        """From now on what goes to or comes from these ports of the server is dropped silently, as a
        firewall does. Established connections too."""
        for name, link, end in ((self.server, self.links[0], "dport"), (self.client, self.links[1], "sport")):
            if len(_rules(name)) == 3:
                # The lookup of own addresses comes first by default, and nothing can be put before it.
                ip("-n", name, "rule", "add", "pref", "100", "lookup", "local")
                ip("-n", name, "rule", "del", "pref", "0")
            rule = ("pref", "10", "iif", link, "ipproto", protocol, end, ports, "blackhole")
            ip("-n", name, "rule", "add", *rule)

    def limit_rate(self, rate: str) -> None:
        """What the server sends to the client passes at ``rate`` (in ``tc``'s words), by a queue of 300 ms."""
        shape = ("root", "tbf", "rate", rate, "burst", "3000", "latency", "300ms")
        done = subprocess.run(
            ["tc", "-n", self.server, "qdisc", "replace", "dev", self.links[0], *shape],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"tc: {done.stderr.strip()}"


def _rules(name: str) -> list[str]:
    shown = subprocess.run(["ip", "-n", name, "rule"], capture_output=True, text=True, check=True)
    return shown.stdout.splitlines()


def ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr.strip()}"


@contextmanager
def bare_namespaces() -> Iterator[Namespaces]:
    """Two that nothing joins, each with its loopback only; needs root and iproute2."""
    assert os.geteuid() == 0, "this test makes network namespaces: run it as root"
    assert shutil.which("ip"), "this test needs iproute2: apt-get install iproute2"
    number = os.getpid() % 100000
    names = Namespaces(f"classroom-s{number}", f"classroom-c{number}", (f"cls{number}", f"clc{number}"))
    made: list[str] = []
    try:
        for name in (names.server, names.client):
            ip("netns", "add", name)
            made.append(name)
            ip("-n", name, "link", "set", "lo", "up")
        yield names
    finally:
        for name in made:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)


def ends(names: Namespaces) -> tuple[tuple[str, str, str], ...]:
    """Namespace, name of its interface, address: of the server and of the client."""
    return (
        (names.server, names.links[0], SERVER_ADDRESS),
        (names.client, names.links[1], CLIENT_ADDRESS),
    )


@contextmanager
def two_namespaces() -> Iterator[Namespaces]:
    """Made for the test and torn down after it."""
    with bare_namespaces() as names:
        server, client = ends(names)
        ip("link", "add", server[1], "type", "veth", "peer", "name", client[1])
        for name, link, address in (server, client):
            ip("link", "set", link, "netns", name)
            ip("-n", name, "address", "add", f"{address}/24", "dev", link)
            ip("-n", name, "link", "set", link, "up")
        yield names
