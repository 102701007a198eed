"""Time and ids as the shells take them; tests give their own."""

import secrets
import time
from collections.abc import Callable

Clock = Callable[[], int]
"""Milliseconds since the epoch, UTC."""
MakeId = Callable[[], str]


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def make_id() -> str:
    """128 random bits, URL-safe: not guessable, so an id may be all that names a thing."""
    return secrets.token_urlsafe(16)
