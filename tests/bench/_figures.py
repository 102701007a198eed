"""How benches say what they found."""

import json
import math
from collections.abc import Sequence
from typing import Any


def figure(bench: str, name: str, value: float | int | str, unit: str = "", **more: Any) -> None:
    """One JSON line. Floats are rounded to what can be meant."""
    if isinstance(value, float):
        value = round(value, 3) if math.isfinite(value) else str(value)
    print(json.dumps({"bench": bench, "figure": name, "value": value, "unit": unit, **more}), flush=True)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` of all are not above."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else float("nan")
