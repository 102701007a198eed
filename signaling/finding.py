"""What ``classroom doctor`` finds: one plain line each, and what to do."""

from msgspec import Struct


class Finding(Struct, frozen=True):
    """``state``: ok, note (it works, could be better) or problem. ``todo``: what to do about it."""

    state: str
    what: str
    todo: str = ""

    def __str__(self) -> str:
        label = {"ok": "OK", "note": "note", "problem": "PROBLEM"}[self.state]
        return f"{label:<8} {self.what}" + (f" → {self.todo}" if self.todo else "")


def ok(what: str) -> Finding:
    return Finding("ok", what)


def note(what: str, todo: str) -> Finding:
    return Finding("note", what, todo)


def problem(what: str, todo: str) -> Finding:
    return Finding("problem", what, todo)
