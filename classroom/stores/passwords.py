"""Passwords: Argon2id (19 MiB, t=2, p=1) in a small bounded pool of threads, policy, generation.

Passwords are compared in NFC: keyboards of different systems compose Vietnamese letters differently.
"""

import asyncio
import functools
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from classroom.stores.name_key import name_key
from classroom.stores.port import StoreError, TooBusy

T = TypeVar("T")

WORKERS = 2
WAITING_BOUND = 64
"""Calls that may wait for a thread; one more raises TooBusy."""
SHORTEST = 8
LONGEST = 1024
_UNAMBIGUOUS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without i, l, o, 0 and 1, which printed sheets make alike."""

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, type=Type.ID)


class Weakness(StrEnum):
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    IS_USERNAME = "is_username"


class WeakPassword(StoreError):
    """The policy refuses the password; ``weakness`` says why."""

    def __init__(self, weakness: Weakness) -> None:
        super().__init__(f"password refused: {weakness.value}")
        self.weakness = weakness


def check_policy(username: str, password: str) -> None:
    """Raises WeakPassword. Lengths are in characters; nothing is demanded of their kinds."""
    if len(password) < SHORTEST:
        raise WeakPassword(Weakness.TOO_SHORT)
    if len(password) > LONGEST:
        raise WeakPassword(Weakness.TOO_LONG)
    if name_key(password) == name_key(username):
        raise WeakPassword(Weakness.IS_USERNAME)


def generate_password() -> str:
    """Three groups of four, e.g. ``kx7m-pq3r-w9dh``: 59 random bits that can be read aloud."""
    return "-".join("".join(secrets.choice(_UNAMBIGUOUS) for _ in range(4)) for _ in range(3))


def needs_rehash(password_hash: str) -> bool:
    """Whether the hash was made under other parameters than today's."""
    try:
        return _hasher.check_needs_rehash(password_hash)
    except InvalidHashError:
        return True


class Passwords:
    """Owns the threads. Each call holds 19 MiB for the time it computes, so at most ``workers`` do."""

    def __init__(self, workers: int = WORKERS, waiting_bound: int = WAITING_BOUND) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="argon2")
        self._bound = workers + waiting_bound
        self._busy = 0
        self.refused = 0
        """How often TooBusy was raised."""

    async def hash(self, password: str) -> str:
        """A PHC string. Raises TooBusy."""
        return await self._run(functools.partial(_hash, password))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether the password fits; for None (no such account) False, after the same work.

        Raises TooBusy.
        """
        return await self._run(functools.partial(_verify, password_hash, password))

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def _run(self, work: functools.partial[T]) -> T:
        if self._busy >= self._bound:
            self.refused += 1
            raise TooBusy("too many passwords wait to be checked")
        self._busy += 1
        future = self._pool.submit(work)
        # Counted until the thread is free, even when the caller has gone: loops outlive callers.
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda _: _later(loop, self._freed))
        return await asyncio.wrap_future(future)

    def _freed(self) -> None:
        self._busy -= 1


def _later(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(call)


def _normal(password: str) -> bytes:
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


def _hash(password: str) -> str:
    return _hasher.hash(_normal(password))


@functools.cache
def _nobody() -> str:
    """The hash that an unknown account is checked against: nothing fits it."""
    return _hasher.hash(secrets.token_bytes(32))


def _verify(password_hash: str | None, password: str) -> bool:
    if len(password) > LONGEST:
        return False
    try:
        return _hasher.verify(password_hash or _nobody(), _normal(password)) and bool(password_hash)
    except (VerificationError, InvalidHashError):
        return False
