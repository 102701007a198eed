"""How benches say what they found."""

import json
import math
from typing import Any


def figure(bench: str, name: str, value: float | int | str, unit: str = "", **more: Any) -> None:
    """One JSON line. Floats are rounded to what can be meant."""
    if isinstance(value, float):
        value = round(value, 3) if math.isfinite(value) else str(value)
    print(json.dumps({"bench": bench, "figure": name, "value": value, "unit": unit, **more}), flush=True)
