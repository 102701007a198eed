"""Two network namespaces joined by a bad connection: a process between two TUN devices passes packets on by the rules.

Works where the kernel has no ``netem``. As in ``two_namespaces``, the server is at ``SERVER_ADDRESS``, the client at
``CLIENT_ADDRESS``. ``python -m tests.links.tun`` is that process.
"""

import ctypes
import fcntl
import os
import select
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import msgspec
from msgspec import Struct

from tests.browser.namespaces import Namespaces, bare_namespaces, ends, ip
from tests.links.link import Link, Rules

ROOT = Path(__file__).resolve().parent.parent.parent
_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
_CLONE_NEWNET = 0x40000000
_AT_ONCE = 64


class Order(Struct, frozen=True, omit_defaults=True):
    """To the process, a line of JSON each; it answers each with ``Counts``."""

    down: Rules | None = None
    up: Rules | None = None


class Counts(Struct, frozen=True):
    """Packets: passed, dropped by a full queue, lost; each of the way down and up."""

    passed: tuple[int, int]
    overflowed: tuple[int, int]
    lost: tuple[int, int]


class BadLink:
    """``down``: from the server to the client."""

    def __init__(self, namespaces: Namespaces, process: "subprocess.Popen[bytes]") -> None:
        self.namespaces = namespaces
        self._process = process

    def change(self, down: Rules | None = None, up: Rules | None = None) -> None:
        """From now on; None: as before."""
        self._ask(Order(down, up))

    def counts(self) -> Counts:
        return self._ask(Order())

    def _ask(self, order: Order) -> Counts:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(msgspec.json.encode(order) + b"\n")
        stdin.flush()
        answer = stdout.readline()
        assert answer, "the process of the bad link has ended"
        return msgspec.json.decode(answer, type=Counts)


@contextmanager
def bad_link(down: Rules, up: Rules | None = None, *, seed: int = 1) -> Iterator[BadLink]:
    """Needs root, iproute2 and /dev/net/tun. ``up``: by default the delay of ``down`` and nothing else."""
    assert Path("/dev/net/tun").exists(), "this test needs /dev/net/tun: modprobe tun"
    with bare_namespaces() as names:
        server, client = ends(names)
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.links.tun", server[0], server[1], client[0], client[1], str(seed)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        try:
            link = BadLink(names, process)
            # Its answer says that the devices are there.
            link.change(down, up if up is not None else Rules(delay=down.delay))
            for name, device, address in (server, client):
                ip("-n", name, "address", "add", f"{address}/24", "dev", device)
                ip("-n", name, "link", "set", device, "txqueuelen", "5000", "up")
            yield link
        finally:
            process.stdin.close()  # type: ignore[union-attr]
            with suppress(subprocess.TimeoutExpired):
                process.wait(5)
            process.kill()
            process.wait()
            process.stdout.close()  # type: ignore[union-attr]


# --- the process ---


def _open(namespace: str, device: str) -> int:
    """A TUN device belongs to the namespace in which the file was opened, wherever it is read."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/run/netns", namespace).open("rb") as place:
        if libc.setns(place.fileno(), _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns {namespace}")
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, _TUNSETIFF, struct.pack("16sH22x", device.encode(), _IFF_TUN | _IFF_NO_PI))
    return tun


def _pump(tuns: tuple[int, int], links: tuple[Link[bytes], Link[bytes]], orders: IO[bytes]) -> None:
    ways = ((tuns[0], links[0], tuns[1]), (tuns[1], links[1], tuns[0]))
    poll = select.epoll()
    control = orders.fileno()
    for each in (*tuns, control):
        poll.register(each, select.EPOLLIN)
    clock = time.monotonic
    while True:
        due = min((at for link in links if (at := link.next_at()) is not None), default=None)
        wait = -1.0 if due is None else max(0.0, due - clock())
        ready = {each for each, _ in _wait(poll, wait)}
        now = clock()
        for source, link, target in ways:
            if source in ready:
                with suppress(BlockingIOError):
                    for _ in range(_AT_ONCE):
                        packet = os.read(source, 65536)
                        link.offer(packet, len(packet), now)
            for packet in link.take(now):
                # A device that is not up takes nothing.
                with suppress(OSError):
                    os.write(target, packet)
        if control in ready:
            line = orders.readline()
            if not line:
                return
            order = msgspec.json.decode(line, type=Order)
            for link, rules in zip(links, (order.down, order.up), strict=True):
                if rules is not None:
                    link.change(rules, now)
            counts = Counts(
                (links[0].passed, links[1].passed),
                (links[0].overflowed, links[1].overflowed),
                (links[0].lost, links[1].lost),
            )
            sys.stdout.buffer.write(msgspec.json.encode(counts) + b"\n")
            sys.stdout.buffer.flush()


def _wait(poll: select.epoll, seconds: float) -> list[tuple[int, int]]:
    """epoll counts in milliseconds; what is shorter is slept for."""
    if 0 < seconds < 0.001:
        ready = poll.poll(0)
        if not ready:
            time.sleep(min(seconds, 0.0005))
        return ready
    return poll.poll(seconds if seconds < 0 else int(seconds * 1000) / 1000)


def main() -> int:
    server, server_device, client, client_device, seed = sys.argv[1:]
    tuns = (_open(server, server_device), _open(client, client_device))
    links: tuple[Link[bytes], Link[bytes]] = (Link(Rules(), int(seed)), Link(Rules(), int(seed) + 1))
    _pump(tuns, links, sys.stdin.buffer.raw)  # type: ignore[attr-defined]
    return 0


if __name__ == "__main__":
    sys.exit(main())
