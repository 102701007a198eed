"""How often somebody may try to sign in: the rules are pure, time is an argument, back-ends keep numbers.

Per account: ten failures are free, then each one more closes the account for 1, 2, 4 … seconds, 15
minutes at most; a success forgets them. Per address: failures alone count (300 at once, then one
every two seconds), so that a whole school behind one address gets in at eight in the morning.
How many tries are checked at the same time is bounded by the pool of ``Passwords``.

A try that may go on is charged to its account before the password is checked, so that a hundred tries at
once are not a hundred free tries; ``succeeded`` or ``abandoned`` takes the charge back.
All times are milliseconds since the epoch.
"""
# ruff: noqa: ARG002 (each event carries all its facts; a back-end uses those it needs)

import hashlib
import ipaddress
from collections import OrderedDict
from typing import Protocol, TypeVar

from msgspec import Struct

from classroom.stores.name_key import name_key

Value = TypeVar("Value")

FREE_FAILURES = 10
FIRST_DELAY_MS = 1_000
LONGEST_DELAY_MS = 15 * 60_000
ACCOUNT_MEMORY_MS = 24 * 3_600_000
"""So long after the last failure an account's failures are forgotten."""
ADDRESS_FAILURES = 300
ADDRESS_EVERY_MS = 2_000
ADDRESS_DEBT_MS = ADDRESS_FAILURES * ADDRESS_EVERY_MS
ENTRIES_BOUND = 50_000
"""Accounts, and addresses, remembered in one process; the least lately used is forgotten first."""


class Throttle(Protocol):
    """Shared by every gateway of a school when it is kept in Redis. All methods are atomic."""

    async def try_later(self, username: str, address: str, now: int) -> int | None:
        """None: go on and check the password; else: refuse, and say to come back after so many ms."""
        ...

    async def failed(self, username: str, address: str, now: int) -> None:
        """The password was wrong (the account is charged already)."""
        ...

    async def succeeded(self, username: str, address: str, now: int) -> None: ...

    async def abandoned(self, username: str, address: str, now: int) -> None:
        """The password was not checked after all (the pool was full)."""
        ...

    async def close(self) -> None: ...


class Failures(Struct, frozen=True):
    """What is known of an account. It is closed until ``closed_until``."""

    count: int = 0
    closed_until: int = 0
    last_at: int = 0


def wait_for_account(failures: Failures, now: int) -> int:
    """How long the account is still closed, in ms."""
    return max(0, failures.closed_until - now)


def charge(failures: Failures, now: int) -> Failures:
    """One more failure."""
    count = 1 if now - failures.last_at > ACCOUNT_MEMORY_MS else failures.count + 1
    return Failures(count=count, closed_until=now + delay_after(count), last_at=now)


def take_back(failures: Failures) -> Failures:
    """One failure fewer: it was none."""
    return Failures(count=max(0, failures.count - 1), closed_until=0, last_at=failures.last_at)


def delay_after(count: int) -> int:
    """How long ``count`` failures close an account, in ms."""
    beyond = count - FREE_FAILURES
    if beyond < 0:
        return 0
    return min(LONGEST_DELAY_MS, FIRST_DELAY_MS << min(beyond, 20))


def wait_for_address(paid_at: int, now: int) -> int:
    """``paid_at``: when the address's failures will all be forgotten (each costs ADDRESS_EVERY_MS)."""
    return max(0, paid_at + ADDRESS_EVERY_MS - ADDRESS_DEBT_MS - now)


def charge_address(paid_at: int, now: int) -> int:
    return min(max(paid_at, now) + ADDRESS_EVERY_MS, now + ADDRESS_DEBT_MS)


def account_key(username: str) -> str:
    """Short and of one length, whatever was typed; and no username is kept in the clear."""
    return hashlib.sha256(name_key(username).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def address_key(address: str) -> str:
    """An IPv4 address, or the /64 of an IPv6 address: one household has all of it."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return hashlib.sha256(address.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False).network_address)
    return str(parsed)


class LocalThrottle:
    """The numbers in this process's memory, bounded."""

    def __init__(self, entries_bound: int = ENTRIES_BOUND) -> None:
        self._bound = entries_bound
        self._accounts: OrderedDict[str, Failures] = OrderedDict()
        self._addresses: OrderedDict[str, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._accounts) + len(self._addresses)

    async def try_later(self, username: str, address: str, now: int) -> int | None:
        account = account_key(username)
        failures = self._accounts.get(account, Failures())
        wait = max(
            wait_for_account(failures, now),
            wait_for_address(self._addresses.get(address_key(address), 0), now),
        )
        if wait > 0:
            return wait
        self._remember(self._accounts, account, charge(failures, now))
        return None

    async def failed(self, username: str, address: str, now: int) -> None:
        key = address_key(address)
        self._remember(self._addresses, key, charge_address(self._addresses.get(key, 0), now))

    async def succeeded(self, username: str, address: str, now: int) -> None:
        self._accounts.pop(account_key(username), None)

    async def abandoned(self, username: str, address: str, now: int) -> None:
        key = account_key(username)
        if key in self._accounts:
            self._accounts[key] = take_back(self._accounts[key])

    async def close(self) -> None:
        self._accounts.clear()
        self._addresses.clear()

    def _remember(self, entries: OrderedDict[str, Value], key: str, value: Value) -> None:
        entries[key] = value
        entries.move_to_end(key)
        if len(entries) > self._bound:
            entries.popitem(last=False)
