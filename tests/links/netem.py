"""The same between two namespaces by the kernel itself: ``tc netem``, where there is one."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.browser.namespaces import Namespaces, bare_namespaces, ends, two_namespaces
from tests.links.link import Rules


def words(rules: Rules) -> list[str]:
    """What ``tc qdisc … netem`` takes for them."""
    found: list[str] = []
    if rules.delay or rules.jitter or rules.reordered:
        found += ["delay", f"{(rules.delay + rules.jitter / 2) * 1000:.3f}ms"]
        if rules.jitter:
            found.append(f"{rules.jitter * 500:.3f}ms")
    if rules.bursts:
        found += [
            "loss",
            "gemodel",
            f"{rules.bursts * 100:.3f}%",
            f"{100 / max(1.0, rules.burst_packets):.3f}%",
        ]
    elif rules.loss:
        found += ["loss", f"{rules.loss * 100:.3f}%"]
    if rules.reordered:
        # netem sends these at once, ahead of the others.
        found += ["reorder", f"{rules.reordered * 100:.3f}%"]
    if rules.rate:
        found += ["rate", f"{int(rules.rate * 8)}bit"]
    # Packets, not octets: of full ones.
    return [*found, "limit", str(max(2, int(rules.queue_limit / 1300) + _in_flight(rules)))]


def _in_flight(rules: Rules) -> int:
    """netem's limit counts those that wait for their delay as well."""
    return int((rules.rate or 12_500_000) * rules.delay / 1300) + 1


def _shape(namespace: str, device: str, rules: Rules, verb: str) -> "subprocess.CompletedProcess[str]":
    command = ["tc", "-n", namespace, "qdisc", verb, "dev", device, "root", "netem", *words(rules)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def missing() -> str | None:
    """Why ``netem_link`` cannot work here, or None."""
    with bare_namespaces() as names:
        done = _shape(names.server, "lo", Rules(delay=0.01), "add")
    return None if done.returncode == 0 else f"tc netem: {done.stderr.strip()}"


class NetemLink:
    def __init__(self, namespaces: Namespaces) -> None:
        self.namespaces = namespaces

    def change(self, down: Rules | None = None, up: Rules | None = None, verb: str = "change") -> None:
        for (name, device, _), rules in zip(ends(self.namespaces), (down, up), strict=True):
            if rules is not None:
                done = _shape(name, device, rules, verb)
                assert done.returncode == 0, done.stderr


@contextmanager
def netem_link(down: Rules, up: Rules | None = None) -> Iterator[NetemLink]:
    with two_namespaces() as names:
        link = NetemLink(names)
        link.change(down, up if up is not None else Rules(delay=down.delay), "add")
        yield link
