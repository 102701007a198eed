"""Packets per CPU-second of the fanout: one publisher, many subscribers, DTLS-SRTP over loopback.

Run: ``python -m tests.bench.fanout [--subscribers 100] [--rate 300] [--bursts | --paced | --both] [--seconds 3]
[--only native|python|aiortc|floor]``; one JSON line per case, the ratios, and whether that is enough.

The worker, the publisher and the subscribers are processes of their own. The subscribers open every packet,
check its number, and send receiver reports and transport-cc ten times a second, so that all the worker does for
browsers is done. What counts is what arrived there, by the worker's processor time. Beside it: the same by
aiortc's objects, and the floor: the same datagrams, prepared, to as many sockets by one system call a moment.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Any

from media.fanout.choose import IMPLEMENTATIONS
from tests.bench import _cases
from tests.bench._cases import Result
from tests.bench._sums import percentile
from tests.bench._timetable import Load
from tests.bench._verdict import ratios, verdict


def line(result: Result) -> dict[str, Any]:
    tally = result.tally
    expected = result.sent * result.subscribers
    found: dict[str, Any] = {
        "case": result.case,
        "by": result.by,
        "load": result.load.name,
        "rate": result.load.video,
        "subscribers": result.subscribers,
        "packets_per_cpu_second": round(result.per_cpu_second),
        "microseconds_per_packet": round(1e6 / result.per_cpu_second, 2) if tally.packets else None,
        "packets": tally.packets,
        "cpu_seconds": round(result.cpu, 3),
        "lost": expected - tally.packets,
        "loss": round(1 - tally.packets / expected, 5),
    }
    if result.case in ("aiortc", *IMPLEMENTATIONS):
        found |= {
            "out_of_order": tally.late,
            "holes": tally.holes,
            "unopened": tally.unopened,
            "padding": tally.padding,
            "feedback": tally.reports,
            "delay_ms_median": round(percentile(tally.delays, 0.5) * 1000, 2),
            "delay_ms_p99": round(percentile(tally.delays, 0.99) * 1000, 2),
            "warm_rounds": result.warm_rounds,
            "publisher_late_ms": round(result.publisher_late * 1000, 1),
        }
    return found


def tell(**values: Any) -> None:
    print(json.dumps({"bench": "fanout"} | values), flush=True)


async def run(
    only: str | None, loads: Sequence[Load], subscribers: int, seconds: float, woken: bool
) -> list[Result]:
    results: list[Result] = []

    def add(found: list[Result]) -> None:
        results.extend(found)
        for result in found:
            tell(**line(result))

    for name in IMPLEMENTATIONS:
        if only in (None, name):
            add(await _cases.through_worker(name, loads, subscribers, seconds, woken))
    size = _cases.PACKET_SIZE
    if results and results[0].tally.packets:
        # With what it gets of RTCP: a thousandth.
        size = round(results[0].tally.octets / results[0].tally.packets)
    if only in (None, "aiortc"):
        add(await _cases.naive(loads, subscribers, seconds, woken))
    if only in (None, "floor"):
        add(await _cases.floor(loads, subscribers, seconds, woken, size))
    return results


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    arguments.add_argument("--subscribers", type=int, default=100)
    arguments.add_argument("--rate", type=int, default=300, help="video packets a second")
    arguments.add_argument("--seconds", type=float, default=3.0, help="of every case")
    arguments.add_argument("--only", choices=["native", "python", "aiortc", "floor"])
    arguments.add_argument(
        "--swept",
        action="store_true",
        help="subscribers look by the clock; else the sender pays for waking them",
    )
    which = arguments.add_mutually_exclusive_group()
    which.add_argument("--bursts", action="store_true", help="frames, 30 a second")
    which.add_argument("--paced", action="store_true", help="packets evenly spaced")
    which.add_argument("--both", action="store_true", help="one after the other: the default")
    options = arguments.parse_args()
    if options.only in ("native", "python") and options.only not in IMPLEMENTATIONS:
        arguments.error(f"no {options.only} fanout on this machine")
    loads = [
        Load(options.rate, bursts)
        for bursts in (True, False)
        if not (options.paced if bursts else options.bursts)
    ]
    results = asyncio.run(run(options.only, loads, options.subscribers, options.seconds, not options.swept))
    for found in ratios(results):
        tell(**found)
    tell(**verdict(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
