"""What the figures of a fanout bench come to: ratios, and whether they are what was promised."""

from collections.abc import Iterable
from typing import Any

from tests.bench._cases import Result
from tests.bench._timetable import VOICE, Load

PROMISED = {
    ("native", Load(300, True)): 190_000,
    ("native", Load(300, False)): 130_000,
    ("native", Load(1000, True)): 340_000,
    ("python", Load(300, True)): 90_000,
}
"""Packets per CPU-second on the machine of the prototype, 100 subscribers."""

PROTOTYPE = {Load(300, True): 197_000, Load(300, False): 128_000, Load(1000, True): 378_000}
"""What the prototype reached there, all features off (paced: 108,000 to 148,000)."""
_SINGLE = 4.0
_SEGMENT = {Load(300, True): 1.2, Load(300, False): _SINGLE, Load(1000, True): 0.8}
"""Microseconds of the bare kernel there: a datagram by itself, or one of 10 or of 32 segments."""
OF_PROTOTYPE = 0.9


def prototype_ratio(load: Load) -> float | None:
    """The prototype by the floor of its machine, of the same mixture of segments and single datagrams."""
    if load not in PROTOTYPE:
        return None
    microseconds = (load.video * _SEGMENT[load] + VOICE * _SINGLE) / load.packets
    return PROTOTYPE[load] * microseconds / 1e6


def ratios(results: Iterable[Result]) -> list[dict[str, Any]]:
    """One for each load. The floor: the cheaper of both ways of sending."""
    by_load: dict[Load, dict[str, float]] = {}
    for result in results:
        by_load.setdefault(result.load, {})[result.case] = result.per_cpu_second
    found: list[dict[str, Any]] = []
    for load, rates in by_load.items():
        floors = [rate for case, rate in rates.items() if case.startswith("floor")]
        wanted = {
            "native/floor": (rates.get("native"), max(floors, default=None)),
            "native/twin": (rates.get("native"), rates.get("python")),
            "native/aiortc": (rates.get("native"), rates.get("aiortc")),
            "twin/floor": (rates.get("python"), max(floors, default=None)),
            "twin/aiortc": (rates.get("python"), rates.get("aiortc")),
        }
        known = {name: round(a / b, 3) for name, (a, b) in wanted.items() if a and b}
        if known:
            found.append({"case": "ratios", "load": load.name, "rate": load.video} | known)
    return found


def _floor(results: Iterable[Result], load: Load, hot: bool) -> float | None:
    """Of the same kind as the prototype's: segments for frames, single datagrams for paced (which have no hot
    floor of their own: nothing is to wait for)."""
    case = ("hot " if hot else "") + ("floor segments" if load.bursts else "floor sendmmsg")
    measured = load._replace(bursts=True) if hot else load
    return next((r.per_cpu_second for r in results if r.load == measured and r.case == case), None)


def verdict(results: list[Result]) -> dict[str, Any]:
    """``met``: the promised figure is reached. ``met_by_ratio``: what decides where the machine is another: at
    least ``OF_PROTOTYPE`` of the prototype's ratio to the floor of this run. How its floor was measured is
    not known: the ratio to the hot floor is told beside it."""
    parts: dict[str, Any] = {}
    for result in results:
        rate = result.per_cpu_second
        promised = PROMISED.get((result.case, result.load))
        if promised is None:
            continue
        part: dict[str, Any] = {"is": round(rate), "promised": promised, "met": rate >= promised}
        floor, before = _floor(results, result.load, False), prototype_ratio(result.load)
        hot = _floor(results, result.load, True)
        if result.case == "native" and floor and before:
            part["prototype_to_floor"] = round(before, 3)
            part["to_floor"] = round(rate / floor, 3)
            part["met_by_ratio"] = rate / floor >= OF_PROTOTYPE * before
            part["to_hot_floor"] = round(rate / hot, 3) if hot else None
        parts[f"{result.case} {result.load.name} at {result.load.video}/s"] = part
    is_whole = bool(parts) and all(result.subscribers == 100 for result in results)
    return {
        "case": "verdict",
        "met": all(part["met"] for part in parts.values()) if is_whole else None,
        "lost_nothing": all(r.tally.packets == r.sent * r.subscribers for r in results if r.warm_rounds),
        **parts,
    }
