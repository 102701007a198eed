"""What benches reckon: percentiles, and two conditions compared on a machine whose weather changes."""

import math
import statistics
from collections.abc import Iterator, Sequence
from typing import NamedTuple


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` of all are not above."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else float("nan")


def in_turns(pairs: int) -> Iterator[tuple[bool, bool]]:
    """For each pair, whether its first and its second half have what is tried: without and with, with and without,
    and so on, so that what drifts steadily favours neither."""
    for number in range(pairs):
        yield (False, True) if number % 2 == 0 else (True, False)


class Pair(NamedTuple):
    """What was measured in two halves, one right after the other."""

    without: Sequence[float]
    having: Sequence[float]


class Comparison(NamedTuple):
    """``without``, ``having``: of all halves together, and ``ratio`` the second by the first. ``low``, ``median``,
    ``high``: quartiles of the pairs' own ratios."""

    without: float
    having: float
    ratio: float
    low: float
    median: float
    high: float


def compare(pairs: Sequence[Pair], share: float) -> Comparison:
    """At the percentile ``share``; at least two pairs, none of them empty."""
    without = percentile([value for pair in pairs for value in pair.without], share)
    having = percentile([value for pair in pairs for value in pair.having], share)
    ratios = [percentile(pair.having, share) / percentile(pair.without, share) for pair in pairs]
    low, median, high = statistics.quantiles(ratios, n=4, method="inclusive")
    return Comparison(without, having, having / without, low, median, high)
